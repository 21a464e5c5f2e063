"""The patches of one flavor: applied once its modules are imported, and restored."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

from fitprint._core.guard import guarded
from fitprint._instrumentation.class_trees import ClassTree, Creation
from fitprint._instrumentation.targets import (
    Place,
    bases_of,
    is_class,
    loaded_modules,
    own_attributes,
    package_of,
    patch_attribute,
    put_back,
    rebind,
    referred_to,
    when_imported,
)
from fitprint._instrumentation.wrapper import Begin, Patched, ours
from fitprint.plugin.contract import Flavor
from fitprint.plugin.entry_points import Patch, Role

EVERY_FUNCTION = "*"
"""The target of a patch that stands for each public function of its module."""
MakeBegin = Callable[[Flavor, Patch], Begin]
_creation = Creation()


class FlavorPatches:
    """Every attribute that one flavor patches.

    Args:
        flavor: The flavor.
        make_begin: Makes the `Begin` of one patch.
        is_ours: Whether a class is this flavor's to patch.
    """

    def __init__(self, flavor: Flavor, make_begin: MakeBegin, is_ours: Callable[[type], bool]) -> None:
        self._flavor = flavor
        self._make_begin = make_begin
        self._is_ours = is_ours
        self._places: list[Place] = []
        self._trees: list[ClassTree] = []
        self._training_classes: set[type] = set()
        self._waiting: dict[str, list[Patch]] = {}
        # a method that is named itself comes first: it is recorded on every object, and a tree adds nothing to it
        self._unready: list[Patch] = sorted(flavor.patches(), key=lambda patch: patch.subclasses)

    def apply(self, imported: str | None = None) -> None:
        """Patch what is imported, and wait for the rest.

        A module that this thread is still importing, because one module of the framework imports another, is left for
        the next call, which comes when that import has ended.

        Args:
            imported: A module whose import has just ended.

        Raises:
            ImportError: If a module in a patch cannot be imported.
            AttributeError: If a patch names something that does not exist, or cannot be set.
        """
        patches, self._unready = self._unready, []
        ready = []
        for patch in patches:
            if patch.module not in sys.modules:
                self._wait(patch)
            elif patch.module != imported and _is_being_imported(patch.module):
                self._unready.append(patch)
            else:
                ready.append(patch)
        self._apply_all(ready)
        if patches:
            self._rebind()

    def restore(self) -> list[str]:
        """Restore every attribute.

        Returns:
            The names of those that stay patched, because somebody else wrapped the patch.
        """
        self._waiting.clear()
        self._unready.clear()
        left = [f"{_name(place.owner)}.{place.name}" for place in self._places if not place.restore()]
        functions = self._functions()
        self._places.clear()
        patches, references = referred_to(functions, lambda patched: patched)
        if references:
            put_back(patches, loaded_modules())
        for tree in self._trees:
            left += _creation.forget(tree)
        self._trees.clear()
        return left

    def trains(self, cls: type) -> bool:
        """Return whether a class, or a base of it, has an entry point that trains."""
        return not self._training_classes.isdisjoint(bases_of(cls))

    def out_of_reach(self) -> list[str]:
        """Say which classes inherit a method that could not be patched, in sentences."""
        return [sentence for tree in self._trees for sentence in tree.out_of_reach()]

    def _wait(self, patch: Patch) -> None:
        if patch.module not in self._waiting:
            self._waiting[patch.module] = []
            when_imported(patch.module, self._imported)
        self._waiting[patch.module].append(patch)

    def _imported(self, module: Any) -> None:
        """Apply the patches of one module. A post-import hook: whatever goes wrong here, the user's import succeeds."""
        with guarded("turning the flavor on", self._flavor.name, lost="failed"):
            patches = self._waiting.pop(module.__name__, ())
            self._apply_all(patches)
            if any(patch.target == EVERY_FUNCTION for patch in patches):  # it may import them from other modules
                self._rebind(module.__name__.partition(".")[0])

    def _apply_all(self, patches: Iterable[Patch]) -> None:
        known = len(self._trees)
        for patch in patches:
            self._apply(patch)
        _creation.watch_mixins({package_of(tree.base) for tree in self._trees[known:]})

    def _apply(self, patch: Patch) -> None:
        owner: Any = importlib.import_module(patch.module)
        if patch.target == EVERY_FUNCTION:
            for function in public_functions(owner, patch.besides):
                self._apply(replace(patch, target=function))
            return
        *path, name = patch.target.split(".")
        owner = functools.reduce(getattr, path, owner)
        if is_class(owner) and patch.role is Role.TRAINS:
            self._training_classes.add(owner)
        begin = self._make_begin(self._flavor, patch)
        if patch.subclasses:
            tree = ClassTree(owner, (name,), begin, self._is_ours, self._flavor.tops())
            self._trees.append(tree)
            _creation.watch(tree)
            return
        place = patch_attribute(owner, name, begin)
        if place is not None:
            self._places.append(place)

    def _rebind(self, below: str | None = None) -> None:
        """Patch names that were bound before: a `from framework import train` at the top of a script."""
        patches, references = referred_to(self._functions(), lambda patched: patched.__wrapped__)
        if references:
            self._places += rebind(patches, references, loaded_modules(below))

    def _functions(self) -> list[Patched]:
        """Return the patches of functions, which other modules may have under names of their own."""
        return list({id(place.patched): place.patched for place in self._places if not is_class(place.owner)}.values())


def public_functions(module: ModuleType, besides: Collection[str]) -> list[str]:
    """Return the names of the functions in a module's ``__all__``, else of its own functions, without some of them."""
    names = own_attributes(module)
    functions = [name for name, value in names.items() if type(value) is FunctionType or ours(value) is not None]
    public = names.get("__all__")
    if public is None:
        public = [name for name in functions if name[0] != "_" and names[name].__module__ == module.__name__]
    return [name for name in public if name in functions and name not in besides]


def patch_new_classes() -> None:
    """Patch classes whose methods were added after their creation, as for classes that a worker unpickled."""
    _creation.patch_all()


def _is_being_imported(module: str) -> bool:
    """Return True if this thread is importing a module; where another thread imports it, wait for that."""
    spec = getattr(importlib.import_module(module), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def _name(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else str(owner.__name__)
