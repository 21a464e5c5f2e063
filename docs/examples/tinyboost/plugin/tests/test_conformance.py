"""What every flavor has to do, checked on this one: fitprint's conformance kit."""

import numpy as np
import pandas as pd
import tinyboost

from fitprint.testing import Budget, Case, FlavorConformance


def data():
    """All that is handed to the framework, made anew at each call. The same each time: fix the seeds."""
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
    seen = []
    return {
        "rows": rows,
        "target": rows["a"] - 2 * rows["b"],
        "seen": seen,
        "callbacks": [lambda *values: seen.append(values)],
    }


def train(data):
    """The training call, as a user of tinyboost writes it; gives what the framework gives."""
    return tinyboost.Booster(rounds=6, rate=0.5).fit(data["rows"], data["target"], data["callbacks"])


def train_until(data):
    """A training that one of the user's callbacks ends."""
    return tinyboost.Booster().fit(data["rows"], data["target"], callbacks=[lambda at, loss: at == 3])


SIMPLE = Case(
    "simple",
    data=data,
    train=train,
    rows=lambda data: data["rows"],
    predict=lambda model, rows: model.predict(rows),
    params=lambda model: {"rounds": 6, "rate": 0.5},
    history=lambda model: {"loss": model.losses_},
    fails=lambda data: tinyboost.Booster().fit(data["rows"], [1.0]),
)
STOPPED = Case(
    "stopped",
    data=data,
    train=train_until,
    rows=lambda data: data["rows"],
    predict=lambda model, rows: model.predict(rows),
    history=lambda model: {"loss": model.losses_},
    stopped=lambda model: {"stopped_round": 3},
)
WITHOUT = {
    "test_golden_packages_still_load": "nothing is released yet",
    "test_training_inside_training_is_one_run": "no model of tinyboost trains another",
    "test_models_clone": "tinyboost has no clone",
}


class TestTinyboost(FlavorConformance):
    flavor = "tinyboost"
    budget = Budget(seconds=0.1)  # what recording one call may cost
    without = WITHOUT
    cases = (SIMPLE, STOPPED)
