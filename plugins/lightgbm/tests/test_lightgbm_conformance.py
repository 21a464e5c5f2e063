"""LightGBM on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

lightgbm = pytest.importorskip("lightgbm", reason="needs lightgbm: run `make test-all`")

from sklearn.base import clone  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

PARAMS = {
    "objective": "binary",
    "metric": ["binary_logloss", "auc"],
    "min_data_in_leaf": 3,
    "verbose": -1,
    "num_threads": 1,
    "seed": 3,
}


def table() -> tuple[pd.DataFrame, Any]:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(80, 3)).round(3), columns=["a", "b", "c"])
    return frame, (frame["a"] + frame["b"] + generator.normal(size=80) > 0.3).astype(int)


def datasets() -> dict[str, Any]:
    frame, target = table()
    train = lightgbm.Dataset(frame[:60], target[:60])
    valid = lightgbm.Dataset(frame[60:], target[60:], reference=train)
    result: dict[str, Any] = {}
    return {
        "frame": frame,
        "params": dict(PARAMS),
        "train": train,
        "valid_sets": [train, valid],
        "valid_names": ["train", "valid"],
        "result": result,
        "callbacks": [lightgbm.record_evaluation(result), lightgbm.early_stopping(2, verbose=False)],
    }


def train(data: dict[str, Any], **changed: Any) -> tuple[Any, dict[str, Any]]:
    given = {name: data[name] for name in ("valid_sets", "valid_names", "callbacks")}
    booster = lightgbm.train({**data["params"], **changed}, data["train"], 12, **given)
    return booster, data["result"]


def flat(result: dict[str, Any]) -> dict[str, list[float]]:
    return {f"{name}-{metric}": values for name, found in result.items() for metric, values in found.items()}


def estimator_data() -> dict[str, Any]:
    frame, target = table()
    model = lightgbm.LGBMClassifier(n_estimators=12, min_child_samples=3, verbose=-1, n_jobs=1, random_state=0)
    callbacks = [lightgbm.early_stopping(2, verbose=False)]
    return {"model": model, "X": frame[:60], "y": target[:60], "X_valid": frame[60:], "y_valid": target[60:]} | {
        "callbacks": callbacks
    }


def scores(model: Any, data: dict[str, Any]) -> dict[str, float]:
    X, y = data["X"], data["y"]
    return {f"{type(model).__name__}_score_X": model.score(X, y)}


def fit(data: dict[str, Any]) -> Any:
    if lightgbm.__version__ >= "4.7":  # eval_set is deprecated since
        sets = {"eval_X": data["X_valid"], "eval_y": data["y_valid"]}
    else:
        sets = {"eval_set": [(data["X_valid"], data["y_valid"])]}
    return data["model"].fit(data["X"], data["y"], eval_metric="auc", callbacks=data["callbacks"], **sets)


class Twice(lightgbm.LGBMClassifier):  # type: ignore[misc, name-defined, unused-ignore]
    """Trains another model before itself."""

    def fit(self, X: Any, y: Any) -> Any:
        lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(X, y)
        return super().fit(X, y)


def stop(env: Any) -> None:
    """A callback in which a user presses Ctrl-C."""
    if env.iteration == 2:
        raise KeyboardInterrupt


# a golden estimator is a pickle, and scikit-learn tells of the version that wrote it
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
class TestLightGBM(FlavorConformance):
    flavor = "lightgbm"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.1)
    without = {  # noqa: RUF012
    }
    cases = (
        Case(
            "booster",
            data=datasets,
            train=train,
            by_callback=lambda data, callback: train({**data, "callbacks": [*data["callbacks"], callback]}),
            model=lambda trained: trained[0],
            rows=lambda data: data["frame"],
            predict=lambda booster, rows: booster.predict(rows),
            params=lambda trained: {**PARAMS, "num_boost_round": 12, "keep_training_booster": False},
            history=lambda trained: flat(trained[1]),
            stopped=lambda trained: {
                "best_iteration": trained[0].best_iteration,
                "stopped_iteration": len(trained[1]["valid"]["auc"]),
                "best_valid-auc": trained[0].best_score["valid"]["auc"],
            },
            fails=lambda data: train(data, objective="no such objective"),
            breaks_off=lambda data: lightgbm.train(data["params"], data["train"], 5, callbacks=[stop]),
        ),
        Case(
            "classifier",
            data=estimator_data,
            train=fit,
            by_callback=lambda data, callback: fit({**data, "callbacks": [*data["callbacks"], callback]}),
            callback_differs={"param eval_metric": "LGBMClassifier.fit makes a list of it first"},
            scores=scores,
            rows=lambda data: data["X"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: {**model.get_params(), "objective": "binary", "eval_metric": "auc"},
            history=lambda model: flat(model.evals_result_),
            stopped=lambda model: {"best_iteration": model.best_iteration_},
            nested=lambda data: Twice(n_estimators=2, verbose=-1, n_jobs=1).fit(data["X"], data["y"]),
            fails=lambda data: data["model"].fit(data["X"], data["y"][:3]),
            breaks_off=lambda data: data["model"].fit(data["X"], data["y"], callbacks=[stop]),
            clone=clone,
        ),
        Case(
            "cross-validation",
            data=datasets,
            train=lambda data: lightgbm.cv(data["params"], data["train"], 4, nfold=3),
            by_callback=lambda data, callback: lightgbm.cv(
                data["params"], data["train"], 4, nfold=3, callbacks=[callback]
            ),
            rows=lambda data: data["frame"],
            package=False,
            history=lambda result: {name.replace(" ", "-", 1): values for name, values in result.items()},
        ),
    )
