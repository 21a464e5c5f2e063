"""fastai on the conformance kit."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("fastai", reason="needs fastai: run `make test-deep`")
torch = pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

from fastai.callback import progress, schedule, tracker  # noqa: E402, F401  they add to the learners
from fastai.data.core import Datasets  # noqa: E402
from fastai.data.transforms import Categorize  # noqa: E402
from fastai.learner import Callback, Learner  # noqa: E402
from fastai.losses import CrossEntropyLossFlat  # noqa: E402
from fastai.metrics import accuracy  # noqa: E402
from fastai.tabular.core import Categorify, FillMissing, Normalize  # noqa: E402
from fastai.tabular.data import TabularDataLoaders  # noqa: E402
from fastai.tabular.learner import tabular_learner  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402


class Noting(Callback):  # type: ignore[misc, unused-ignore]
    """A callback of the user's."""

    def before_fit(self) -> None:
        self.epochs = self.learn.n_epoch


class TrainsAnother(Callback):  # type: ignore[misc, unused-ignore]
    """Trains another learner before the training begins."""

    def before_fit(self) -> None:
        tabular(table())


def seed() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def table() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"kind": generator.choice(["a", "b"], 24), "size": generator.normal(size=24)})
    frame["count"] = generator.integers(0, 9, 24)
    frame["target"] = np.where(frame["size"] > 0, "yes", "no")
    frame.loc[2, "size"] = np.nan
    return {"frame": frame, "callbacks": [Noting()]}


def tabular_data(frame: pd.DataFrame) -> Any:
    return TabularDataLoaders.from_df(
        frame,
        procs=[Categorify, FillMissing, Normalize],
        cat_names=["kind"],
        cont_names=["size", "count"],
        y_names="target",
        bs=8,
        valid_idx=list(range(16, 24)),
    )


def tabular(data: dict[str, Any]) -> Any:
    seed()
    learner = tabular_learner(tabular_data(data["frame"]), layers=[4], metrics=accuracy)
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(2, 0.1, cbs=data["callbacks"])
    return learner


def transforms() -> list[list[Any]]:
    """Functions for images and for their labels. They are local, so that they are in the package by value.

    fastai goes by annotations. fastai 2.7 evaluates them where the package is loaded, so they name what is built in.
    """

    def to_tensor(image: object):  # type: ignore[no-untyped-def]
        return torch.from_numpy(image).permute(2, 0, 1).float() / 255

    def brightness(image: object) -> str:
        return "bright" if image.mean() > 127 else "dark"

    return [[to_tensor], [brightness, Categorize()]]


def pictures() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    light = np.where(np.arange(12) % 2, 0, 155)[:, None, None, None]
    images = (generator.integers(0, 100, (12, 6, 6, 3)) + light).astype(np.uint8)
    return {"images": images, "callbacks": [tracker.EarlyStoppingCallback(patience=2)]}


def classifier(data: dict[str, Any]) -> Any:
    """A classifier of images that does not learn, and stops for that."""
    seed()
    datasets = Datasets(list(data["images"]), transforms(), splits=[list(range(8)), list(range(8, 12))])
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(108, 2))
    learner = Learner(datasets.dataloaders(bs=4, num_workers=0), model, CrossEntropyLossFlat(), metrics=accuracy)
    with learner.no_bar(), learner.no_logging():
        learner.fit(5, 0.0, cbs=data["callbacks"])
    return learner


def predict(learner: Any, rows: Any) -> Any:
    items = rows if isinstance(rows, pd.DataFrame) else list(rows)
    with learner.no_bar(), learner.no_logging():
        predicted = learner.get_preds(dl=learner.dls.test_dl(items, num_workers=0))[0].numpy()
    return pd.DataFrame({"predictions": list(predicted)}) if isinstance(rows, pd.DataFrame) else predicted


def scores(learner: Any, data: dict[str, Any]) -> dict[str, float]:
    held_out = learner.dls.valid
    with learner.no_bar(), learner.no_logging():
        loss, accurate = learner.validate(dl=held_out)
    return {"valid_loss_held_out": float(loss), "accuracy_held_out": float(accurate)}


def history(learner: Any) -> dict[str, list[float]]:
    names = learner.recorder.metric_names[1:-1]
    return {name: [row[at] for row in learner.recorder.values] for at, name in enumerate(names)}


@pytest.mark.filterwarnings("ignore:load_learner:UserWarning", "ignore:The given NumPy array is not writable")
class TestFastai(FlavorConformance):
    flavor = "fastai"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.5)
    without = {  # noqa: RUF012
        "test_models_copy": "a copy of a learner has the same callbacks, which refer to the learner that was copied",
        "test_models_pickle": "fastai exports learners, with functions that only cloudpickle writes",
        "test_models_clone": "fastai copies no learner untrained",
    }
    cases = (
        Case(
            "tabular",
            data=table,
            train=tabular,
            by_callback=lambda data, callback: tabular({**data, "callbacks": [*data["callbacks"], callback]}),
            callback_differs={
                "param callbacks": "fastai has added its own scheduler when it calls its callbacks",
                **dict.fromkeys(
                    ("skipped", "MLmodel signature"), "the table is seen where it is made into data loaders"
                ),
            },
            scores=scores,
            rows=lambda data: data["frame"].drop(columns="target"),
            predict=predict,
            params=lambda learner: {
                "epochs": 2,
                "base_lr": 0.1,
                "freeze_epochs": 1,
                "batch_size": 8,
                "model": "TabularModel",
            },
            nested=lambda data: tabular({**data, "callbacks": [TrainsAnother()]}),
            fails=lambda data: tabular_learner(tabular_data(data["frame"]), layers=[4]).fit("no number"),
            pickles=False,
            copies=False,
        ),
        Case(
            "images",
            data=pictures,
            train=classifier,
            rows=lambda data: data["images"],
            predict=predict,
            params=lambda learner: {
                "n_epoch": 5,
                "lr": 0.0,
                "early_stop_patience": 2,
                "loss_func": "CrossEntropyLossFlat",
            },
            history=history,
            stopped=lambda learner: {"stopped_epoch": learner.epoch, "best_valid_loss": learner.recorder.values[0][1]},
            pickles=False,
            copies=False,
        ),
    )
