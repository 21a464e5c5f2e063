"""Predictions of ours, for metrics and signatures: they leave nothing on an estimator, and print nothing."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

X, y = np.random.default_rng(0).random((40, 3)), np.arange(40) % 2


@pytest.fixture
def alike(alike):
    """The same, where what leaves no run by default is recorded too."""
    return functools.partial(alike, exclude_estimators="none of them")


class Notes(ClassifierMixin, BaseEstimator):
    """Keeps something when it predicts."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.predictions_ = 0
        return self

    def predict(self, X):
        self.predictions_ += 1
        self.latest_ = X
        return np.zeros(len(X), int)


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: make_pipeline(StandardScaler(), model)])
def test_what_an_estimator_keeps_of_its_predictions_is_of_the_user_s_alone(alike, wrap):
    def tell():
        model = Notes()
        wrap(model).fit(X, y)
        return sorted(vars(model)), model.predictions_

    alike(tell)


VERBOSE = {
    "a forest": lambda: RandomForestClassifier(3, verbose=1, random_state=0),
    "in a pipeline": lambda: make_pipeline(StandardScaler(), RandomForestClassifier(3, verbose=1, random_state=0)),
    "in a search": lambda: GridSearchCV(RandomForestClassifier(3, verbose=1, random_state=0), {"max_depth": [1]}, cv=2),
    "in a bag": lambda: BaggingClassifier(DecisionTreeClassifier(), n_estimators=2, verbose=1, random_state=0),
}


@pytest.mark.parametrize("kind", VERBOSE)
def test_a_verbose_estimator_prints_what_it_prints(alike, kind, capfd):
    def tell():
        VERBOSE[kind]().fit(X, y)
        printed = capfd.readouterr()
        return [[line.partition("elapsed")[0] for line in text.splitlines()] for text in printed]

    alike(tell)
