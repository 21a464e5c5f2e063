"""Warnings: which, how often, from which line, under which filters; recording changes none of it."""

from __future__ import annotations

import sys
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint

X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3


class Warns(ClassifierMixin, BaseEstimator):
    """Warns its caller when trained, and when it predicts."""

    def fit(self, X, y):
        warnings.warn("trained", FutureWarning, stacklevel=2)
        warnings.warn("trained here", UserWarning, stacklevel=1)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        warnings.warn("predicted", DeprecationWarning, stacklevel=2)
        return np.zeros(len(X), int)


def facts(found):
    return [
        (warning.category, str(warning.message), warning.filename, warning.lineno, warning.source) for warning in found
    ]


MODELS = {
    "the user's own": Warns,
    "a regression": lambda: LogisticRegression(max_iter=2),
    "a network": lambda: MLPClassifier(max_iter=2, random_state=0),
    "a pipeline": lambda: make_pipeline(StandardScaler(), Warns()),
    "a search": lambda: GridSearchCV(Warns(), {}, cv=2),
}


@pytest.mark.series
@pytest.mark.parametrize("action", ["always", "default", "module", "once", "ignore"])
@pytest.mark.parametrize("model", MODELS)
def test_every_warning_of_a_training(alike, model, action):
    def tell():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter(action)
            warnings.onceregistry.clear()
            for _ in range(2):
                MODELS[model]().fit(X, y)
        return facts(found)

    assert len(alike(tell)) > 0 or action == "ignore"


@pytest.mark.parametrize("model", MODELS)
def test_warnings_as_errors_reach_the_training_alone(alike, model):
    def tell():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                MODELS[model]().fit(X, y)
            except (Warning, ValueError) as error:  # a search says of its failed fits which errors they raised
                return type(error), str(error)
        raise AssertionError("nothing was raised")

    alike(tell)


def test_the_filters_are_the_same_list_with_the_same_content(store):
    fitprint.autolog(quiet=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, listed, shows = warnings.filters, list(warnings.filters), warnings.showwarning
        for model in MODELS.values():
            model().fit(X, y)
        assert warnings.filters is before
        assert warnings.filters == listed
        assert warnings.showwarning is shows


class Changes(ClassifierMixin, BaseEstimator):
    """Sets filters in its training, with `catch_warnings` and without."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        warnings.filterwarnings("ignore", message="set in training")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("shown", UserWarning, stacklevel=1)
        warnings.warn("set in training", UserWarning, stacklevel=1)
        return self

    def predict(self, X):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("while predicting", UserWarning, stacklevel=1)
        return np.zeros(len(X), int)


def test_filters_that_a_training_sets_stay(alike):
    def tell():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("default")
            Changes().fit(X, y)
            left = [(entry[0], getattr(entry[1], "pattern", None), *entry[2:]) for entry in warnings.filters]
        return left, [fact for fact in facts(found) if fact[1] != "while predicting"]

    alike(tell)


def test_a_warning_shown_once_stays_shown_once(alike):
    """One place in a loop around trainings, whose own code leaves the filters alone."""

    def tell():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("default")
            for _ in range(3):
                warnings.warn("in the loop", UserWarning, stacklevel=1)
                Warns().fit(X, y)
        shown = [fact for fact in facts(found) if fact[1] == "in the loop"]
        return len(shown), [fact[1] for fact in facts(found)]

    assert alike(tell)[0] == 1


def test_the_registries_of_warnings_shown(alike):
    def tell():
        registry = globals().setdefault("__warningregistry__", {})
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("default")
            registry.clear()
            Warns().fit(X, y)
        return sorted(str(key) for key in registry if key != "version")

    alike(tell)


def test_threads_that_train_and_threads_that_warn(alike):
    def tell():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")

            def train():
                for _ in range(3):
                    Warns().fit(X, y)

            def warn():
                for number in range(50):
                    warnings.warn(f"number {number}", UserWarning, stacklevel=1)

            threads = [threading.Thread(target=work) for work in (train, train, warn)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return sorted((str(warning.message), warning.lineno) for warning in found)

    assert len(alike(tell)) == 62


def test_we_never_enter_catch_warnings(alike, monkeypatch):
    """It is global: in a thread beside, it would undo and forget what another one sets."""
    entered = []
    genuine = warnings.catch_warnings.__enter__

    def noted(self):
        entered.append(sys._getframe(1).f_code.co_filename)
        return genuine(self)

    monkeypatch.setattr(warnings.catch_warnings, "__enter__", noted)

    class Plain(BaseEstimator):
        def fit(self, X, y=None):
            return self

        def predict(self, X):
            return np.zeros(len(X))

    def tell():
        entered.clear()
        Plain().fit(X, y)
        return list(entered)

    alike(tell)
