"""Checks: turned on and off in any order, and every attribute as it was."""

from __future__ import annotations

import importlib
import inspect
import pickle
import sys
from typing import Any, NamedTuple

import pytest

from fitprint._instrumentation.wrapper import ours
from fitprint.plugin.contract import Patch
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case

_ORDER = """
import importlib, json, sys
steps, modules, flavor, place = map(json.loads, sys.argv[1:])
for step in steps:
    if step == "import":
        for each in modules:
            importlib.import_module(each)
    elif step == "enable":
        import fitprint
        fitprint.autolog(flavor, strict=True, quiet=True)
    elif step == "disable":
        import fitprint
        fitprint.disable()
    elif step == "bind":
        from fitprint.testing.bench import case_of
        case = case_of(*place)
from fitprint.testing.bench import case_of
case = case_of(*place) if "bind" not in steps else case
case.train(case.data())
import fitprint
row = next(each for each in fitprint.status() if each.name == flavor)
print(json.dumps([len([run for run in fitprint.runs() if run.parent_id is None]), row.state, row.reason]))
"""
_ORDERS = {
    "enable, import": True,
    "import, enable": True,
    "bind, enable": True,
    "enable, import, enable": True,
    "import, enable, disable, enable": True,
    "enable, disable, import": False,
    "enable, import, disable": False,
    "import, enable, disable": False,
}
_RESTORED = """
import json, sys
flavor, modules, place = map(json.loads, sys.argv[1:])
import fitprint
from fitprint.testing.attributes import attributes, differences
from fitprint.testing.bench import case_of
case = case_of(*place)
case.train(case.data())
first = attributes(modules)
case.train(case.data())
before = attributes(modules)
moving = set(differences(first, before))
found = {}
fitprint.autolog(flavor, strict=True, quiet=True)
on = attributes(modules)
found["patched"] = len(differences(before, on))
fitprint.autolog(flavor, strict=True, quiet=True)
found["twice"] = sorted(set(differences(on, attributes(modules))) - moving)
case.train(case.data())
fitprint.disable()
found["after"] = sorted(set(differences(before, attributes(modules))) - moving)
print(json.dumps(found))
"""


class PatchingChecks:
    """Patches are put in place whatever the order, once, and taken back exactly."""

    @pytest.mark.parametrize("order", _ORDERS)
    def test_any_order_of_enabling_and_importing(self, bench: Bench, order: str) -> None:
        """In a fresh process; "bind": the test file is imported, with all that it has from the framework by name."""
        case = _first(bench)
        found, state, reason = bench.script(
            _ORDER,
            order.split(", "),
            list(bench.entry.modules),
            bench.name,
            bench.case_arguments(case),
            what=f"the order {order}, then training the case {case.name}",
        )
        wanted = case.runs if _ORDERS[order] else 0
        assert found == wanted, (
            f"after {order}, the case {case.name} left {found} runs, not {wanted} (the flavor is {state} {reason}): "
            "look at patches(): a function has to be named in the module that defines it, since that is found under "
            "any name; and at whether the plugin patches anything by itself, which fitprint does not take back"
        )

    def test_disabling_restores_every_attribute(self, bench: Bench) -> None:
        """The framework's modules and classes have the very same attributes as before, in the same order."""
        for case in bench.kind.cases:  # type: ignore[attr-defined]
            arguments = bench.name, sorted(_tops(bench)), bench.case_arguments(case)
            found = bench.script(_RESTORED, *arguments, what=f"turning it on and off around the case {case.name}")
            assert found["patched"], "turning the flavor on changes no attribute of the framework: look at patches()"
            assert not found["twice"], f"turning it on a second time changes {found['twice'][:10]}"
            assert not found["after"], (
                f"after disable() these are others than before: {found['after'][:10]}; look for what the plugin sets "
                "on the framework's modules, classes and objects by itself, in listen() or at its import"
            )

    def test_enabling_twice_records_once(self, bench: Bench) -> None:
        """Each call of `autolog()` replaces the one before."""
        case = _first(bench)
        bench.on()
        bench.on()
        bench.on(log_models=False)
        bench.expect_runs(case.runs, bench.train(case).runs, f"one training of {case.name}, after three autolog()")

    def test_patched_functions_look_as_before(self, bench: Bench) -> None:
        """Signature, name, module and documentation are the originals, and pickles hold the original."""
        patches = [each for each in bench.flavor.patches() if each.module in sys.modules]
        assert patches, "no module that patches() names is imported: import the framework in the test file"
        before = {place: _own(place) for each in patches for place in _places(each)}
        pickles = {place: _pickle(original) for place, original in before.items()}
        bench.on()
        for place, original in before.items():
            patched, name = _own(place), place.shown
            assert place.below or ours(vars(place.owner)[place.name]) is not None, (
                f"{name} is not patched: look at patches()"
            )
            assert _signature(patched) == _signature(original), f"the signature of {name} is another one when patched"
            for about in ("__name__", "__qualname__", "__module__", "__doc__"):
                assert getattr(patched, about, None) == getattr(original, about, None), f"{about} of {name} is another"
            stream = _pickle(patched)
            assert stream or not pickles[place], f"{name} can be pickled, and cannot when it is patched"
            assert b"fitprint" not in stream, f"the pickle of {name} names fitprint when it is patched"


class _Place(NamedTuple):
    owner: Any
    name: str
    below: bool
    """Whether it was found below the class that a patch names: there it may be another flavor's."""

    @property
    def shown(self) -> str:
        where = getattr(self.owner, "__qualname__", "")
        return ".".join(filter(None, (getattr(self.owner, "__module__", self.owner.__name__), where, self.name)))


def _first(bench: Bench) -> Case:
    cases = bench.kind.cases  # type: ignore[attr-defined]
    assert cases, f"{bench.kind.__name__} has no cases: give at least one Case"
    found: Case = cases[0]
    return found


def _tops(bench: Bench) -> set[str]:
    return {*bench.entry.modules, *bench.flavor.tops()}


def _own(place: _Place) -> Any:
    return getattr(place.owner, place.name)


def _places(patch: Patch) -> list[_Place]:
    """Where a patch's function or methods lie. Fails where it names nothing, or what a class inherits."""
    owner: Any = importlib.import_module(patch.module)
    *path, name = patch.target.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    waiting, found = [owner], []
    while waiting:
        each = waiting.pop()
        if each is not None and name in vars(each):
            found.append(_Place(each, name, each is not owner))
        if patch.subclasses and isinstance(each, type):
            waiting += type.__subclasses__(each)
    if not found:
        pytest.fail(
            f"{patch.module}.{patch.target} is not there: look at patches(): each names a function in the module that "
            "defines it, or a method in the class that defines it (subclasses=True: in that class or in those below)",
            pytrace=False,
        )
    return list(dict.fromkeys(found))


def _signature(function: Any) -> str:
    try:
        return str(inspect.signature(function))
    except (ValueError, TypeError):  # of a compiled function that tells none, or of what is no function: a property
        return "none"


def _pickle(function: Any) -> bytes:
    try:
        return pickle.dumps(function)
    except (pickle.PicklingError, TypeError, AttributeError):
        return b""
