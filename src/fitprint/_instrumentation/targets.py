"""Patching an attribute in place, rebinding the names bound to it elsewhere, and restoring both."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from fitprint._instrumentation.wrapper import Begin, Patched, ours


class Place:
    """An attribute of a module or a class that was patched."""

    __slots__ = ("inherited", "name", "owner", "patched")

    def __init__(self, owner: Any, name: str, patched: Patched, inherited: bool = False) -> None:
        self.owner = owner
        self.name = name
        self.patched = patched
        self.inherited = inherited

    def restore(self) -> bool:
        """Puts the attribute back: the same object, or inherited again. False where somebody else wrapped over us."""
        if vars(self.owner).get(self.name) is not self.patched:
            return ours(vars(self.owner).get(self.name)) is None
        if self.inherited:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.patched.__wrapped__)
        return True


def patch_attribute(owner: Any, name: str, begin: Begin) -> Place | None:
    """Patches an attribute that a module or class owns; None when it is patched already, or not there.

    Raises AttributeError where the attribute cannot be set.
    """
    original = vars(owner).get(name)
    if original is None or ours(original) is not None:
        return None
    patched = Patched(original, begin)
    setattr(owner, name, patched)
    return Place(owner, name, patched)


def rebind(patches: Mapping[int, Patched], modules: Iterable[ModuleType]) -> list[Place]:
    """Puts patches in the place of their originals wherever a module has these under some name.

    ``patches`` by the id of the original. Reads only the dictionaries of modules, so no lazy module is woken.
    """
    places = []
    for module in modules:
        names = vars(module)
        for name, value in list(names.items()):
            patched = patches.get(id(value))
            if patched is not None and value is patched.__wrapped__:
                names[name] = patched
                places.append(Place(module, name, patched))
    return places


def loaded_modules(below: str | None = None) -> list[ModuleType]:
    """The imported modules, or those of one top-level package."""
    found = list(sys.modules.items())
    return [
        module
        for name, module in found
        if isinstance(module, ModuleType) and (below is None or name == below or name.startswith(below + "."))
    ]
