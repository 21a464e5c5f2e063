"""What every flavor has to do, checked on this one: fitprint's conformance kit."""

import numpy as np
import tinyonline

from fitprint.testing import Budget, Case, FlavorConformance


def data():
    """All that is handed to the framework, made anew at each call. The same each time: fix the seeds."""
    rows = np.random.default_rng(0).normal(size=(40, 2))
    target = rows[:, 0] - 2 * rows[:, 1]
    return {"rows": rows, "batches": [(rows[at : at + 10], target[at : at + 10]) for at in range(0, 40, 10)]}


def steps(data):
    """The steps of a loop, as a user of tinyonline writes them; what ends the loop is in `ends` of the case."""
    learner = tinyonline.Learner(rate=0.5)
    losses = [learner.learn(X, y) for X, y in data["batches"]]
    return learner, losses


def failing_step(data):
    """A step that the framework refuses."""
    X, y = data["batches"][0]
    tinyonline.Learner().learn(X, y[:1])


SAVED = Case(
    "saved",
    data=data,
    loop=True,
    train=steps,
    ends=lambda trained: trained[0].save("learner.json"),
    model=lambda trained: trained[0],
    rows=lambda data: data["rows"],
    predict=lambda model, rows: model.predict(rows),
    params=lambda trained: {"rate": 0.5},
    history=lambda trained: {"loss": trained[1]},
    fails=failing_step,
)
NOT_SAVED = Case(
    "not saved",
    data=data,
    loop=True,
    train=steps,
    model=lambda trained: trained[0],
    rows=lambda data: data["rows"],
    predict=lambda model, rows: model.predict(rows),
    history=lambda trained: {"loss": trained[1]},
)
WITHOUT = {
    "test_golden_packages_still_load": "nothing is released yet",
    "test_training_inside_training_is_one_run": "no model of tinyonline trains another",
    "test_early_stopping_is_told": "a loop ends when its author ends it",
    "test_models_clone": "tinyonline has no clone",
}


class TestTinyonline(FlavorConformance):
    flavor = "tinyonline"
    budget = Budget(seconds=0.1)  # what recording one loop may cost
    without = WITHOUT
    cases = (SAVED, NOT_SAVED)
