"""A tabular learner, fine-tuned with recording on: what the run holds, and what its package says of new rows."""

import numpy as np
import pandas as pd
from fastai.metrics import accuracy
from fastai.tabular.all import Categorify, FillMissing, Normalize, TabularDataLoaders, set_seed, tabular_learner

import fitprint

fitprint.autolog()

generator = np.random.default_rng(0)
frame = pd.DataFrame({"kind": generator.choice(["a", "b"], 80), "size": generator.normal(size=80)})
frame["target"] = np.where(frame["size"] + (frame["kind"] == "a") > 0.5, "yes", "no")
set_seed(0, reproducible=True)
data = TabularDataLoaders.from_df(
    frame,
    procs=[Categorify, FillMissing, Normalize],
    cat_names=["kind"],
    cont_names=["size"],
    y_names="target",
    valid_idx=list(range(60, 80)),
    bs=10,
)
learner = tabular_learner(data, layers=[8], metrics=accuracy)
with learner.no_bar(), learner.no_logging():
    learner.fine_tune(10, 0.05)

run = fitprint.last_run()
losses = [loss for _, loss in run.metric_history("valid_loss")]
print(f"{len(losses)} epochs, the validation loss fell: {losses[-1] < losses[0]}")
rows = pd.DataFrame({"kind": ["a", "b"], "size": [2.0, -2.0]})
predicted = fitprint.load_model(run.model_path).predict(rows)["predictions"]
print([data.vocab[int(np.argmax(chances))] for chances in predicted])
