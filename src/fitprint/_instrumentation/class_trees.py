"""Patching a method in every class below a base: the classes that exist, and those that are created later.

A class is patched only where it owns the method, and only after its creation has ended: whatever `__init_subclass__`
of a base wraps around the method is then beneath the patch, and can be restored as it was.
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
    """A base class with the methods to patch in the classes below it.

    Args:
        base: The base class; it is patched too.
        names: The names of the methods.
        begin: Makes what surrounds each call.
        is_ours: Whether a class is to be patched; another flavor may patch it.
    """

    def __init__(self, base: type, names: tuple[str, ...], begin: Begin, is_ours: Callable[[type], bool]) -> None:
        self.base = base
        self.names = names
        self.begin = begin
        self.is_ours = is_ours

    def patch(self, cls: type) -> None:
        """Patch the methods that one class owns."""
        if not self.is_ours(cls):
            return
        for name in self.names:
            if name in vars(cls):
                patch_attribute(cls, name, self.begin)

    def patch_all(self) -> None:
        """Patch every class that exists."""
        for cls in below(self.base):
            self.patch(cls)

    def restore_all(self) -> list[str]:
        """Restore every class.

        Returns:
            The names of the attributes that stay patched, because somebody else wrapped the patch.
        """
        left = []
        for cls in below(self.base):
            for name in self.names:
                value = vars(cls).get(name)
                patched = ours(value) if value is not None else None
                if patched is not None and not Place(cls, name, patched).restore():
                    left.append(f"{cls.__module__}.{cls.__qualname__}.{name}")
        return left


class Creation:
    """Watches the creation of classes for all trees, by a patch of every `__init_subclass__` that they inherit.

    There is one exception to "after its creation has ended": the first class below a mixin of another package, which
    is not known before, is patched beneath what the mixin wraps around the method.
    """

    def __init__(self) -> None:
        self.trees: list[ClassTree] = []
        self._places: list[Place] = []

    def watch(self, tree: ClassTree) -> None:
        """Patch a tree now, and every class that is created below its base from now on."""
        self.trees.append(tree)
        tree.patch_all()
        owners = {owner for cls in below(tree.base) for owner in cls.__mro__ if _HOOK in vars(owner)} - {object}
        if not any(owner in tree.base.__mro__ for owner in owners):
            self._add_hook(tree.base)
        for owner in owners | _mixins(tree.base.__module__.partition(".")[0]):
            self._hook(owner)

    def forget(self, tree: ClassTree) -> list[str]:
        """Restore a tree, and create no more patches for it.

        Returns:
            The names of the attributes that stay patched, because somebody else wrapped the patch.
        """
        self.trees.remove(tree)
        if not self.trees:
            for place in self._places:
                place.restore()
            self._places.clear()
        return tree.restore_all()

    def patch_all(self) -> None:
        """Patch the classes whose methods were added after their creation, as cloudpickle does."""
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

    def _begin(self, function: Any, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _ClassCreation | None:
        """Surround the outermost `__init_subclass__` of a class: after an inner one its creation goes on."""
        if cls is None:  # the hook is a class method written in C, as that of `typing.Generic` is since Python 3.12
            cls = function.__self__
        if not self.trees or getattr(_creating, "cls", None) is cls:
            return None
        return _ClassCreation(self, cls, args, kwargs)

    def completed(self, cls: type) -> None:
        """Patch a class that is complete, and the `__init_subclass__` that its subclasses will call."""
        for tree in self.trees:
            if issubclass(cls, tree.base):
                tree.patch(cls)
        for owner in cls.__mro__[:-1]:  # without `object`
            if _HOOK in vars(owner):
                self._hook(owner)


class _ClassCreation(Passthrough):
    """Surrounds one `__init_subclass__`."""

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
            self._creation.completed(self._cls)


def _mixins(package: str) -> set[type]:
    """Return the classes of a package that define `__init_subclass__`: they may precede the base in a class's bases."""
    values = (value for module in loaded_modules(package) for value in list(vars(module).values()))
    return {value for value in values if isinstance(value, type) and _HOOK in vars(value)} - {object}


def below(base: type) -> Iterator[type]:
    """Iterate over a class and all its subclasses, each once."""
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            yield cls
            waiting.extend(type.__subclasses__(cls))
