"""A patched function or method: seen by nobody, gone from every pickle, put back exactly."""

from __future__ import annotations

import functools
import inspect
import traceback
import types
import warnings

import pytest

import fitprint
from fitprint._instrumentation.patches import public_functions
from fitprint._instrumentation.targets import Place, patch_attribute
from fitprint._instrumentation.wrapper import Patched, ours
from fitprint.plugin import positional_names


def test_the_attribute_is_put_back_as_the_very_object(base, begin):
    original = vars(base.Base)["fit"]
    place = patch_attribute(base.Base, "fit", begin)
    assert vars(base.Base)["fit"] is not original
    assert place.restore() is True
    assert vars(base.Base)["fit"] is original


def test_an_attribute_that_was_added_is_inherited_again(base, begin):
    patched = Patched(vars(base.Base)["fit"], begin)
    base.Mean.fit = patched
    Place(base.Mean, "fit", patched, inherited=True).restore()
    assert "fit" not in vars(base.Mean)
    assert base.Mean.fit is base.Base.fit


def test_what_is_patched_is_not_patched_twice(base, patched, begin):
    assert patch_attribute(base.Base, "fit", begin) is None
    assert patch_attribute(base.Mean, "fit", begin) is None, "it does not own it"
    assert patch_attribute(base.Base, "nothing", begin) is None


def test_the_public_functions_of_a_module(begin):
    module = types.ModuleType("scores")
    code = "from math import floor\nfrom textwrap import dedent\ndef one(): pass\ndef two(): pass\ndef _own(): pass"
    exec(code, vars(module))
    assert public_functions(module, ()) == ["one", "two"]
    vars(module)["__all__"] = ["two", "one", "floor", "Other"]
    assert public_functions(module, ("one",)) == ["two"]
    patch_attribute(module, "two", begin)
    assert public_functions(module, ()) == ["two", "one"]


class WhereThereIsOne:
    """A descriptor that is no function, as a conditional method of an estimator has."""

    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner=None):
        return self.function if instance is None else types.MethodType(self.function, instance)


@pytest.mark.parametrize("kind", [lambda function: function, WhereThereIsOne])
def test_a_call_by_the_class_is_one_of_the_method_of_the_instance(kind):
    called = []

    class Model:
        fit = Patched(kind(lambda self, X=0: X), lambda *call: called.append(call))

    model = Model()
    assert (model.fit(1), Model.fit(model, 2), Model.fit(model, X=3)) == (1, 2, 3)
    assert [(type(function), function.__self__) for function, *_ in called] == [(types.MethodType, model)] * 3
    assert [call[1:] for call in called] == [(model, (1,), {}), (model, (2,), {}), (model, (), {"X": 3})]


@pytest.mark.parametrize("kind", [lambda function: function, WhereThereIsOne])
def test_a_call_without_an_instance_raises_what_the_function_raises(kind):
    def fit(self):
        return self

    model = type("Model", (), {"fit": Patched(kind(fit), lambda *call: None)})
    with pytest.raises(TypeError, match=r"fit\(\) missing 1 required positional argument: 'self'"):
        model.fit()
    assert model.fit(self=3) == 3


def test_calls_and_their_results_go_through(base, patched, begun):
    model = base.Mean(1.0)
    assert model.fit([1], labels=[3]) is model
    assert model.mean_ == 4.0
    assert base.Base.fit(model, [1], [5]) is model
    assert model.mean_ == 6.0
    assert [instance for instance, _, _ in begun] == [model, model]
    assert [(args, kwargs) for _, args, kwargs in begun] == [(([1],), {"labels": [3]}), (([1], [5]), {})]


def test_the_function_of_a_call_of_the_class_is_a_bound_method_as_any_other(base):
    seen = []
    place = patch_attribute(
        base.Base, "fit", lambda function, *rest: seen.append((function, positional_names(function)))
    )
    try:
        model = base.Mean()
        base.Base.fit(model, [1], [5])
        model.fit([1], [5])
        base.Base.fit(self=model, rows=[1], labels=[5])
    finally:
        place.restore()
    assert seen[0] == seen[1] == (model.fit, ("rows", "labels"))


def test_what_surrounds_the_call_may_replace_arguments(base, passing):
    place = patch_attribute(base.Base, "fit", lambda f, i, args, kwargs: passing(([1], [7]), {}))
    try:
        model = base.Mean()
        assert model.fit([1], [3]) is model
        assert model.mean_ == 7.0
    finally:
        place.restore()


def test_it_looks_like_the_original(base, patched, train):
    for found, original in ((base.Base.fit, patched), (train, train.__wrapped__)):
        assert inspect.signature(found) == inspect.signature(original)
        assert inspect.getsource(found) == inspect.getsource(original)
        assert inspect.getdoc(found) == inspect.getdoc(original)
        for name in ("__name__", "__qualname__", "__module__", "__doc__", "__annotations__", "__defaults__"):
            assert getattr(found, name) == getattr(original, name)
        assert inspect.isfunction(original)
        assert callable(found)
    bound = base.Mean().fit
    assert list(inspect.signature(bound).parameters) == ["rows", "labels", "weight"]
    assert inspect.getdoc(bound).startswith("Learns the mean")
    assert inspect.getsourcefile(base.Base.fit) == base.__file__
    assert inspect.ismethod(bound) or callable(bound)


def test_a_method_looked_up_on_classes_is_one_object_as_it_was(base, patched):
    """Frameworks ask whether a class overrides a method: `cls.fit is Base.fit`."""
    assert base.Base.fit is base.Base.fit
    assert base.Mean.fit is base.Base.fit
    assert base.Shifted.fit is not base.Base.fit


def line_of_warning(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    (found,) = caught
    return found.filename, found.lineno, str(found.message)


def test_a_warning_names_its_caller_s_line(base, begin):
    def call():
        base.WithFitOfItsOwn().fit([1], [1])

    before = line_of_warning(call)
    place = patch_attribute(base.WithFitOfItsOwn, "fit", begin)
    assert line_of_warning(call) == before
    place.restore()
    assert before[:2] == (__file__, call.__code__.co_firstlineno + 1)


def test_an_exception_is_the_very_object_with_no_frame_of_ours(base, patched):
    class Rows(list):
        def __len__(self):
            raise error

    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        base.Mean().fit(Rows())
    assert caught.value is error
    assert (error.__context__, error.__cause__) == (None, None)
    here = test_an_exception_is_the_very_object_with_no_frame_of_ours.__name__
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == [here, "fit", "__len__"]


def test_an_exception_of_a_recorded_call_is_untouched_too(base, store):
    fitprint.autolog("toy")
    with pytest.raises(ValueError, match="no rows") as caught:
        base.Mean().fit([])
    assert caught.value.__context__ is None
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames][1:] == ["fit"]
    run = fitprint.last_run()
    assert run is None or run.status == "FAILED"
    assert fitprint.runs()[0].error == {"type": "ValueError", "message": "no rows"}


def test_somebody_who_wraps_over_us_is_seen_through(base, patched):
    ours_beneath = vars(base.Base)["fit"]

    def over(self, *args, **kwargs):
        return theirs(self, *args, **kwargs)

    theirs = base.Base.fit
    over = functools.wraps(base.Base.fit)(over)
    assert ours(over) is ours_beneath
    assert ours(functools.wraps(over)(lambda: None)) is ours_beneath
    assert ours(classmethod(over)) is ours_beneath
    assert ours(patched) is None
    assert ours(None) is None


def test_a_wrapper_that_wraps_itself_does_not_hang():
    def endless():
        pass

    endless.__wrapped__ = endless
    assert ours(endless) is None
