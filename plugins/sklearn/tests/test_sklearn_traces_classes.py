"""Classes of the user's, made before recording and while it is on: as they are without it."""

from __future__ import annotations

import abc
import dataclasses
import functools
import inspect
import typing
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import check_is_fitted, validate_data

import fitprint

X, y = np.random.default_rng(0).random((30, 2)), np.arange(30) % 2
Value = typing.TypeVar("Value")


@pytest.fixture
def alike(store):
    """What a function tells is the same with recording and without it."""

    def compare(tell):
        plain = tell()
        fitprint.autolog(quiet=True)
        recorded = tell()
        assert recorded == plain
        return recorded

    return compare


@typing.runtime_checkable
class Trains(typing.Protocol):
    def fit(self, X, y=None): ...


def kinds():  # noqa: C901  a list of classes, no logic
    """Classes of every kind, made anew at each call."""
    made = []

    class Abstract(BaseEstimator, abc.ABC):
        @abc.abstractmethod
        def fit(self, X, y=None):
            """To be written."""

    class Concrete(Abstract):
        def fit(self, X, y=None, note: int = 3) -> Concrete:
            """Written."""
            return self

    class Hooked(BaseEstimator):
        def __init_subclass__(cls, tag="none", **kwargs):
            super().__init_subclass__(**kwargs)
            made.append((cls.__name__, tag, type(vars(cls).get("fit")).__name__))

        def fit(self, X, y=None):
            return self

    class BelowHooked(Hooked, tag="mine"):
        def fit(self, X, y=None):
            return super().fit(X, y)

    @dataclasses.dataclass
    class Data(BaseEstimator):
        alpha: float = 1.0

        def fit(self, X, y=None):
            return self

    class Slots(BaseEstimator):
        __slots__ = ("alpha",)

        def fit(self, X, y=None):
            self.alpha = 2
            return self

    class Generic(BaseEstimator, typing.Generic[Value]):
        def fit(self, X: Value, y: Value | None = None) -> Value:
            return self

    class Stateful(BaseEstimator):
        fit = staticmethod(lambda X, y=None: "static")

    class Classed(BaseEstimator):
        @classmethod
        def fit(cls, X, y=None):
            return cls.__name__

    class Partial(BaseEstimator):
        def train(self, X, y=None, how="x"):
            return how

        fit = functools.partialmethod(train, how="partial")

    class Property(BaseEstimator):
        @property
        def fit(self):
            return lambda X, y=None: "property"

    class Decorated(LogisticRegression):
        @functools.wraps(LogisticRegression.fit)
        def fit(self, *args, **kwargs):
            return super(Decorated, self).fit(*args, **kwargs)  # noqa: UP008  the other spelling

    classes = (Abstract, Concrete, Hooked, BelowHooked, Data, Slots, Generic, Stateful, Classed, Partial, Property)
    return {cls.__name__: cls for cls in (*classes, Decorated)}, made


def shown(cls):
    """All that can be seen of a class without calling it."""
    fit = inspect.getattr_static(cls, "fit")
    return (
        [var for var in vars(cls) if var != "__slotnames__"],
        str(inspect.signature(cls)),
        str(inspect.signature(cls.fit)) if callable(cls.fit) else None,
        [base.__name__ for base in cls.__mro__],
        (inspect.isabstract(cls), getattr(cls, "__abstractmethods__", None)),
        (isinstance(fit, staticmethod), isinstance(fit, classmethod), isinstance(fit, property)),
        cls.fit.__doc__,
        typing.get_type_hints(cls.fit, localns={"Concrete": int}) if inspect.isfunction(cls.fit) else None,
        str(inspect.signature(cls.set_fit_request)) if hasattr(cls, "set_fit_request") else None,
        {name: str(annotation) for name, annotation in vars(cls).get("__annotations__", {}).items()},
    )


def used(cls):
    """What comes of it when it is trained."""
    if inspect.isabstract(cls):
        with pytest.raises(TypeError) as caught:
            cls()
        return str(caught.value)
    model = cls()
    result = model.fit(X, y)
    return (
        "itself" if result is model else result,
        isinstance(model, Trains),
        repr(clone(model)) == repr(model),
        sorted(model.get_params()),
        cls.fit is cls.__mro__[1].fit if hasattr(cls.__mro__[1], "fit") else None,
    )


@pytest.mark.parametrize("kind", kinds()[0])
def test_a_class_of_the_user_s(alike, kind):
    def tell():
        classes, made = kinds()
        return shown(classes[kind]), used(classes[kind]), made

    alike(tell)


@pytest.mark.series
@pytest.mark.parametrize("kind", kinds()[0])
def test_a_class_made_before_is_the_same_while_recording_and_after(store, kind):
    cls = kinds()[0][kind]
    plain = shown(cls), used(cls)
    for _ in range(2):
        fitprint.autolog(quiet=True)
        assert (shown(cls), used(cls)) == plain
        fitprint.disable()
        assert (shown(cls), used(cls)) == plain


class Router(ClassifierMixin, BaseEstimator):
    """Takes metadata, and says what it got."""

    def fit(self, X, y, sample_weight=None, note=None):
        self.classes_ = np.unique(y)
        self.got_ = (None if sample_weight is None else float(np.sum(sample_weight)), note)
        return self

    def predict(self, X):
        return np.zeros(len(X), int)


def test_metadata_is_routed(alike):
    def tell():
        with sklearn.config_context(enable_metadata_routing=True):
            asking = Router().set_fit_request(sample_weight=True, note=True)
            asking.set_score_request(sample_weight=True)
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            pipe = make_pipeline(scaler, asking).fit(X, y, sample_weight=np.ones(30), note="a note")
            search = GridSearchCV(asking, {}, cv=2).fit(X, y, sample_weight=np.ones(30), note="a note")
            with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text is compared
                make_pipeline(Router()).fit(X, y, sample_weight=np.ones(30))
            requests = [str(get_routing_for_object(estimator)) for estimator in (asking, scaler, pipe, search)]
            return pipe[-1].got_, search.best_estimator_.got_, str(refused.value), requests

    alike(tell)


def results_of_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_fail=None)
    return [(check["check_name"], check["status"], str(check["exception"])) for check in found]


class Simple(TransformerMixin, BaseEstimator):
    """The smallest estimator that scikit-learn's checks accept."""

    def fit(self, X, y=None):
        X = validate_data(self, X)
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        check_is_fitted(self)
        return validate_data(self, X, reset=False) - self.mean_


@pytest.mark.slow
@pytest.mark.parametrize("make", [Simple, PCA, DecisionTreeRegressor, KMeans, Router])
def test_scikit_learn_s_own_checks_find_the_same(alike, make):
    assert len(alike(lambda: results_of_checks(make()))) > 20
