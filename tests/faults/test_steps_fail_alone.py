"""Everything that can fail in one model at once: each costs its own step, has its reason, and is told once."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

import fitprint

pytestmark = pytest.mark.usefixtures("store")
X, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2


class Unspeakable:
    def __repr__(self):
        raise RuntimeError("no words for it")


class Hopeless(ClassifierMixin, BaseEstimator):
    """Cannot be shown, predicted with, or pickled."""

    def __init__(self, depth=3, friend=None):
        self.depth = depth
        self.friend = friend

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_iter_ = 7
        self.open_ = (row for row in X)
        return self

    def predict(self, X):
        raise RuntimeError("no prediction today")


def test_all_that_works_is_recorded_and_all_that_fails_has_its_reason(caplog):
    fitprint.autolog()
    with caplog.at_level(logging.WARNING, "fitprint"):
        models = [Hopeless(friend=Unspeakable()).fit(X, y) for _ in range(2)]
    second, first = fitprint.runs()
    for run in (first, second):
        assert run.status == "FINISHED"
        assert run.params["depth"] == 3
        assert run.tags["estimator_name"] == "Hopeless"
        assert "dataset.json" in run.artifacts
        assert run.models == {}
        reasons = {skip.what: skip.reason for skip in run.skipped if skip.rule == "error"}
        assert "no words for it" in reasons["param friend"]
        assert "no prediction today" in reasons["metrics"]
        assert "generator" in reasons["model"]
    assert fitprint.run_of(models[0]).run_id == first.run_id
    told = [message for message in caplog.messages if "not recorded" in message]
    assert len(told) == 3  # once for each kind of step
    assert all(first.run_id in line and "\n" not in line for line in told)


def test_a_signature_that_cannot_be_inferred_leaves_the_package(caplog):
    class Odd(Hopeless):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

    fitprint.autolog()
    Odd().fit(X, y)
    (run,) = fitprint.runs()
    assert [*run.models] == ["model"]
    assert "no prediction today" in next(skip.reason for skip in run.skipped if skip.what == "signature")


def test_with_strict_the_error_is_the_caller_s():
    fitprint.autolog(strict=True)
    with pytest.raises(RuntimeError, match="no words for it"):
        Hopeless(friend=Unspeakable()).fit(X, y)
    assert len(fitprint.runs()) == 0, "a run that could not begin is not left open"
