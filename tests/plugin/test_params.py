"""Params that know which of them have their default values, on their way from a plugin into a run."""

from __future__ import annotations

import functools
import math

import fitprint
from fitprint.plugin import Params, default_values, unchanged


class Base:
    def __init__(self, depth=3, *, rate=0.1):
        pass


class Derived(Base):
    def __init__(self, name, rate=0.5, **more):
        super().__init__(**more)


def test_defaults_are_read_from_functions_and_along_the_bases_of_classes():
    assert default_values(lambda a, b=2, *, c=3: None) == {"b": 2, "c": 3}
    assert default_values(Base) == {"depth": 3, "rate": 0.1}
    assert default_values(Derived) == {"depth": 3, "rate": 0.5}
    assert default_values(Base) is default_values(Base)


def test_what_has_no_signature_has_no_defaults():
    assert default_values(functools.partial(max)) == {}
    assert default_values(int) == {}


def test_plain_values_are_compared_and_others_only_if_they_are_the_same_object():
    class Angry:
        def __eq__(self, other):
            raise AssertionError("not to be asked")

        __hash__ = None

    angry, nan = Angry(), math.nan
    defaults = {"a": 1, "b": (0, 1), "c": angry, "d": nan, "e": None, "f": "x", "g": [angry], "h": 1}
    same = {"a": 1.0, "b": (0, 1), "c": angry, "d": nan, "e": None, "f": "x", "g": defaults["g"]}
    assert unchanged(same, defaults) == {*"abcdefg"}
    other = {"a": 2, "b": (0, 2), "c": Angry(), "d": 0.0, "e": 0, "f": "y", "g": [angry], "h": Angry(), "i": 1}
    assert unchanged(other, defaults) == set()
    assert unchanged({"b": [0, 1]}, defaults) == set()


def test_a_run_notes_them_until_they_are_logged_again(toy, store, monkeypatch):
    toylearn = toy.imported()
    monkeypatch.setattr(
        "fitprint_toy.ToyFlavor.params",
        lambda self, call: Params({"shift": 0, "rate": 1, "depth": 2}, {"rate", "depth"}),
    )
    fitprint.autolog(quiet=True, strict=True, exclude_params=["depth"])
    toylearn.Mean().fit([[1.0]], [1.0])
    run = fitprint.last_run()
    assert (run.params, run.default_params) == ({"shift": 0, "rate": 1}, ["rate"])
    assert fitprint.get_run(run.run_id).default_params == ["rate"]
    run.log_param("rate", 7)
    assert fitprint.get_run(run.run_id).default_params == []


def test_of_a_plain_mapping_all_params_count_as_set(toy, store):
    fitprint.autolog(quiet=True)
    toy.imported().Mean().fit([[1.0]], [1.0])
    run = fitprint.last_run()
    assert run.params != {}
    assert run.default_params == []
