"""H2O on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

h2o = pytest.importorskip("h2o", reason="needs h2o: run `make test-jvm`")

from h2o.estimators import H2OGradientBoostingEstimator  # noqa: E402
from h2o.utils.progressbar import ProgressBar  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402


def connect() -> None:
    """Connect to the cluster of the tests, which `.h2oconfig` names; in a process that has none, start one."""
    if h2o.connection() is None or not h2o.connection().connected:
        h2o.init(nthreads=1, max_mem_size="1G", verbose=False)
        h2o.no_progress()
    ProgressBar.MIN_PROGRESS_CHECK_INTERVAL = 0.02  # how often it is asked whether a job is done, else 0.2 s


def frame_of(name: str, rows: pd.DataFrame) -> Any:
    """The frame of this name in the cluster, which is uploaded once."""
    found = h2o.get_frame(name)
    return found if found is not None else h2o.H2OFrame(rows, destination_frame=name)


def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    numbers = np.arange(80)
    frame = pd.DataFrame({"a": generator.normal(size=80).round(3), "n": numbers % 7, "kind": numbers % 3})
    frame["kind"] = frame["kind"].map({0: "x", 1: "y", 2: "z"})
    frame["label"] = np.where(frame["a"] + generator.normal(size=80) > 0.3, "yes", "no")
    return frame


def data() -> dict[str, Any]:
    connect()
    frame = table()
    return {
        "model": H2OGradientBoostingEstimator(ntrees=2, max_depth=2, min_rows=2, seed=1),
        "rows": frame[60:].drop(columns="label").reset_index(drop=True),
        "train": frame_of("kit_train", frame[:60]),
        "valid": frame_of("kit_valid", frame[60:]),
    }


def train(data: dict[str, Any]) -> Any:
    data["model"].train(y="label", training_frame=data["train"], validation_frame=data["valid"])
    return data["model"]


def predict(model: Any, rows: pd.DataFrame) -> pd.DataFrame:
    predicted: pd.DataFrame = model.predict(h2o.H2OFrame(rows)).as_data_frame()
    return predicted


def scores(model: Any, data: dict[str, Any]) -> dict[str, float]:
    valid = data["valid"]
    performance = model.model_performance(valid)
    return {"auc_valid": performance.auc(), "logloss_valid": performance.logloss()}


def history(model: Any) -> dict[str, list[float]]:
    columns = model.scoring_history()
    return {name: columns[name].tolist() for name in columns if name.startswith(("training_", "validation_"))}


class Twice(H2OGradientBoostingEstimator):  # type: ignore[misc, unused-ignore]
    """Trains another model before itself."""

    def train(self, **given: Any) -> Any:
        H2OGradientBoostingEstimator(ntrees=1, seed=1).train(**given)
        return super().train(**given)


class TestH2O(FlavorConformance):
    flavor = "h2o"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.2)
    without = {  # noqa: RUF012
        "test_models_clone": "H2O copies no untrained models",
        "test_models_pickle": "models of H2O are in the cluster, and cannot be pickled",
        "test_models_copy": "models of H2O are in the cluster, and cannot be copied by Python",
        "test_early_stopping_is_told": "its history ends there, and the param ntrees: test_h2o_trainings.py",
        "test_packages_of_the_oldest_version_load": "a cluster reads only binary models of its own version",
    }
    cases = (
        Case(
            "classifier",
            data=data,
            train=train,
            scores=scores,
            rows=lambda data: data["rows"],
            predict=predict,
            params=lambda model: {"ntrees": 2, "max_depth": 2, "seed": 1, "y": "label", "distribution": "bernoulli"},
            history=history,
            nested=lambda data: Twice(ntrees=2, seed=1).train(y="label", training_frame=data["train"]),
            fails=lambda data: data["model"].train(y="no such column", training_frame=data["train"]),
            pickles=False,
            copies=False,
        ),
    )
