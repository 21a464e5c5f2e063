"""CatBoost on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

catboost = pytest.importorskip("catboost", reason="needs catboost: run `make test-all`")

from sklearn.base import clone  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

PARAMS = {
    "depth": 3,
    "learning_rate": 0.9,
    "thread_count": 1,
    "random_seed": 3,
    "verbose": False,
    "allow_writing_files": False,
}


def table() -> tuple[pd.DataFrame, Any]:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(80, 3)).round(3), columns=["a", "b", "c"])
    return frame, (frame["a"] + frame["b"] + generator.normal(size=80) > 0.3).astype(int)


def pools() -> dict[str, Any]:
    frame, target = table()
    frame["kind"] = np.where(frame["c"] > 0, "up", "down")
    train, valid = (
        catboost.Pool(frame[part], target[part], cat_features=["kind"]) for part in (slice(0, 60), slice(60, 80))
    )
    return {"frame": frame, "params": {**PARAMS, "loss_function": "Logloss"}, "train": train, "valid": [valid]}


def train(data: dict[str, Any], **changed: Any) -> Any:
    return catboost.train(
        data["train"], {**data["params"], **changed}, iterations=15, eval_set=data["valid"], early_stopping_rounds=2
    )


def flat(model: Any) -> dict[str, list[float]]:
    result = model.get_evals_result()
    return {f"{name}-{metric}": values for name, found in result.items() for metric, values in found.items()}


def stopped(model: Any) -> dict[str, float]:
    best = model.get_best_score()["validation"]
    return {"best_iteration": model.get_best_iteration(), "best_validation-Logloss": best["Logloss"]}


class Noting:
    """A callback of the user's."""

    def after_iteration(self, info: Any) -> bool:
        return True


def estimator_data() -> dict[str, Any]:
    frame, target = table()
    model = catboost.CatBoostClassifier(**PARAMS, iterations=15, custom_metric="AUC")
    eval_set = [(frame[60:], target[60:])]
    return {"model": model, "X": frame[:60], "y": target[:60], "eval_set": eval_set, "callbacks": [Noting()]}


def scores(model: Any, data: dict[str, Any]) -> dict[str, float]:
    X, y = data["X"], data["y"]
    return {f"{type(model).__name__}_score_X": model.score(X, y)}


def fit(data: dict[str, Any]) -> Any:
    given = {name: data[name] for name in ("eval_set", "callbacks")}
    return data["model"].fit(data["X"], data["y"], early_stopping_rounds=2, **given)


class Twice(catboost.CatBoostClassifier):  # type: ignore[misc, name-defined, unused-ignore]
    """Trains another model before itself."""

    def fit(self, X: Any, y: Any) -> Any:
        catboost.CatBoostClassifier(**PARAMS, iterations=2).fit(X, y)
        return super().fit(X, y)


class TestCatBoost(FlavorConformance):
    flavor = "catboost"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.1)
    without = {  # noqa: RUF012
    }
    cases = (
        Case(
            "booster",
            data=pools,
            train=train,
            rows=lambda data: data["frame"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: {**PARAMS, "loss_function": "Logloss", "iterations": 15, "early_stopping_rounds": 2},
            history=flat,
            stopped=stopped,
            fails=lambda data: train(data, loss_function="no such loss"),
        ),
        Case(
            "classifier",
            data=estimator_data,
            train=fit,
            by_callback=lambda data, callback: fit({**data, "callbacks": [*data["callbacks"], callback]}),
            scores=scores,
            rows=lambda data: data["X"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: {**model.get_params(), "early_stopping_rounds": 2, "loss_function": "Logloss"},
            history=flat,
            stopped=stopped,
            nested=lambda data: Twice(**PARAMS, iterations=2).fit(data["X"], data["y"]),
            fails=lambda data: data["model"].fit(data["X"], data["y"][:3]),
            clone=clone,
        ),
        Case(
            "cross-validation",
            data=pools,
            train=lambda data: catboost.cv(data["train"], {**data["params"], "iterations": 4}, nfold=3, verbose=False),
            rows=lambda data: data["frame"],
            package=False,
            history=lambda result: {name: list(result[name]) for name in result.columns[1:]},
        ),
    )
