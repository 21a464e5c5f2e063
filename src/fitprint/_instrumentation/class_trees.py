"""Patching a method in every class below a base: those there are, and those made later.

A class is patched only where it owns the method, after its creation has ended: what a base's `__init_subclass__` wraps
around a method then lies beneath us, and can be put back as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from fitprint._instrumentation.targets import Place, loaded_modules, patch_attribute
from fitprint._instrumentation.wrapper import Begin, Passthrough, Patched, ours

_HOOK = "__init_subclass__"
_creating = threading.local()


class ClassTree:
    """A base class, the methods to patch below it, and which of its classes are ours to patch."""

    def __init__(self, base: type, names: tuple[str, ...], begin: Begin, is_ours: Callable[[type], bool]) -> None:
        self.base = base
        self.names = names
        self.begin = begin
        self.is_ours = is_ours

    def patch(self, cls: type) -> None:
        """Patches the methods that one class owns."""
        if not self.is_ours(cls):
            return
        for name in self.names:
            if name in vars(cls):
                patch_attribute(cls, name, self.begin)

    def patch_all(self) -> None:
        """Patches every class there is."""
        for cls in below(self.base):
            self.patch(cls)

    def restore_all(self) -> list[str]:
        """Restores every class. Returns the names of attributes where somebody else wrapped over us."""
        left = []
        for cls in below(self.base):
            for name in self.names:
                value = vars(cls).get(name)
                patched = ours(value) if value is not None else None
                if patched is not None and not Place(cls, name, patched).restore():
                    left.append(f"{cls.__module__}.{cls.__qualname__}.{name}")
        return left


class Creation:
    """Watches classes being made: one hook for all trees, in every `__init_subclass__` that their classes inherit.

    Only the first class below a mixin from elsewhere, unknown until then, is patched beneath what that wraps over it.
    """

    def __init__(self) -> None:
        self.trees: list[ClassTree] = []
        self._places: list[Place] = []

    def watch(self, tree: ClassTree) -> None:
        """Patches a tree, and whatever class is made below its base from now on."""
        self.trees.append(tree)
        tree.patch_all()
        owners = {owner for cls in below(tree.base) for owner in cls.__mro__ if _HOOK in vars(owner)} - {object}
        if not any(owner in tree.base.__mro__ for owner in owners):
            self._add_hook(tree.base)
        for owner in owners | _mixins(tree.base.__module__.partition(".")[0]):
            self._hook(owner)

    def forget(self, tree: ClassTree) -> list[str]:
        """Restores a tree. Returns the names of attributes that stay, under what somebody else wrapped over them."""
        self.trees.remove(tree)
        if not self.trees:
            for place in self._places:
                place.restore()
            self._places.clear()
        return tree.restore_all()

    def patch_all(self) -> None:
        """Patches the classes that were made without their methods, which were added later: cloudpickle does so."""
        for tree in self.trees:
            tree.patch_all()

    def _hook(self, owner: type) -> None:
        place = patch_attribute(owner, _HOOK, self._begin)
        if place is not None:
            self._places.append(place)

    def _add_hook(self, base: type) -> None:
        def __init_subclass__(cls: Any, /, **kwargs: Any) -> None:  # noqa: N807
            super(base, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type]

        patched = Patched(classmethod(__init_subclass__), self._begin)
        setattr(base, _HOOK, patched)
        self._places.append(Place(base, _HOOK, patched, inherited=True))

    def _begin(self, function: Any, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _ClassMade | None:
        """Around the outermost `__init_subclass__` of a class: an inner one is followed by more of its creation."""
        if cls is None:  # the hook is a class method written in C, as that of `typing.Generic` is since Python 3.12
            cls = function.__self__
        if not self.trees or getattr(_creating, "cls", None) is cls:
            return None
        return _ClassMade(self, cls, args, kwargs)

    def made(self, cls: type) -> None:
        """A class is complete: patches it, and the hooks that its subclasses will go through."""
        for tree in self.trees:
            if issubclass(cls, tree.base):
                tree.patch(cls)
        for owner in cls.__mro__[:-1]:  # without `object`
            if _HOOK in vars(owner):
                self._hook(owner)


class _ClassMade(Passthrough):
    """Around one `__init_subclass__`."""

    def __init__(self, creation: Creation, cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._creation = creation
        self._cls = cls
        self._outer: type | None = None

    def __enter__(self) -> None:
        self._outer = getattr(_creating, "cls", None)
        _creating.cls = self._cls

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        _creating.cls = self._outer
        if kind is None:
            self._creation.made(self._cls)


def _mixins(package: str) -> set[type]:
    """The classes of a package with a hook of their own: a class may be made with one before the base it is below."""
    values = (value for module in loaded_modules(package) for value in list(vars(module).values()))
    return {value for value in values if isinstance(value, type) and _HOOK in vars(value)} - {object}


def below(base: type) -> Iterator[type]:
    """A class and all its subclasses, each once."""
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            yield cls
            waiting.extend(type.__subclasses__(cls))
