"""Patched methods and classes seen by a program that looks closely: as those without recording."""

from __future__ import annotations

import copy
import functools
import inspect
import io
import pickle
import pydoc
import traceback
import types
import typing
import unittest.mock
import weakref

import cloudpickle
import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

import fitprint

MODEL, SEARCH = LogisticRegression(), GridSearchCV(LogisticRegression(), {})
THINGS = {
    "a method": lambda: MODEL.fit,
    "a method of a search": lambda: SEARCH.fit,
    "a method of a class": lambda: LogisticRegression.fit,
    "fit_transform": lambda: PCA.fit_transform,
    "a method of a pipeline": lambda: Pipeline.fit,
    "a function": lambda: cross_validate,
    "an inherited method": lambda: SVC.fit,
}
CLASSES = (LogisticRegression, PCA, Pipeline, GridSearchCV, SVC, BaseEstimator)
X, y = np.random.default_rng(0).random((30, 2)), np.arange(30) % 2


@pytest.fixture
def alike(store):
    """What a function tells is the same with recording and without it."""

    def compare(tell):
        tell()  # Python makes some attributes of classes when they are first looked at
        plain = tell()
        fitprint.autolog(quiet=True)
        assert type(vars(LogisticRegression)["fit"]) is not types.FunctionType
        assert tell() == plain
        return plain

    return compare


def told(call, *args):
    try:
        return call(*args)
    except Exception as error:  # noqa: BLE001  whatever it is, it is compared
        return f"{type(error).__name__}: {error}"


LOOKED_AT = [
    *(inspect.signature, inspect.getsource, inspect.getfile, inspect.getmodule, inspect.getsourcelines, inspect.getdoc),
    *(inspect.isfunction, inspect.ismethod, inspect.isroutine, inspect.isbuiltin, inspect.ismethoddescriptor),
    *(inspect.isdatadescriptor, inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isabstract),
    *(inspect.getfullargspec, inspect.getclosurevars),
    *(typing.get_type_hints, pydoc.render_doc, repr, str, dir, vars, callable, bool),
    *(joblib.hash, cloudpickle.dumps, functools.partial, joblib.func_inspect.get_func_name),
    *(joblib.func_inspect.get_func_code, unittest.mock.create_autospec),
]
READ = [
    *("__doc__", "__name__", "__qualname__", "__module__", "__code__", "__defaults__", "__kwdefaults__"),
    *("__annotations__", "__dict__", "__closure__", "__self__", "__class__", "__globals__", "__get__"),
]


@pytest.mark.series
@pytest.mark.parametrize("look", LOOKED_AT, ids=lambda look: f"{look.__module__}.{look.__name__}")
def test_looked_at(alike, look):
    def tell():
        found = {name: told(look, thing()) for name, thing in THINGS.items()}
        if look in (unittest.mock.create_autospec, functools.partial):
            return {name: str(told(inspect.signature, value)) for name, value in found.items()}
        return {name: str(value) for name, value in found.items()}

    alike(tell)


@pytest.mark.parametrize("name", READ)
def test_its_attributes(alike, name):
    def tell():
        found = {thing: told(getattr, THINGS[thing](), name) for thing in THINGS}
        return {thing: callable(value) if name == "__get__" else value for thing, value in found.items()}

    alike(tell)


@pytest.mark.series
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("thing", THINGS)
def test_its_pickle_is_the_same_bytes(alike, thing, protocol):
    alike(lambda: pickle.dumps([THINGS[thing](), functools.partial(THINGS[thing](), 1)], protocol))


