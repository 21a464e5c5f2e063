"""XGBoost on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from sklearn.base import clone
from sklearn.multioutput import MultiOutputClassifier

from fitprint.testing import Budget, Case, FlavorConformance

PARAMS = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "nthread": 1, "seed": 3}
IN_ORDER = isinstance(xgboost.callback.CallbackContainer([]).callbacks, list)
"""Whether callbacks are called in their order. XGBoost 2.1 calls them in any order, and none after one that stops."""


def table() -> tuple[pd.DataFrame, Any]:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(80, 3)).round(3), columns=["a", "b", "c"])
    return frame, (frame["a"] + frame["b"] + generator.normal(size=80) > 0.3).astype(int)


def matrices() -> dict[str, Any]:
    frame, target = table()
    train, valid = (xgboost.DMatrix(frame[part], target[part]) for part in (slice(0, 60), slice(60, 80)))
    return {
        "frame": frame,
        "params": dict(PARAMS),
        "train": train,
        "evals": [(train, "train"), (valid, "valid")],
        "evals_result": {},
        "callbacks": [xgboost.callback.EvaluationMonitor(period=100)] if IN_ORDER else [],
    }


def train(data: dict[str, Any], **changed: Any) -> tuple[xgboost.Booster, dict[str, Any]]:
    given = {name: data[name] for name in ("evals", "evals_result", "callbacks")}
    booster = xgboost.train(
        {**data["params"], **changed}, data["train"], 12, early_stopping_rounds=2, verbose_eval=False, **given
    )
    return booster, data["evals_result"]


def train_with(data: dict[str, Any], callback: Any) -> tuple[xgboost.Booster, dict[str, Any]]:
    return train({**data, "callbacks": [*data["callbacks"], callback]})


def history(trained: tuple[Any, dict[str, Any]]) -> dict[str, list[float]]:
    return {f"{name}-{metric}": values for name, found in trained[1].items() for metric, values in found.items()}


def estimator_data() -> dict[str, Any]:
    frame, target = table()
    model = xgboost.XGBClassifier(
        n_estimators=12, early_stopping_rounds=2, eval_metric=["logloss", "error"], n_jobs=1, random_state=0
    )
    return {"model": model, "X": frame[:60], "y": target[:60], "eval_set": [(frame[60:], target[60:])]}


def scores(model: Any, data: dict[str, Any]) -> dict[str, float]:
    X, y = data["X"], data["y"]
    return {f"{type(model).__name__}_score_X": model.score(X, y)}


def fit(data: dict[str, Any]) -> xgboost.XGBClassifier:
    return data["model"].fit(data["X"], data["y"], eval_set=data["eval_set"], verbose=False)


def fit_with(data: dict[str, Any], callback: Any) -> xgboost.XGBClassifier:
    data["model"].callbacks = [callback]
    return fit(data)


def fit_many(data: dict[str, Any]) -> Any:
    model = xgboost.XGBClassifier(n_estimators=2, n_jobs=1, callbacks=None)
    return MultiOutputClassifier(model, n_jobs=1).fit(data["X"], np.stack([data["y"], 1 - data["y"]], axis=1))


class Stop(xgboost.callback.TrainingCallback):
    """A callback in which a user presses Ctrl-C."""

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch == 2:
            raise KeyboardInterrupt
        return False


class TestXGBoost(FlavorConformance):
    flavor = "xgboost"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.1)
    without = {  # noqa: RUF012
        "test_training_inside_training_is_one_run": "no model of xgboost trains another",
    }
    cases = (
        Case(
            "booster",
            data=matrices,
            train=train,
            by_callback=train_with,
            model=lambda trained: trained[0],
            rows=lambda data: data["frame"],
            predict=lambda booster, rows: booster.predict(xgboost.DMatrix(rows)),
            params=lambda trained: {**PARAMS, "num_boost_round": 12, "early_stopping_rounds": 2},
            history=history,
            stopped=lambda trained: {"best_iteration": trained[0].best_iteration, "best_score": trained[0].best_score},
            # in the midst of training; what XGBoost's core itself says begins with the time of day
            fails=lambda data: xgboost.train(data["params"], data["train"], 3, evals=data["evals"], obj="no function"),
            breaks_off=lambda data: xgboost.train(data["params"], data["train"], 5, callbacks=[Stop()]),
        ),
        Case(
            "classifier",
            data=estimator_data,
            train=fit,
            by_callback=fit_with,
            scores=scores,
            rows=lambda data: data["X"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: model.get_params(),
            history=lambda model: {
                f"{name}-{metric}": values
                for name, found in model.evals_result().items()
                for metric, values in found.items()
            },
            stopped=lambda model: {"best_iteration": model.best_iteration},
            fails=lambda data: data["model"].fit(data["X"], data["y"] + 1),  # classes count from 0
            breaks_off=lambda data: (
                data["model"].set_params(callbacks=[Stop()], early_stopping_rounds=None).fit(data["X"], data["y"])
            ),
            clone=clone,
        ),
        Case(
            "cross-validation",
            data=matrices,
            train=lambda data: xgboost.cv(data["params"], data["train"], 4, nfold=3, seed=0),
            by_callback=lambda data, callback: xgboost.cv(
                data["params"], data["train"], 4, nfold=3, seed=0, callbacks=[callback]
            ),
            callback_differs=dict.fromkeys(
                ("param metrics", "param eval_metric", "default_params"),
                "xgboost.cv makes its argument `metrics` of the param `eval_metric` first",
            ),
            rows=lambda data: data["frame"],
            package=False,
            history=lambda table: {
                name.removesuffix("-mean") + "-mean": list(table[name])
                for name in table.columns
                if name.endswith("-mean")
            },
        ),
    )
