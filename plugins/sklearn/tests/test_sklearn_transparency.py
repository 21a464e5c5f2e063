"""scikit-learn's own tests with recording on and without: a small part of what `make transparency` runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV

import fitprint

DRIVER = Path(__file__).parents[3] / "tests" / "transparency" / "run.py"


@pytest.mark.slow
def test_scikit_learn_s_own_tests_come_out_the_same_with_recording_on():
    command = [sys.executable, str(DRIVER), "--small", "--mode", "everything"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    assert figures["differences"] == {"everything": []}, done.stderr
    assert figures["unsteady"] == []
    assert done.returncode == 0
    # it was no comparison of nothing with nothing
    assert figures["outcomes"]["passed"] > 400
    assert figures["warnings"] > 0
    assert figures["runs"]["everything"] > 400


# ---- what the comparison has found, in short


class Counting(ClassifierMixin, BaseEstimator):
    """Keeps what it is asked for, in containers of several kinds."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.calls_ = defaultdict(lambda: defaultdict(list))
        self.asked_ = []
        return self

    def predict(self, X):
        self.calls_["predict"]["rows"].append(len(X))
        self.asked_.append("predict")
        return np.zeros(len(X), int)


X, y = np.arange(20.0).reshape(10, 2), np.tile([0, 1], 5)


def test_what_a_model_keeps_of_its_predictions_is_kept_of_the_user_s_alone(recorded):
    model = Counting().fit(X, y)
    assert "training_accuracy_score" in fitprint.last_run().metrics
    assert model.calls_ == {}
    assert model.asked_ == []


@pytest.mark.parametrize("form", ["function", "made", "named"])
def test_a_scorer_of_the_user_s_is_not_called_for_training_metrics(form, recorded):
    calls = []

    def mine(truth, predicted):
        calls.append(len(truth))
        return accuracy_score(truth, predicted)

    def scorer(model, X, y):
        return mine(y, model.predict(X))

    scoring = {"function": scorer, "made": make_scorer(mine), "named": {"mine": make_scorer(mine)}}[form]
    GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, scoring=scoring, refit="mine", cv=2).fit(X, y)
    assert calls == [5, 5]
    run = fitprint.last_run()
    assert "training_score" not in run.metrics
    assert ("training_score", "scorer") in [skip[:2] for skip in run.skipped]


def test_a_scorer_of_scikit_learn_s_own_gives_the_training_score(recorded):
    scoring = make_scorer(accuracy_score)
    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, scoring=scoring, cv=2).fit(X, y)
    assert fitprint.last_run().metrics["training_score"] == search.score(X, y)
