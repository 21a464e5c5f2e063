"""What the user hands to a training: unchanged, not consumed, not kept, and no attribute more on the estimator."""

from __future__ import annotations

import collections
import functools
import gc
import io
import weakref

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint

X, y = np.random.default_rng(0).random((40, 3)), np.arange(40) % 2


@pytest.fixture
def alike(alike):
    """The same, where what leaves no run by default is recorded too."""
    return functools.partial(alike, exclude_estimators="none of them")


class Takes(BaseEstimator):
    """Takes two of whatever it is given, and can predict one more."""

    def fit(self, X, y=None):
        self.first_ = [next(X) for _ in range(2)] if hasattr(X, "__next__") else None
        return self

    def predict(self, X):
        return [next(X)] if hasattr(X, "__next__") else np.zeros(len(X))


ONE_SHOT = {
    "an iterator": lambda: iter(range(10)),
    "a generator": lambda: (number for number in range(10)),
    "a file": lambda: io.StringIO("".join(f"{number}\n" for number in range(10))),
    "a file of bytes": lambda: io.BytesIO(b"line\n" * 10),
    "a zip": lambda: zip(range(10), range(10), strict=True),
}


@pytest.mark.parametrize("kind", ONE_SHOT)
def test_what_can_be_read_only_once_is_read_by_the_training_alone(alike, kind):
    def tell():
        given = ONE_SHOT[kind]()
        model = Takes().fit(given)
        return model.first_, list(given)

    alike(tell)


@pytest.mark.parametrize("kind", ONE_SHOT)
def test_a_target_that_can_be_read_only_once(alike, kind):
    def tell():
        given = ONE_SHOT[kind]()
        Takes().fit(X, given)
        return list(given)

    alike(tell)


def texts(read):
    for text in ("a b", "b c", "c d"):
        read.append(text)
        yield text


@pytest.mark.parametrize("model", ["a vectorizer", "a pipeline"])
def test_a_generator_of_texts(alike, model, capfd):
    def tell():
        made = CountVectorizer(token_pattern=r"\w")
        read = []
        given = texts(read)
        if model == "a pipeline":
            make_pipeline(made, LogisticRegression()).fit(given, [0, 1, 1])
        else:
            made.fit(given)
        return read, next(given, "its end"), made.vocabulary_, capfd.readouterr()

    alike(tell)


def test_open_files_that_are_the_texts(alike):
    def tell():
        files = [io.StringIO("a b\n"), io.StringIO("b c\n")]
        make_pipeline(CountVectorizer(input="file", token_pattern=r"\w"), LogisticRegression()).fit(files, [0, 1])
        return [(file.tell(), file.closed) for file in files]

    alike(tell)


def test_a_generator_of_splits(alike):
    def tell():
        splits = iter([(np.arange(30), np.arange(30, 40))])
        search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=splits).fit(X, y)
        return search.cv is splits, next(splits, "its end"), search.best_score_

    alike(tell)


class Lazy:
    """Each look at its values is counted."""

    def __init__(self):
        self.looks = collections.Counter()

    def __array__(self, *args, **kwargs):
        self.looks["array"] += 1
        return X

    def __len__(self):
        self.looks["len"] += 1
        return len(X)

    def __iter__(self):
        self.looks["iter"] += 1
        return iter(X)

    def __getitem__(self, index):
        self.looks["getitem"] += 1
        return X[index]


def test_lazy_data_without_a_shape_is_not_looked_at(alike):
    class Stays(BaseEstimator):
        def fit(self, X, y=None):
            return self

        def predict(self, X):
            return np.zeros(1)

    def tell():
        lazy = Lazy()
        Stays().fit(lazy)
        Stays().fit(X, lazy)
        return lazy.looks

    alike(tell)


