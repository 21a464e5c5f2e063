"""Classes that are not scikit-learn's: the user's, defined anywhere, and those of other packages."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

import fitprint

X, y = load_iris(return_X_y=True)


class Majority(ClassifierMixin, BaseEstimator):
    """A classifier from nothing."""

    def __init__(self, strength=1.0):
        self.strength = strength

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.most_ = self.classes_[np.argmax(counts)]
        return self

    def predict(self, X):
        return np.full(len(X), self.most_)


class Noting(GaussianNB):
    """Sets an attribute after its base was fitted."""

    def fit(self, X, y):
        super().fit(X, y)
        self.noted_ = "after"
        return self


class NotingByName(GaussianNB):
    """The same, with the base named."""

    def fit(self, X, y):
        GaussianNB.fit(self, X, y)
        self.noted_ = "after"
        return self


class PassingOn(DecisionTreeClassifier):
    """Names none of its arguments."""

    def fit(self, *args, **kwargs):
        return super().fit(*args, **kwargs)


class OtherNames(RegressorMixin, BaseEstimator):
    """Calls its arguments otherwise than scikit-learn."""

    def fit(self, data, labels=None):
        self.mean_ = float(np.mean(labels))
        return self

    def predict(self, data):
        return np.full(len(data), self.mean_)


class Inherited(LinearRegression):
    """Owns no fit."""


class LookAlike:
    """Has scikit-learn's interface, and none of its classes."""

    def fit(self, X, y):
        self.fitted = True
        return self


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("cls", [Majority, Noting, NotingByName, PassingOn, Inherited])
def test_an_own_class_leaves_one_run_under_its_name(cls):
    model = cls()
    assert model.fit(X, y) is model
    (run,) = fitprint.runs()
    assert run.name == cls.__name__
    assert run.tags["class"] == f"{__name__}.{cls.__qualname__}"
    assert run.metrics["training_score"] == pytest.approx(model.score(X, y))
    assert "dataset.json" in run.artifacts


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("cls", [Noting, NotingByName])
def test_the_package_holds_what_a_subclass_set_after_its_base_was_fitted(cls):
    cls().fit(X, y)
    loaded = fitprint.load_model(fitprint.last_run().model_path).unwrap()
    assert loaded.noted_ == "after"
    assert (loaded.predict(X) == cls().fit(X, y).predict(X)).all()


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("given", ["position", "name"])
def test_data_is_found_under_other_names_of_the_arguments(given):
    model = OtherNames()
    model.fit(X, y) if given == "position" else model.fit(labels=y, data=X)
    (run,) = fitprint.runs()
    assert run.metrics["training_r2_score"] == pytest.approx(model.score(X, y))
    assert fitprint.load_model(run.model_path).metadata.signature.inputs is not None


@pytest.mark.usefixtures("recorded")
def test_a_fit_without_data_says_so():
    class Nothing(BaseEstimator):
        def fit(self):
            return self

    Nothing().fit()
    (run,) = fitprint.runs()
    assert ("data", "arguments") in [(skip.what, skip.rule) for skip in run.skipped]


@pytest.mark.usefixtures("recorded")
def test_a_class_defined_again_under_its_name_is_recorded_again():
    def define(value):
        class Cell(RegressorMixin, BaseEstimator):
            def fit(self, X, y):
                self.value_ = value
                return self

            def predict(self, X):
                return np.full(len(X), float(self.value_))

        return Cell

    for value in (1, 2):
        define(value)().fit(X, y)
    newest, oldest = fitprint.runs()
    assert fitprint.load_model(newest.model_path).predict(X)[0] == 2
    assert fitprint.load_model(oldest.model_path).predict(X)[0] == 1


@pytest.mark.usefixtures("recorded")
def test_a_look_alike_without_scikit_learns_base_is_left_alone():
    assert LookAlike().fit(X, y).fitted
    assert fitprint.runs() == []
    assert "__wrapped__" not in vars(LookAlike.fit)


@pytest.mark.usefixtures("recorded")
def test_a_look_alike_inside_a_training_call_makes_no_run_of_its_own():
    class Outer(BaseEstimator):
        def fit(self, X, y):
            self.inner_ = LookAlike().fit(X, y)
            self.tree_ = DecisionTreeClassifier().fit(X, y)
            return self

    Outer().fit(X, y)
    assert [run.name for run in fitprint.runs()] == ["Outer"]


SCRIPT = """
import pickle
import numpy as np
import fitprint
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression

fitprint.autolog(strict=True)
X, y = load_iris(return_X_y=True, as_frame=True)

class Doubled(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self
    def transform(self, X):
        return X * 2

class Third(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict(self, X):
        return np.full(len(X), self.classes_[-1])

pipeline = make_pipeline(Doubled(), LogisticRegression(max_iter=2000)).fit(X, y)
np.save("expected.npy", pipeline.predict(X))
print(fitprint.last_run().model_path)
Third().fit(X, y)
print(fitprint.last_run().model_path)

class Third(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict(self, X):
        return np.full(len(X), self.classes_[0])

Third().fit(X, y)
print(fitprint.last_run().model_path)
print([run.name for run in fitprint.runs()])
"""


def test_classes_of_a_script_travel_by_value_and_load_in_another_process(run_python, store):
    *packages, names = run_python(SCRIPT).stdout.splitlines()
    assert names == "['Third', 'Third', 'Pipeline']"
    done = run_python(
        """
        import sys
        import numpy as np
        import fitprint
        from sklearn.datasets import load_iris
        X, y = load_iris(return_X_y=True, as_frame=True)
        pipeline, last, first = [fitprint.load_model(path).predict(X) for path in sys.argv[1:]]
        assert (pipeline == np.load("expected.npy")).all()
        assert set(last) == {2}
        assert set(first) == {0}
        print("loaded")
        """,
        *packages,
    )
    assert done.stdout == "loaded\n"


def test_a_model_pickles_as_if_nothing_were_recorded(store):
    plain = pickle.dumps(DecisionTreeClassifier(random_state=0).fit(X, y), 5)
    fitprint.autolog(strict=True)
    assert pickle.dumps(DecisionTreeClassifier(random_state=0).fit(X, y), 5) == plain
