"""Checks: the flavor is found, it is turned on and off in any order, and every attribute is as before afterwards."""

from __future__ import annotations

import importlib
import inspect
import pickle
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import fitprint
from fitprint._instrumentation.patches import EVERY_FUNCTION, public_functions
from fitprint._instrumentation.wrapper import ours
from fitprint.plugin.entry_points import Patch
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case

_LOOKS = """
import json, sys
name, modules = map(json.loads, sys.argv[1:])
import fitprint
fitprint.status()
namespace = getattr(fitprint, name)
fitprint.autolog(name)
fitprint.status()
print(json.dumps([name for name in modules if name in sys.modules]))
"""
_LISTED = """
import contextlib, io, json, sys
name, = map(json.loads, sys.argv[1:])
from fitprint.cli import main
printed = io.StringIO()
sys.argv = ["fitprint", "flavors", "--json"]
with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
    main()
print(json.dumps(next((row for row in json.loads(printed.getvalue())["flavors"] if row["name"] == name), None)))
"""


class DiscoveryChecks:
    """The flavor is found through its entry points alone."""

    def test_discovery_imports_no_framework(self, bench: Bench) -> None:
        """`import fitprint`, `autolog()` and `status()` import neither the plugin nor its framework."""
        plugin = bench.entry.point.module.partition(".")[0]
        woken = bench.script(_LOOKS, bench.name, [plugin, *bench.entry.modules], what="turning it on")
        assert not woken, (
            f"before anybody has imported the framework, turning the flavor on has imported {', '.join(woken)}; look "
            "at what a .pth file or sitecustomize of yours imports, and at the entry points: the group "
            "fitprint.imports names the framework's own top-level modules"
        )

    def test_it_is_listed(self, bench: Bench) -> None:
        """`fitprint flavors` lists it with its version and range, and `fitprint.<flavor>` is its namespace."""
        row = bench.script(_LISTED, bench.name, what="fitprint flavors")
        assert row is not None, f"`fitprint flavors` does not list {bench.name}: look at the plugin's entry points"
        assert row["state"] == "available", (
            f"`fitprint flavors` says {row['state']}: {row['reason']}; look at the range in the plugin's `instruments` "
            "extra, and at what is installed"
        )
        assert row["range"], (
            "the plugin's metadata has no supported range: give one in its `instruments` extra, such as tinyboost>=1,<2"
        )
        assert repr(getattr(fitprint, bench.name)) == f"<fitprint flavor {bench.name}>", (
            f"fitprint.{bench.name} is not the namespace of the flavor: give the entry point another name, because "
            "this one is taken"
        )

    def test_it_is_on_once_its_framework_is_imported(self, bench: Bench) -> None:
        """After `autolog()` its state is `on`, with the version of the framework."""
        bench.on()
        (row,) = [row for row in fitprint.status() if row.name == bench.name]
        assert row.state == "on", (
            f"the state of the flavor is {row.state}: {row.reason}; look at patches(): each names a module and "
            "a function or method in it that are there"
        )
        assert row.version, (
            "status() knows no version of the framework: look at the `instruments` extra, which has to name the "
            "distribution that brings the framework"
        )
        assert bench.flavor.tops(), (
            "patches() names no entry point, so nothing can be recorded: name the framework's training functions"
        )


_ORDER = """
import importlib, json, sys
steps, modules, flavor, place = map(json.loads, sys.argv[1:])
case, enabled, runs, trained = None, False, [], []
for step in steps:
    if step == "import":
        for module in modules:
            importlib.import_module(module)
    elif step == "bind":
        from fitprint.testing.bench import case_of
        case = case_of(*place)
    import fitprint
    if step == "enable":
        fitprint.autolog(flavor, strict=True, quiet=True)
        enabled = True
    elif step == "disable":
        fitprint.disable()
    if enabled and (case is not None or any(module in sys.modules for module in modules)):
        from fitprint.testing.bench import case_of
        case = case or case_of(*place)
        before = len([run for run in fitprint.runs() if run.parent_id is None])
        trained.append(case.trained(case.data()))
        runs.append(len([run for run in fitprint.runs() if run.parent_id is None]) - before)
row = next(row for row in fitprint.status() if row.name == flavor)
print(json.dumps([runs, row.state, row.reason]))
"""
_ORDERS = {
    "enable, import, enable, disable": (1, 1, 0),
    "enable, disable, import, enable": (0, 1),
    "import, enable, disable, enable": (1, 0, 1),
    "bind, enable, disable": (1, 0),
}
"""Orders, and how often each training leaves its runs: one follows each step from the first on at which the framework
is imported and the flavor has been enabled."""
_RESTORED = """
import json, sys
flavor, modules, place = map(json.loads, sys.argv[1:])
import fitprint
from fitprint.testing.attributes import attributes, differences
from fitprint.testing.bench import case_of
case = case_of(*place)
case.trained(case.data())
first = attributes(modules)
case.trained(case.data())
before = attributes(modules)
moving = set(differences(first, before))
changes = {}
fitprint.autolog(flavor, strict=True, quiet=True)
on = attributes(modules)
changes["patched"] = len(differences(before, on))
fitprint.autolog(flavor, strict=True, quiet=True)
changes["twice"] = sorted(set(differences(on, attributes(modules))) - moving)
case.trained(case.data())
fitprint.disable()
changes["after"] = sorted(set(differences(before, attributes(modules))) - moving)
print(json.dumps(changes))
"""


