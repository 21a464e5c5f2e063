"""An exception of a recorded training: the very object, with its causes, notes and traceback as without recording."""

from __future__ import annotations

import sys
import traceback

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

import fitprint

X, y = np.random.default_rng(0).random((30, 2)), np.arange(30) % 2


def told(error, depth=0):
    """All that can be seen of an exception: of its causes, its context and the members of a group, too."""
    frames = [(frame.filename, frame.name, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    found = [
        type(error),
        str(error),
        repr(error.args),
        frames,
        error.__suppress_context__,
        getattr(error, "__notes__", None),
    ]
    found += [told(inner, depth + 1) if inner is not None else None for inner in (error.__cause__, error.__context__)]
    return [*found, *(told(inner, depth + 1) for inner in getattr(error, "exceptions", ()))]


def told_of(call):
    try:
        call()
    except BaseException as error:  # noqa: BLE001  whatever it is, it is compared
        return told(error)
    raise AssertionError("it did not fail")


class Unchangeable(Exception):
    """Its class forbids that attributes are set."""

    def __setattr__(self, name, value):
        raise TypeError("no attributes here")


class Raises(BaseEstimator):
    """Raises what `make` gives, after it has changed itself."""

    def __init__(self, make=None):
        self.make = make

    def fit(self, X, y=None):
        self.begun_ = True
        raise self.make()

    def fit_transform(self, X, y=None):
        return self.fit(X, y)

    def fit_predict(self, X, y=None):
        return self.fit(X, y)


class CallsSuper(Raises):
    def fit(self, X, y=None):
        try:
            return super().fit(X, y)
        finally:
            self.ended_ = True


class CallsBase(Raises):
    def fit(self, X, y=None):
        try:
            return Raises.fit(self, X, y)
        except Exception as error:
            raise RuntimeError("outer") from error


def in_context():
    try:
        {}["missing"]
    except KeyError:
        raise ValueError("second")  # noqa: B904  on purpose without a cause


def hidden():
    try:
        {}["missing"]
    except KeyError:
        raise ValueError("second") from None


def with_note():
    error = ValueError("noted")
    error.__notes__ = ["a note"]
    return error


def with_cause():
    error = ValueError("second")
    error.__cause__ = KeyError("first")
    return error


KINDS = {
    "plain": lambda: ValueError("plain", 3),
    "in context": in_context,
    "with its context hidden": hidden,
    "with a cause": with_cause,
    "with a note": with_note,
    "unchangeable": lambda: Unchangeable("closed"),
    "of the system": lambda: OSError(2, "missing", "file"),
    "stop": StopIteration,
    "stop of async": StopAsyncIteration,
    "warning": lambda: UserWarning("raised"),
    "recursion": RecursionError,
    "interrupt": KeyboardInterrupt,
    "exit": lambda: SystemExit(3),
    "generator": GeneratorExit,
    "group": lambda: ExceptionGroup("g", [ValueError(1), ExceptionGroup("h", [KeyError(2)])]),
    "base group": lambda: BaseExceptionGroup("g", [KeyboardInterrupt()]),
}


@pytest.mark.series
@pytest.mark.parametrize("method", ["fit", "fit_transform", "fit_predict"])
@pytest.mark.parametrize("cls", [Raises, CallsSuper, CallsBase])
@pytest.mark.parametrize("kind", KINDS)
def test_everything_of_an_exception_is_as_without_recording(alike, cls, kind, method):
    def tell():
        model = cls(KINDS[kind])
        return told_of(lambda: getattr(model, method)(X, y)), sorted(vars(model))

    alike(tell)


def test_one_exception_object_raised_again_and_again(alike):
    """Its traceback grows with every raise, by the same frames."""

    def tell():
        error = ValueError("the same")
        model = Raises(lambda: error)
        found = [told_of(lambda: model.fit(X)) for _ in range(3)]
        assert error.__context__ is None
        return found

    alike(tell)


def test_the_context_is_the_user_s_own_exception(alike):
    def tell():
        try:
            {}["mine"]
        except KeyError as mine:
            try:
                Raises(ValueError).fit(X)
            except ValueError as error:
                return error.__context__ is mine, told(error)

    assert alike(tell)[0]


def test_no_exception_of_ours_is_left_to_be_handled(alike):
    """An error in recording that the guard ended must not become the context of the user's next one."""

    class CannotBePickled(BaseEstimator):
        def fit(self, X, y=None):
            self.open_ = (row for row in X)
            return self

    def tell():
        CannotBePickled().fit(X)
        handled = sys.exc_info()
        return handled, told_of(lambda: {}["mine"])

    assert alike(tell)[0] == (None, None, None)


def test_an_exception_that_the_user_keeps_keeps_the_frames_of_the_user_alone(store):
    fitprint.autolog(quiet=True)
    try:
        Raises(ValueError).fit(X)
    except ValueError as error:
        kept = error
    frames = [frame for frame, _ in traceback.walk_tb(kept.__traceback__)]
    assert [frame.f_code.co_name for frame in frames][1:] == ["fit"]


OF_SCIKIT_LEARN = {
    "data": lambda: LogisticRegression().fit(X, y[:-1]),
    "params": lambda: make_pipeline(PCA(), LogisticRegression(C=-1)).fit(X, y),
    "a step": lambda: make_pipeline(Raises(with_cause), LogisticRegression()).fit(X, y),
    "a search": lambda: GridSearchCV(LogisticRegression(), {"C": [-1]}, cv=2, error_score="raise").fit(X, y),
    "a validation": lambda: cross_validate(LogisticRegression(C=-1), X, y, error_score="raise"),
    "fit_predict": lambda: KMeans(1000).fit_predict(X),
    "fit_transform": lambda: PCA(1000).fit_transform(X),
    "a missing argument": lambda: LogisticRegression().fit(),
    "a wrong argument": lambda: LogisticRegression().fit(X, y, nothing=1),
    "no instance": lambda: LogisticRegression.fit(),
    "a wrong instance": lambda: LogisticRegression.fit(3, X, y),
}
UNRECORDED = {"no instance"}


@pytest.mark.parametrize("what", [what for what in OF_SCIKIT_LEARN if what not in UNRECORDED])
def test_an_error_of_scikit_learn_s_own(alike, what):
    alike(lambda: told_of(OF_SCIKIT_LEARN[what]))


def test_a_method_called_with_no_instance_at_all(store):
    plain = told_of(LogisticRegression.fit)
    fitprint.autolog(quiet=True)
    assert told_of(LogisticRegression.fit) == plain
