"""Recording leaves the user's program as it was: results, errors, random state, data, memory, warnings."""

from __future__ import annotations

import gc
import logging
import random
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

import fitprint


class Drawing(ClassifierMixin, BaseEstimator):
    """Draws a random number with every prediction."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        (self.random_state or np.random).random(10)
        return np.zeros(len(X), int)


pytestmark = pytest.mark.usefixtures("recorded")

X, y = load_iris(return_X_y=True)


class OddError(Exception):
    def __str__(self):
        return "too odd"


class Failing(BaseEstimator):
    """Raises what it was given."""

    def __init__(self, error=None):
        self.error = error

    def fit(self, X, y=None):
        raise self.error


@pytest.mark.parametrize("error", [ValueError("bad value"), OddError(), KeyError("k"), MemoryError()])
def test_an_error_passes_as_the_same_object_and_leaves_a_failed_run(error):
    with pytest.raises(type(error)) as caught:
        Failing(error).fit(X)
    assert caught.value is error
    assert error.__cause__ is None
    assert error.__context__ is None
    (run,) = fitprint.runs()
    assert run.status == "FAILED"
    assert run.error == {"type": type(error).__name__, "message": str(error)}
    assert run.models == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_the_program_passes_and_leaves_a_killed_run(error):
    with pytest.raises(type(error)) as caught:
        Failing(error).fit(X)
    assert caught.value is error
    (run,) = fitprint.runs()
    assert run.status == "KILLED"


def test_an_error_of_scikit_learn_keeps_its_message_and_the_params_are_there():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LogisticRegression(C=3).fit(X, y[:-1])
    (run,) = fitprint.runs()
    assert run.status == "FAILED"
    assert "inconsistent numbers of samples" in run.error["message"]
    assert run.params["C"] == 3


def test_the_next_fit_after_a_failed_one_is_recorded():
    with pytest.raises(ValueError, match="x"):
        Failing(ValueError("x")).fit(X)
    DecisionTreeClassifier().fit(X, y)
    assert [run.status for run in fitprint.runs()] == ["FINISHED", "FAILED"]


def test_results_are_the_very_objects_of_the_call():
    model = DecisionTreeClassifier()
    assert model.fit(X, y) is model
    assert isinstance(KMeans(2, n_init=1).fit_predict(X), np.ndarray)
    frame = PCA(2).set_output(transform="pandas").fit_transform(pd.DataFrame(X))
    assert isinstance(frame, pd.DataFrame)


def test_a_recorded_model_has_the_attributes_of_an_unrecorded_one():
    recorded = RandomForestClassifier(3, random_state=0).fit(X, y)
    with fitprint.suppress():
        plain = RandomForestClassifier(3, random_state=0).fit(X, y)
    assert vars(recorded).keys() == vars(plain).keys()
    assert len(fitprint.runs()) == 1
    assert clone(recorded).get_params() == plain.get_params()


def test_random_states_are_where_they_would_be_without_recording():
    def draws():
        given = np.random.RandomState(3)
        np.random.seed(5)
        random.seed(7)
        model = KMeans(3, n_init=1, random_state=given).fit(X)
        found = RandomForestClassifier(3).fit(X, y).predict_proba(X)
        after = given.randint(10**9), np.random.randint(10**9), random.random()
        return model.inertia_, found, after

    recorded = draws()
    fitprint.disable()
    plain = draws()
    assert recorded[0] == plain[0]
    assert (recorded[1] == plain[1]).all()
    assert recorded[2] == plain[2]


@pytest.mark.parametrize("settings", [{}, {"log_training_metrics": False}, {"log_signatures": False}])
@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_model_that_draws_when_it_predicts_leaves_its_random_state_where_it_was(make, settings):
    fitprint.autolog(strict=True, **settings)

    def draw():
        given = make(3)
        Drawing(given).fit(X, y)
        return given.random(3)

    recorded = draw()
    fitprint.disable()
    assert (recorded == draw()).all()


def test_a_model_that_draws_when_it_predicts_leaves_the_global_random_state_where_it_was(run_python):
    done = run_python(  # in a process without threads: with others running, nobody can say where the state would be
        """
        import fitprint, numpy as np
        from sklearn.dummy import DummyClassifier

        X, y = np.zeros((60, 2)), np.arange(60) % 3
        for recorded in (False, True):
            if recorded:
                fitprint.autolog(strict=True)
            np.random.seed(5)
            DummyClassifier(strategy="stratified").fit(X, y)
            print(np.random.randint(10**9))
        print(fitprint.last_run().metrics["training_accuracy_score"] < 1)
        """
    )
    plain, recorded, predicted = done.stdout.split()
    assert plain == recorded
    assert predicted == "True"


def test_the_training_data_is_unchanged():
    frame = pd.DataFrame(X.copy(), columns=list("abcd"))
    frame.loc[3, "a"] = np.nan
    frame["e"] = pd.Categorical(np.where(y > 0, "u", "v"))
    copy, target = frame.copy(deep=True), pd.Series(y, name="kind")
    DecisionTreeClassifier().fit(frame[list("abcd")], target)
    read_only = X.copy()
    read_only.flags.writeable = False
    LogisticRegression(max_iter=1000).fit(read_only, y)
    KMeans(2, n_init=1).fit_predict(read_only)
    pd.testing.assert_frame_equal(frame, copy)
    assert len(fitprint.runs()) == 3


def test_neither_data_nor_model_is_kept_alive():
    data, target = X.copy(), y.copy()
    model = DecisionTreeClassifier().fit(data, target)
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2).fit(data, target)
    kept = [weakref.ref(value) for value in (data, target, model, search)]
    assert fitprint.run_of(model).name == "DecisionTreeClassifier"
    del data, target, model, search
    gc.collect()
    assert [reference() for reference in kept] == [None] * 4
    assert len(fitprint.runs()) == 4


def test_neither_data_nor_model_of_a_failed_call_is_kept_alive():
    data = X.copy()
    model = Failing(ValueError("x"))
    kept = [weakref.ref(data), weakref.ref(model)]
    with pytest.raises(ValueError, match="x"):
        model.fit(data)
    del data, model
    gc.collect()
    assert [reference() for reference in kept] == [None] * 2


def test_warnings_of_the_training_are_the_users_alone():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LogisticRegression(max_iter=2).fit(X, y)
    assert [warning.category for warning in caught] == [ConvergenceWarning]
    assert "site-packages" in caught[0].filename


def test_warnings_turned_into_errors_hit_the_training_and_not_the_recording():
    class Warned(DecisionTreeClassifier):
        def predict(self, X, check_input=True):
            warnings.warn("old", FutureWarning, stacklevel=2)
            return super().predict(X, check_input)

    fitprint.autolog()
    assert isinstance(Warned().fit(X, y), Warned)
    assert fitprint.last_run().status == "FINISHED"


def test_a_model_that_cannot_predict_its_data_costs_its_own_steps_alone(caplog):
    class Silent(DecisionTreeClassifier):
        def predict(self, X, check_input=True):
            raise RuntimeError("no prediction today")

    fitprint.autolog()
    with caplog.at_level(logging.WARNING, "fitprint"):
        Silent().fit(X, y)
        Silent().fit(X, y)
    newest, oldest = fitprint.runs()
    for run in (newest, oldest):
        assert run.status == "FINISHED"
        assert run.params["criterion"] == "gini"
        assert run.model_path is not None
        assert {skip.what for skip in run.skipped if "no prediction today" in skip.reason} == {"metrics", "signature"}
    lines = [message for message in caplog.messages if "no prediction today" in message]
    assert len(lines) == 2  # a line per step, told once


def test_a_model_that_cannot_be_pickled_leaves_a_run_without_a_package():
    class Holding(DecisionTreeClassifier):
        def fit(self, X, y):
            self.open_ = (row for row in X)
            return super().fit(X, y)

    fitprint.autolog()
    Holding().fit(X, y)
    (run,) = fitprint.runs()
    assert run.models == {}
    assert run.metrics["training_accuracy_score"] == 1
    assert "generator" in next(skip.reason for skip in run.skipped if skip.what == "model")
    assert [path.name for path in run.path.iterdir() if path.is_dir()] == ["artifacts"]
