"""An entry point that gives way (`Patch.gives_way`): objects of another framework belong to the flavor of that one."""

from __future__ import annotations

import importlib
import sys

import pytest

import fitprint

WIDE = """
class Estimator:
    def fit(self):
        return self._fit()

class Mean(Estimator):
    def _fit(self):
        self.trained = True
        return self

class Chain(Estimator):
    def __init__(self, *estimators):
        self.estimators = estimators

    def _fit(self):
        for estimator in self.estimators:
            estimator.fit()
        return self
"""
GUEST = """
from widelearn import Estimator

class Boosted(Estimator):
    def _fit(self):
        self.boosted = True
        return self

class Unpatched(Estimator):
    def _fit(self):
        return self
"""
PLUGIN = """
from fitprint.plugin import Flavor, Patch

class {name}(Flavor):
    api_version = (2, 1)
    loader_module = "none"

    def patches(self):
        return [{patch}]

    def save(self, model, package, context):
        raise NotImplementedError

    load = save
"""


@pytest.fixture
def frameworks(toy, store):
    """`widelearn`, whose flavor records every estimator, and `guestlearn`, some of whose estimators train by it."""
    for name, source, patch in (
        ("widelearn", WIDE, 'Patch("widelearn", "Estimator.fit", subclasses=True, gives_way=True)'),
        ("guestlearn", GUEST, 'Patch("guestlearn", "Boosted._fit")'),
    ):
        (toy.site / f"{name}.py").write_text(source)
        (toy.site / f"fitprint_{name}.py").write_text(PLUGIN.format(name=name.title(), patch=patch))
        toy.distribution(name, "1.0", modules=(name,))
        points = f"[fitprint.flavors]\n{name} = fitprint_{name}:{name.title()}\n"
        requires = (f"{name}>=1; extra == 'instruments'",)
        toy.distribution(f"fitprint-{name}", "0.1", points, requires, (f"fitprint_{name}",))
    yield [importlib.import_module(name) for name in ("widelearn", "guestlearn")]
    fitprint.disable()
    for name in ("widelearn", "guestlearn"):
        sys.modules.pop(name), sys.modules.pop(f"fitprint_{name}", None)


def recorded():
    return [(run.flavor, run.name) for run in reversed(fitprint.runs())]


def test_each_flavor_records_the_objects_of_its_own_framework(frameworks):
    wide, guest = frameworks
    fitprint.autolog(["widelearn", "guestlearn"], quiet=True, log_models=False)
    assert guest.Boosted().fit().boosted
    assert wide.Mean().fit().trained
    assert recorded() == [("guestlearn", "Boosted"), ("widelearn", "Mean")]


def test_inside_a_recorded_call_nothing_gives_way(frameworks):
    wide, guest = frameworks
    fitprint.autolog(["widelearn", "guestlearn"], quiet=True, log_models=False)
    wide.Chain(wide.Mean(), guest.Boosted()).fit()
    assert recorded() == [("widelearn", "Chain")]


def test_a_class_of_the_user_s_belongs_where_its_base_does(frameworks):
    _, guest = frameworks
    fitprint.autolog(["widelearn", "guestlearn"], quiet=True, log_models=False)

    class Mine(guest.Boosted):
        def fit(self):
            return super().fit()

    Mine().fit()
    assert recorded() == [("guestlearn", "Mine")]


def test_what_the_other_flavor_does_not_record_is_not_lost(frameworks):
    _, guest = frameworks
    fitprint.autolog(["widelearn", "guestlearn"], quiet=True, log_models=False)
    guest.Unpatched().fit()
    assert recorded() == [("widelearn", "Unpatched")], "it has no entry point in this class"
    fitprint.disable()
    fitprint.autolog("widelearn", quiet=True, log_models=False)
    guest.Boosted().fit()
    assert recorded()[1:] == [("widelearn", "Boosted")], "it is off"