def table(name):
    frame = pd.DataFrame(X, columns=list("abc"))
    frame.attrs["note"] = ["the user's"]
    frame["kind"] = pd.Categorical(np.where(y, "u", "v"))
    fortran, strided, locked = np.asfortranarray(X), np.tile(X, (2, 2))[::2, ::2], X.copy()
    locked.flags.writeable = False
    numbers = frame[list("abc")]
    numbers.attrs["note"] = ["the user's"]
    sparse = scipy.sparse.csr_matrix(X)
    all_of_them = {"frame": numbers, "fortran": fortran, "strided": strided, "locked": locked, "sparse": sparse}
    return {**all_of_them, "list": X.tolist(), "subclass": X.view(type("Mine", (np.ndarray,), {}))}[name]


def looked_at(data):
    """All of it: values, place in memory, flags, attributes."""
    found = [type(data).__name__, sorted(vars(data)) if hasattr(data, "__dict__") else None]
    if isinstance(data, pd.DataFrame):
        columns = [(name, str(dtype)) for name, dtype in data.dtypes.items()]
        found += [data.attrs, columns, list(data.index), data.flags.allows_duplicate_labels, id(data.columns)]
    if isinstance(data, np.ndarray):
        found += [str(data.flags), data.strides, data.__array_interface__["data"], id(data.base)]
    if scipy.sparse.issparse(data):
        found += [
            data.has_sorted_indices,
            data.has_canonical_format,
            *(id(array) for array in (data.data, data.indptr)),
        ]
    dense = data.toarray() if scipy.sparse.issparse(data) else np.asarray(data)
    return [*found, dense.tobytes(), dense.dtype]


@pytest.mark.parametrize("name", ["frame", "fortran", "strided", "locked", "sparse", "list", "subclass"])
def test_the_data_stays_as_it_was(store, name):
    given, target = table(name), y.copy()
    with fitprint.suppress():
        LogisticRegression().fit(given, target)  # what scikit-learn itself leaves on it
    looked_at(given)  # a sparse matrix notes what it finds out of its own format
    before = looked_at(given), looked_at(target)
    fitprint.autolog(quiet=True)
    LogisticRegression().fit(given, target)
    make_pipeline(StandardScaler(with_mean=False), DecisionTreeClassifier()).fit(given, target)
    assert (looked_at(given), looked_at(target)) == before
    assert len(fitprint.runs()) == 2


class Holding(BaseEstimator):
    def __init__(self, given=None, error=None):
        self.given = given
        self.error = error

    def fit(self, X, y=None, note=None):
        if self.error is not None:
            raise self.error
        return self

    def predict(self, X):
        return np.zeros(len(X))


class Kept:
    """An argument that can be referred to weakly."""


@pytest.mark.parametrize("error", [None, ValueError("x"), KeyboardInterrupt()])
def test_nothing_of_the_call_is_kept_alive_but_by_the_user(store, error):
    fitprint.autolog(quiet=True)
    data, target, given, note = X.copy(), y.copy(), Kept(), Kept()
    model = Holding(given, error)
    gone = [weakref.ref(value) for value in (data, target, given, note, model)]
    try:
        model.fit(data, target, note=note)
    except BaseException as raised:  # noqa: BLE001  an interrupt is one of them
        kept = raised.with_traceback(None)  # the user keeps the exception, without its frames
    else:
        kept = None
    assert kept is error
    del data, target, given, note, model
    gc.collect()
    assert [reference() for reference in gone] == [None] * 5
    assert [run.name for run in fitprint.runs()] == ["Holding"]


def test_every_param_is_the_very_object_it_was(store):
    given = Kept()
    inner = Holding([given])
    outer = GridSearchCV(inner, {"given": [[given]]}, scoring="r2", cv=2, refit=False)
    before = [{name: id(value) for name, value in vars(instance).items()} for instance in (inner, outer)]
    fitprint.autolog(quiet=True)
    inner.fit(X, y)
    outer.fit(X, y)
    after = [{name: id(value) for name, value in vars(instance).items()} for instance in (inner, outer)]
    assert [{name: after[at][name] for name in attributes} for at, attributes in enumerate(before)] == before
    assert len(fitprint.runs()) >= 2