def test_what_is_written_of_models_and_classes_is_the_same_bytes(alike):
    fitted = LogisticRegression().fit(X, y)

    def written(model):
        file = io.BytesIO()
        joblib.dump(model, file)
        return file.getvalue()

    def tell():
        everything = [fitted, *CLASSES, make_pipeline(PCA(), fitted)]
        pickles = [pickle.dumps(everything, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        return pickles, cloudpickle.dumps(everything), joblib.hash(everything), written(everything)

    alike(tell)


def test_a_method_is_a_method_of_its_instance(alike):
    def tell():
        model = LogisticRegression()
        method = model.fit
        other, deep = copy.copy(method), copy.deepcopy(method)
        return (
            type(method) is types.MethodType,
            method.__func__ is LogisticRegression.fit,
            method.__self__ is model,
            method == model.fit,
            hash(method) == hash(model.fit),
            method == LogisticRegression().fit,
            weakref.WeakMethod(method)() == method,
            other == method,
            (type(deep.__self__), deep.__self__ is model),
            types.MethodType(LogisticRegression.fit, model) == method,
            LogisticRegression.fit.__get__(model)(X, y) is model,
            vars(LogisticRegression)["fit"].__get__(model)(X, y) is model,
            functools.partial(method, X)(y) is model,
            functools.partialmethod(LogisticRegression.fit, X)._make_unbound_method()(model, y) is model,
        )

    assert all(answer is not None for answer in alike(tell))


def made_of(cls):
    return {GridSearchCV: SEARCH, Pipeline: make_pipeline(PCA(), MODEL)}.get(cls) or cls()


def test_unwrapping_ends_at_the_same_function(alike):
    alike(lambda: {name: id(inspect.unwrap(thing())) for name, thing in THINGS.items()})


@pytest.mark.parametrize("cls", CLASSES)
def test_a_class_looks_as_without_recording(alike, cls):
    def tell():
        return (
            dir(cls),
            [var for var in vars(cls) if var != "__slotnames__"],  # which copyreg adds to whatever is pickled
            pydoc.render_doc(cls),
            str(inspect.signature(cls)),
            [(attr.name, attr.kind, attr.defining_class) for attr in inspect.classify_class_attrs(cls)],
            [name for name, _ in inspect.getmembers(cls, inspect.isfunction)],
            [name for name, _ in inspect.getmembers(made_of(cls), inspect.ismethod)],
            getattr(cls, "__abstractmethods__", None),
            hasattr(cls, "fit"),
            hasattr(cls, "fit_predict"),
            getattr(cls, "fit", None) is getattr(cls.__mro__[1], "fit", None),
        )

    alike(tell)


def test_methods_that_are_there_or_not(alike):
    """`available_if`: a pipeline has what its last step has."""

    def tell():
        pipes = [make_pipeline(PCA(), last) for last in (MODEL, PCA(), "passthrough")]
        names = ("fit", "predict", "transform", "fit_transform", "fit_predict", "predict_proba")
        return [[hasattr(pipe, name) for name in names] for pipe in pipes], told(getattr, pipes[1], "predict")

    alike(tell)


def test_functions_made_of_it(alike):
    def tell():
        @functools.wraps(MODEL.fit)
        def wrapper(*args):
            return MODEL.fit(*args)

        single = functools.singledispatch(LogisticRegression.fit)
        single.register(int, lambda *args: "an int")
        cached = functools.lru_cache(MODEL.fit)
        found = [sorted(vars(wrapper)), inspect.signature(wrapper), wrapper.__wrapped__ == MODEL.fit, wrapper.__name__]
        return [*found, single(3), single(MODEL, X, y) is MODEL, told(cached, 1)[:9], cached.__wrapped__ == MODEL.fit]

    alike(tell)


class Still(BaseEstimator):
    """Its state is not changed by its training, so that a cache finds the call again."""

    def fit(self, X, y=None):
        return self


def test_a_memory_of_joblib_s_finds_with_recording_what_it_kept_without_and_the_other_way_round(store, tmp_path):
    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    memory.cache(Still().fit)(X)
    fitprint.autolog(quiet=True)
    assert memory.cache(Still().fit).check_call_in_cache(X)
    memory.cache(Still().fit)(y)
    assert [run.name for run in fitprint.runs()] == ["Still"]
    memory.cache(Still.fit)(Still(), X)
    fitprint.disable()
    assert memory.cache(Still().fit).check_call_in_cache(y)
    assert memory.cache(Still.fit).check_call_in_cache(Still(), X)


def test_an_attribute_that_is_not_there_leaves_no_frame_of_ours(alike):
    def tell():
        try:
            _ = make_pipeline(PCA(), MODEL).fit_transform
        except AttributeError as error:
            return str(error), [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    assert alike(tell)
