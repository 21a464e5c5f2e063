"""The patches of one flavor: applied where its modules are imported, and put back."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

from fitprint._core.guard import guarded
from fitprint._instrumentation.class_trees import ClassTree, Creation
from fitprint._instrumentation.targets import Place, loaded_modules, patch_attribute, rebind, when_imported
from fitprint._instrumentation.wrapper import Begin, Patched
from fitprint.plugin.flavor import Flavor, Patch

MakeBegin = Callable[[Flavor, Patch], Begin]
_creation = Creation()


class FlavorPatches:
    """Every attribute that one flavor patched."""

    def __init__(self, flavor: Flavor, make_begin: MakeBegin, is_ours: Callable[[type], bool]) -> None:
        self._flavor = flavor
        self._make_begin = make_begin
        self._is_ours = is_ours
        self._places: list[Place] = []
        self._trees: list[ClassTree] = []
        self._waiting: dict[str, list[Patch]] = {}
        self._unready: list[Patch] = list(flavor.patches())

    def apply(self, imported: str | None = None) -> None:
        """Patches what is imported, waits for the rest. Raises what a wrong name in a patch raises.

        ``imported``: a module whose import has just ended. What this thread is in the middle of importing, as where
        one module of the flavor imports another, is left for the next call: when that import has ended too.
        """
        patches, self._unready = self._unready, []
        for patch in patches:
            if patch.module not in sys.modules:
                self._wait(patch)
            elif patch.module != imported and _is_being_imported(patch.module):
                self._unready.append(patch)
            else:
                self._apply(patch)
        if patches:
            self._rebind_everywhere()

    def restore(self) -> list[str]:
        """Puts every attribute back. Returns the names of those that stay under what others wrapped over them."""
        self._waiting.clear()
        self._unready.clear()
        left = [f"{_name(place.owner)}.{place.name}" for place in self._places if not place.restore()]
        for tree in self._trees:
            left += _creation.forget(tree)
        self._places.clear()
        self._trees.clear()
        return left

    def _wait(self, patch: Patch) -> None:
        if patch.module not in self._waiting:
            self._waiting[patch.module] = []
            when_imported(patch.module, self._imported)
        self._waiting[patch.module].append(patch)

    def _imported(self, module: Any) -> None:
        """The post-import hook: whatever goes wrong in here, the user's import goes on."""
        with guarded("turning it on", self._flavor.name):
            for patch in self._waiting.pop(module.__name__, ()):
                self._apply(patch)

    def _apply(self, patch: Patch) -> None:
        owner: Any = importlib.import_module(patch.module)
        *path, name = patch.target.split(".")
        owner = functools.reduce(getattr, path, owner)
        begin = self._make_begin(self._flavor, patch)
        if patch.subclasses:
            tree = ClassTree(owner, (name,), begin, self._is_ours)
            self._trees.append(tree)
            _creation.watch(tree)
            return
        place = patch_attribute(owner, name, begin)
        if place is not None:
            self._places.append(place)

    def _rebind_everywhere(self) -> None:
        """Names bound to a function before it was patched: a `from framework import train` at the top of a script."""
        patches: dict[int, Patched] = {
            id(place.patched.__wrapped__): place.patched for place in self._places if not isinstance(place.owner, type)
        }
        if patches:
            self._places += rebind(patches, loaded_modules())


def patch_new_classes() -> None:
    """Patches classes that got their methods after they were made, as unpickled ones do in a worker."""
    _creation.patch_all()


def _is_being_imported(module: str) -> bool:
    """Whether a module's import is under way in this thread; where another thread imports it, that is waited for."""
    found = importlib.import_module(module)
    return bool(getattr(getattr(found, "__spec__", None), "_initializing", False))


def _name(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else str(owner.__name__)
