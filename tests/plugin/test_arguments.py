"""The arguments of a call by name, and another value for one of them: for flavors that listen."""

from __future__ import annotations

import functools
import json

import pytest

from fitprint._core.jsonable import jsonable, to_bytes
from fitprint.plugin import TrainingCall
from fitprint.plugin.arguments import named_arguments


class Model:
    def fit(self, X, y=None, *, callbacks=None, rounds=3):
        return self

    def loose(self, *args, callbacks=None, **kwargs):
        return self


def call(name, *args, **kwargs):
    model = Model()
    return TrainingCall(None, getattr(model, name), model, args, kwargs, name)


def test_all_arguments_with_their_defaults():
    assert call("fit", 1, rounds=5).arguments() == {"X": 1, "y": None, "callbacks": None, "rounds": 5}


def test_keyword_only_ones_by_position_as_some_frameworks_take_them():
    assert call("fit", 1, 2, [3]).arguments() == {"X": 1, "y": 2, "callbacks": [3], "rounds": 3}


def test_an_argument_that_was_left_out_has_the_default_of_the_function():
    left_out = call("fit", 1)
    assert (left_out.argument("X"), left_out.argument("y"), left_out.argument("rounds")) == (1, None, 3)
    assert left_out.argument("rounds", None) is None
    assert left_out.argument("rounds", 7) == 7
    assert call("fit", 1, rounds=5).argument("rounds") == call("fit", 1, 2, rounds=5).argument("rounds", 7) == 5
    assert left_out.argument("nothing") is None


def test_defaults_of_functions_of_every_kind():
    def plain(a, b=2, /, c=3, *rest, d=4, e):
        return None

    def defaults(function, *names):
        given = TrainingCall(None, function, None, (), {}, "")
        return [given.argument(name) for name in names]

    assert defaults(plain, "a", "b", "c", "d", "e", "rest") == [None, 2, 3, 4, None, None]
    assert defaults(functools.wraps(plain)(lambda *args, **kwargs: None), "b", "d") == [2, 4]
    assert defaults(lambda: None, "a") == [None]
    assert defaults(sorted, "reverse", "key", "iterable") == [False, None, None], "it is written in C"
    assert defaults(min, "key") == [None], "it has no signature"


def test_what_has_no_name_is_named_by_the_flavor():
    assert call("loose", 1, 2, more=4).arguments("X", "y") == {"X": 1, "y": 2, "callbacks": None, "more": 4}


@pytest.mark.parametrize(
    ("given", "args", "kwargs"),
    [
        (call("fit", 1, 2, [3], 9), (1, 2, "other", 9), {}),
        (call("fit", 1, callbacks=[3]), (1,), {"callbacks": "other"}),
        (call("fit", 1), (1,), {"callbacks": "other"}),
        (call("loose", 1, 2), (1, 2), {"callbacks": "other"}),
    ],
)
def test_an_argument_is_replaced_where_it_was_given(given, args, kwargs):
    before = given.args, given.kwargs, dict(given.kwargs)
    given.replace_argument("callbacks", "other")
    assert (given.args, given.kwargs) == (args, kwargs)
    assert before[1] == before[2]  # what the user gave is not changed


def test_an_argument_that_there_is_not():
    with pytest.raises(TypeError, match="fit has no parameter 'nothing'"):
        call("fit", 1).replace_argument("nothing", 2)
    unnamed = call("loose", 1)
    unnamed.replace_argument("anything", 2)
    assert unnamed.kwargs == {"anything": 2}


def weigh(values, power):
    return values


class Silent:
    """Has no repr of its own."""

    def __call__(self):
        return None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (functools.partial(functools.partial(weigh, power=2), 3), f"{__name__}.weigh"),
        ([weigh], [f"{__name__}.weigh"]),
        (Silent(), f"<{__name__}.Silent object>"),
        (object(), "<object object>"),
    ],
)
def test_a_param_shows_no_address(value, shown):
    assert jsonable(value) == shown
    assert json.loads(to_bytes(jsonable(value))) == shown


def test_a_method_has_its_parameters_as_a_function_and_as_a_bound_method():
    model = Model()
    defaults = {"y": None, "callbacks": None, "rounds": 3}
    for _ in range(2):  # the second time from what is kept
        assert named_arguments(Model.fit, (model, 1), {}) == {"self": model, "X": 1, **defaults}
        assert named_arguments(model.fit, (1,), {"rounds": 5}) == {"X": 1, **defaults, "rounds": 5}
