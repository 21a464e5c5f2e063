"""Patching attributes: when their module is imported, in place, under the other names bound to them, and back."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

import wrapt
import wrapt.importer

from fitprint._core.process_state import in_forked_child
from fitprint._instrumentation.wrapper import Begin, Patched, is_patched, is_retired, ours, retire

class_attributes: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__
"""Returns what a class itself defines, without asking its metaclass."""
bases_of: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
"""Returns a class and its bases in the order of method resolution, without asking its metaclass."""


def when_imported(module: str, hook: Callable[[Any], None]) -> None:
    """Call a hook with a module once it is imported, or now if it already is.

    Args:
        module: The name of the module.
        hook: A function of the module, which must not raise. wrapt holds no lock while it runs.
    """
    wrapt.register_post_import_hook(hook, module)


@in_forked_child
def _renew_import_lock() -> None:
    # wrapt takes its lock for a moment at every import: a thread that the child does not have may have held it
    wrapt.importer._post_import_hooks_lock = threading.RLock()


class Place:
    """An attribute that was patched.

    Args:
        owner: The module or class that has the attribute.
        name: The name of the attribute.
        patched: The patch that is there now.
        inherited: Whether the owner inherited the attribute before.
    """

    __slots__ = ("inherited", "name", "owner", "patched")

    def __init__(self, owner: Any, name: str, patched: Patched, inherited: bool = False) -> None:
        self.owner = owner
        self.name = name
        self.patched = patched
        self.inherited = inherited

    def restore(self) -> bool:
        """Restore the attribute: the same object as before, or inherited again.

        Returns:
            False if somebody else wrapped the patch, which then stays.
        """
        retire(self.patched)
        value = own_attributes(self.owner).get(self.name)
        if value is not self.patched:
            return ours(value) is None
        if self.inherited:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.patched.__wrapped__)
        return True


def patch_attribute(owner: Any, name: str, begin: Begin) -> Place | None:
    """Patch an attribute that a module or class owns.

    Args:
        owner: The module or class.
        name: The name of the attribute.
        begin: Makes what surrounds each call.

    Returns:
        The patched place; None if the attribute is patched already, or the owner does not own it.

    Raises:
        AttributeError: If the attribute cannot be set.
    """
    original = own_attributes(owner).get(name)
    if is_patched(original) and is_retired(original):  # somebody has put it back, such as a mock that has ended
        original = original.__wrapped__
    if original is None or ours(original) is not None:
        return None
    patched = Patched(original, begin)
    setattr(owner, name, patched)
    return Place(owner, name, patched)


def referred_to(patches: Sequence[Patched], part: Callable[[Patched], Any]) -> tuple[dict[int, Patched], int]:
    """Find the patches of which a part is referred to by something unknown, such as a name in a module.

    Looking at each name of each module takes tens of milliseconds, mostly to find nothing. The interpreter counts
    references, and one count too many only makes us look at more.

    Args:
        patches: The patches. The caller has no other reference to them than this list.
        part: Returns the patch itself, or its original.

    Returns:
        The patches by the id of the part, and how many unknown references there are to all of these parts.
    """
    unknown_to_all = [_patch_of_nothing("Class.method"), _patch_of_nothing("function")]
    *counts, of_method, of_function = [sys.getrefcount(part(patched)) for patched in (*patches, *unknown_to_all)]
    unknown = [
        count - (of_method if type(patched) is Patched else of_function)
        for patched, count in zip(patches, counts, strict=True)
    ]
    referenced = {id(part(patched)): patched for patched, more in zip(patches, unknown, strict=True) if more > 0}
    return referenced, sum(unknown)


def _patch_of_nothing(name: str) -> Patched:
    """Return a patch to which nothing else refers; that of a function refers to its original once more (`Patched`)."""

    def nothing() -> None:
        return

    nothing.__qualname__ = name
    return Patched(nothing, lambda *call: None)


def rebind(patches: Mapping[int, Patched], references: int, modules: Iterable[ModuleType]) -> list[Place]:
    """Replace originals by their patches wherever a module has them under some name.

    Only the dictionaries of the modules are read, so that no module which loads itself lazily is loaded. A module that
    defines a function keeps it under its own name: an object that has held the original is pickled by that name.

    Args:
        patches: The patches by the id of their original.
        references: How many references there are to find. Once they are found, no further module is looked through.
        modules: The modules to look through.

    Returns:
        The places that were patched.
    """
    places: list[Place] = []
    for module in modules:
        if len(places) == references:
            break
        names = own_attributes(module)
        if patches.keys().isdisjoint(map(id, list(names.values()))):  # nearly always, and far quicker than the loop
            continue
        for name, value in list(names.items()):
            patched = patches.get(id(value))
            if patched is None or value is not patched.__wrapped__:
                continue
            if (value.__module__, value.__qualname__) != (module.__name__, name):
                names[name] = patched
                places.append(Place(module, name, patched))
    return places


def put_back(patches: Mapping[int, Patched], modules: Iterable[ModuleType]) -> None:
    """Replace patches by their originals wherever a module has them: a script may have imported them by name.

    Args:
        patches: The patches by their id.
        modules: The modules to look through.
    """
    for module in modules:
        names = own_attributes(module)
        if patches.keys().isdisjoint(map(id, list(names.values()))):
            continue
        for name, value in list(names.items()):
            if is_patched(value) and patches.get(id(value)) is value:
                names[name] = value.__wrapped__


def loaded_modules(below: str | None = None) -> list[ModuleType]:
    """List the imported modules, the latest first: what a framework's functions were imported into comes early.

    Args:
        below: A top-level package; its modules alone are listed.

    Returns:
        The modules.
    """
    return [
        module
        for name, module in reversed(list(sys.modules.items()))
        if (below is None or name == below or name.startswith(f"{below}.")) and issubclass(type(module), ModuleType)
    ]


def own_attributes(owner: Any) -> Any:
    """Return the dictionary of a class or a module, without asking the class or the module itself.

    A framework may warn, or import a module, when an attribute is looked up on a deprecated class or a lazy module.

    Args:
        owner: The class or module.
    """
    return class_attributes(owner) if is_class(owner) else object.__getattribute__(owner, "__dict__")


def package_of(cls: type) -> str:
    """Return the top-level package of the module that defines a class, without asking its metaclass."""
    return str(type.__getattribute__(cls, "__module__")).partition(".")[0]


def is_class(value: Any) -> bool:
    """Return whether a value is a class, without asking the value: `isinstance` looks up ``__class__`` on it."""
    return issubclass(type(value), type)