class PatchingChecks:
    """Patches are put in place once, whatever the order, and taken back exactly."""

    @pytest.mark.parametrize("order", _ORDERS)
    def test_any_order_of_enabling_and_importing(self, bench: Bench, order: str) -> None:
        """In a process of its own; "bind" imports the test file, with all that it imports by name."""
        case = _first(bench)
        runs, state, reason = bench.script(
            _ORDER,
            order.split(", "),
            list(bench.entry.modules),
            bench.name,
            bench.case_arguments(case),
            what=f"the order {order}, with trainings of the case {case.name}, failed",
            warm=order.startswith(("import", "bind")),  # the framework is imported first in any case
        )
        expected = [case.runs * recorded for recorded in _ORDERS[order]]
        assert runs == expected, (
            f"in the order {order}, trainings of the case {case.name} left {runs} runs, not {expected} (in the end the "
            f"flavor is {state} {reason}): look at patches(): a function has to be named in the module that defines "
            "it, since that is found under any name; and at whether the plugin patches anything by itself, which "
            "fitprint does not take back"
        )

    def test_disabling_restores_every_attribute(self, bench: Bench) -> None:
        """The framework's modules and classes have the very same attributes as before, in the same order."""
        for case in bench.cases:
            arguments = bench.name, sorted(_tops(bench)), bench.case_arguments(case)
            what = f"turning it on and off around the case {case.name}"
            changes = bench.script(_RESTORED, *arguments, what=what, warm=True)
            assert changes["patched"], (
                "turning the flavor on changes no attribute of the framework: look at patches(), each of which names "
                "the module or the class that defines a function"
            )
            assert not changes["twice"], (
                f"turning it on a second time changes {changes['twice'][:10]}: look for what the plugin itself sets "
                "on the framework; a second autolog() has nothing left to patch"
            )
            assert not changes["after"], (
                f"after disable() these are not the same objects as before: {changes['after'][:10]}; look for what "
                "the plugin itself sets on the framework's modules, classes and objects, in listen() or at its import"
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
        patches = [patch for patch in bench.flavor.patches() if patch.module in sys.modules]
        assert patches, "no module that patches() names is imported: import the framework in the test file"
        before = {place: _own(place) for patch in patches for place in _places(patch)}
        pickles = {place: _pickle(original) for place, original in before.items()}
        bench.on()
        for place, original in before.items():
            patched, name = _own(place), place.label
            assert place.below or ours(vars(place.owner)[place.name]) is not None, (
                f"{name} is not patched: look at patches(), and at `fitprint flavors`, which says what is out of reach"
            )
            assert _signature(patched) == _signature(original), (
                f"the signature of {name} is {_signature(patched)} when it is patched, and {_signature(original)} "
                "before: look for a wrapper of the plugin's own, and let patches() name the function instead"
            )
            for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
                before_patch = getattr(original, attribute, None)
                assert getattr(patched, attribute, None) == before_patch, (
                    f"{attribute} of {name} is different when it is patched: look for a wrapper of the plugin's "
                    "own, and let patches() name the function instead"
                )
            stream = _pickle(patched)
            assert stream or not pickles[place], (
                f"{name} can be pickled, and cannot when it is patched: let patches() name it in the module that "
                "defines it"
            )
            assert b"fitprint" not in stream, (
                f"the pickle of {name} names fitprint when it is patched: let patches() name it in the module that "
                "defines it"
            )

    def test_inherited_methods_are_patched(self, bench: Bench) -> None:
        """With `subclasses=True`, every class below has the patched method, wherever it inherits it from."""
        bench.on()
        tops = _tops(bench)
        missed = sorted(
            f"{cls.__module__}.{cls.__qualname__}.{patch.target.rpartition('.')[2]}"
            for patch in bench.flavor.patches()
            if patch.subclasses and patch.module in sys.modules
            for cls in _below(patch)
            if cls.__module__.partition(".")[0] in tops and not _is_patched(cls, patch.target.rpartition(".")[2])
        )
        assert not missed, (
            f"these methods are not patched, although a patch with subclasses=True names their class: {missed[:10]}; "
            "look at where each is defined, and name that class in patches() too"
        )


def _below(patch: Patch) -> Iterator[type]:
    """Yield the class that a patch names and all classes below it."""
    waiting = [_owner(patch)]
    while waiting:
        cls = waiting.pop()
        if isinstance(cls, type):
            yield cls
            waiting += type.__subclasses__(cls)


def _is_patched(cls: type, name: str) -> bool:
    """Return whether a class has no such method, or one that is patched."""
    owner = next((owner for owner in cls.__mro__ if name in vars(owner)), None)
    if owner is None or getattr(vars(owner)[name], "__isabstractmethod__", False):
        return True
    return ours(vars(owner)[name]) is not None


class _Place(NamedTuple):
    owner: Any
    name: str
    below: bool
    """Whether it was found below the class that a patch names: it may belong to another flavor there."""

    @property
    def label(self) -> str:
        where = getattr(self.owner, "__qualname__", "")
        return ".".join(filter(None, (getattr(self.owner, "__module__", self.owner.__name__), where, self.name)))


def _first(bench: Bench) -> Case:
    assert bench.cases, f"{bench.kind.__name__} has no cases: give at least one Case, in `cases`"
    return bench.cases[0]


def _tops(bench: Bench) -> set[str]:
    return {*bench.entry.modules, *bench.flavor.tops()}


def _own(place: _Place) -> Any:
    return getattr(place.owner, place.name)


def _owner(patch: Patch) -> Any:
    """Return the module or the class whose attribute a patch names; None if there is no such class."""
    owner: Any = importlib.import_module(patch.module)
    for part in patch.target.split(".")[:-1]:
        owner = getattr(owner, part, None)
    return owner


def _places(patch: Patch) -> list[_Place]:
    """Return where a patch's function or methods are defined; fail if it names nothing, or an inherited method."""
    owner, name = _owner(patch), patch.target.rpartition(".")[2]
    if patch.target == EVERY_FUNCTION:
        return [_Place(owner, function, False) for function in public_functions(owner, patch.besides)]
    waiting, places, from_mixins = [owner], [], []
    while waiting:
        cls = waiting.pop()
        if cls is not None and name in vars(cls):
            places.append(_Place(cls, name, cls is not owner))
        elif cls is not owner and hasattr(cls, name):
            from_mixins.append(_Place(cls, name, True))
        if patch.subclasses and isinstance(cls, type):
            waiting += type.__subclasses__(cls)
    places = places or from_mixins  # methods that the classes below inherit from beside the tree
    if not places:
        parent = next((cls for cls in getattr(owner, "__mro__", ()) if name in vars(cls)), None)
        if parent is not None:
            pytest.fail(
                f"{patch.module}.{patch.target} is inherited: look at patches(): name the class that defines it, "
                f'Patch("{parent.__module__}", "{parent.__qualname__}.{name}", subclasses=True)',
                pytrace=False,
            )
        pytest.fail(
            f"{patch.module}.{patch.target} is not there: look at patches(): each names a function in the module that "
            "defines it, or a method in the class that defines it (subclasses=True: in that class or in those below)",
            pytrace=False,
        )
    return list(dict.fromkeys(places))


def _signature(function: Any) -> str:
    try:
        return str(inspect.signature(function))
    except (
        ValueError,
        TypeError,
    ):  # a compiled function without a signature, or no function at all, such as a property
        return "none"


def _pickle(function: Any) -> bytes:
    try:
        return pickle.dumps(function)
    except (pickle.PicklingError, TypeError, AttributeError):
        return b""
