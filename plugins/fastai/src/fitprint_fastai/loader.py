"""Loads a package where only fastai is installed. fitprint copies this file into every package."""

from typing import Any

import numpy as np
import pandas as pd
from fastai.learner import load_learner


def _load_pyfunc(path: str) -> "_Predictor":
    """Return an object with `predict` for the learner in a file that `learn.export` has written."""
    learner = load_learner(path)
    if hasattr(learner, "progress"):
        learner.remove_cb(learner.progress)  # else each prediction would draw a progress bar
    return _Predictor(learner)


class _Predictor:
    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def predict(self, data: Any, params: Any = None) -> Any:
        return predict(self.learner, data)


def predict(learner: Any, data: Any) -> Any:
    """Predict with a learner, as `get_preds` does.

    Args:
        learner: The learner.
        data: A table, an array of items, or a list of them.

    Returns:
        For a table, as in MLflow, a table with a column ``predictions`` of an array for each row. Else an array.
    """
    is_table = isinstance(data, pd.DataFrame)
    if is_table and list(data.columns) == [0]:  # MLflow makes a table of a list, whose column is called 0
        items = data[0].tolist()
    else:
        items = data if is_table else list(data)
    if isinstance(learner.dls.valid_ds, list) and not is_table:
        items = [(item,) for item in items]  # nothing makes rows of them as of the items of other data sets
    loader = learner.dls.test_dl(items, num_workers=0)
    with learner.no_logging(), learner.no_mbar():
        predicted = learner.get_preds(dl=loader)[0].numpy()
    return pd.DataFrame({"predictions": pd.Series(map(np.array, predicted))}) if is_table else predicted
