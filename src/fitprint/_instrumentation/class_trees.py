"""Patching a method in every class below a base: the classes that exist, and those that are created later.

A method is patched in the class that owns it, and only after the creation of a class has ended: whatever
`__init_subclass__` of a base wraps around the method is then beneath the patch, and can be restored as it was.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from fitprint._core.guard import attempt
from fitprint._instrumentation.targets import (
    Place,
    bases_of,
    class_attributes,
    is_class,
    loaded_modules,
    own_attributes,
    package_of,
    patch_attribute,
)
from fitprint._instrumentation.wrapper import Begin, CallContext, Look, Passthrough, Patched, begin_of, ours

_HOOK = "__init_subclass__"
_IMMUTABLE = 1 << 8
"""The flag of a class written in C whose attributes cannot be set (``Py_TPFLAGS_IMMUTABLETYPE``)."""
_EVERYONES = frozenset({"builtins", "abc", "typing", "collections"})
"""The packages of bases that belong to no framework."""
_creating = threading.local()


class ClassTree:
    """A base class with the methods to patch in the classes below it.

    A class below may inherit the method from a class beside the base: from a mixin, or from a parent of the base. It is
    patched there too where it belongs to the framework, for the objects of the tree alone.

    Args:
        base: The base class; it is patched too.
        names: The names of the methods.
        begin: Makes what surrounds each call.
        is_ours: Whether a class is to be patched; another flavor may patch it.
        packages: The top-level packages of the framework; by default that of the base. Those of the base's own bases
            count as well: the estimators of XGBoost inherit ``score`` from scikit-learn.
    """

    def __init__(
        self,
        base: type,
        names: tuple[str, ...],
        begin: Begin,
        is_ours: Callable[[type], bool],
        packages: Collection[str] = (),
    ) -> None:
        self.base = base
        self.names = names
        self.begin = begin
        self.is_ours = is_ours
        self.packages = frozenset(packages or (package_of(base),)) | {*map(package_of, bases_of(base))} - _EVERYONES
        self._mixins: weakref.WeakSet[type] = weakref.WeakSet()

    def contains(self, cls: type) -> bool:
        """Return whether a class is the base or below it, and to be patched."""
        return self._is_below(cls) and self.is_ours(cls)

    def patch(self, cls: type) -> None:
        """Patch the methods of one class: those that it owns, and those that it inherits from beside the tree."""
        if not self.is_ours(cls):
            return
        for name in self.names:
            owner = next((owner for owner in _owners(cls, name) if self._is_reached(owner)), None)
            if owner is not None and (owner is cls or not self._is_below(owner)):
                self._patch_owner(owner, name)

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
        for owner in (*below(self.base), *self._mixins):
            for name in self.names:
                patched = ours(class_attributes(owner).get(name))
                if patched is None or not self._is_last_on(owner, patched):
                    continue
                if not Place(owner, name, patched).restore():
                    left.append(f"{owner.__module__}.{owner.__qualname__}.{name}")
        self._mixins.clear()
        return left

    def out_of_reach(self) -> list[str]:
        """Say which classes inherit a method that could not be patched, a sentence for each method and its owner."""
        classes: dict[tuple[type, str], list[type]] = {}
        for cls in filter(self.is_ours, below(self.base)):
            for name in self.names:
                owner = next(_owners(cls, name), None)
                if owner is not None and ours(class_attributes(owner)[name]) is None:
                    classes.setdefault((owner, name), []).append(cls)
        return [self._reason(owner, name, heirs) for (owner, name), heirs in classes.items()]

    def _reason(self, owner: type, name: str, heirs: list[type]) -> str:
        if self._is_reached(owner):
            return f"{owner.__name__}.{name} cannot be replaced, as in a class that is written in C"
        inherit = f"and {len(heirs) - 1} more inherit" if len(heirs) > 1 else "inherits"
        return (
            f"{heirs[0].__name__} {inherit} {name} from {owner.__module__}.{owner.__qualname__}, which is not below "
            f"{self.base.__name__} and not part of {' or '.join(sorted(self.packages))}"
        )

    def _is_below(self, cls: type) -> bool:
        return type.__subclasscheck__(self.base, cls)  # virtual subclasses inherit nothing

    def _is_reached(self, owner: type) -> bool:
        return self._is_below(owner) or package_of(owner) in self.packages

    def _patch_owner(self, owner: type, name: str) -> None:
        patched = ours(class_attributes(owner)[name])
        if patched is None:
            beside = not self._is_below(owner)
            done, place = attempt(patch_attribute, owner, name, MixinBegin() if beside else self.begin)
            if not done and owner is self.base:
                raise place
            if not done or place is None:
                return  # a class that allows no change of its attributes; `out_of_reach` says so
            patched = place.patched
        begin = begin_of(patched)
        if isinstance(begin, MixinBegin):
            begin.add(self)
            self._mixins.add(owner)

    def _is_last_on(self, owner: type, patched: Patched) -> bool:
        """Return whether a patch is of no use to anybody else, once this tree is restored."""
        begin = begin_of(patched)
        return begin.remove(self) if isinstance(begin, MixinBegin) else self.is_ours(owner)


class MixinBegin:
    """The `Begin` of a method beside the trees: a call goes to the tree of its object, if the object is of any."""

    def __init__(self) -> None:
        self._trees: tuple[ClassTree, ...] = ()
        self._begins: dict[int, tuple[weakref.ref[type], Begin | None]] = {}
        """The `Begin` for each class that has been asked about, by the `id` of the class: a call cannot wait for it."""

    def add(self, tree: ClassTree) -> None:
        """Begin the calls on objects of a tree."""
        if tree not in self._trees:
            self._trees += (tree,)
            self._begins.clear()

    def remove(self, tree: ClassTree) -> bool:
        """Leave the calls on objects of a tree alone.

        Returns:
            Whether no tree is left.
        """
        self._trees = tuple(other for other in self._trees if other is not tree)
        self._begins.clear()
        return not self._trees

    def __call__(
        self, function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallContext | Look | None:
        """Begin a call on an object of a tree; for a class method, the instance is the class."""
        cls = type(instance)
        if issubclass(cls, type):
            cls = instance
        asked = self._begins.get(id(cls))
        begin = asked[1] if asked is not None and asked[0]() is cls else self._begin_for(cls)
        return begin(function, instance, args, kwargs) if begin is not None else None

    def _begin_for(self, cls: type) -> Begin | None:
        begin = next((tree.begin for tree in self._trees if tree.contains(cls)), None)
        key = id(cls)
        self._begins[key] = weakref.ref(cls, lambda _: self._begins.pop(key, None)), begin
        return begin


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
        is_watched = any(known.base is tree.base for known in self.trees)
        self.trees.append(tree)
        tree.patch_all()
        if is_watched:
            return
        owners = {owner for cls in below(tree.base) for owner in bases_of(cls) if _HOOK in class_attributes(owner)} - {
            object
        }
        if not any(owner in bases_of(tree.base) for owner in owners):
            self._add_hook(tree.base)
        for owner in owners:
            self._hook(owner)

    def watch_mixins(self, packages: Iterable[str]) -> None:
        """Watch the classes of packages that may precede a tree's base among the bases of a class created later.

        Args:
            packages: The top-level packages of the bases; all trees of one package share this look through it.
        """
        for package in packages:
            for owner in _mixins(package):
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
            if type.__subclasscheck__(tree.base, cls):
                tree.patch(cls)
        for owner in bases_of(cls)[:-1]:  # without `object`
            if _HOOK in class_attributes(owner):
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
    """Return the classes of a package that define `__init_subclass__`, but for those whose attributes cannot be set."""
    values = (value for module in loaded_modules(package) for value in list(own_attributes(module).values()))
    having_hook = {value for value in values if is_class(value) and _HOOK in class_attributes(value)} - {object}
    return {cls for cls in having_hook if not cls.__flags__ & _IMMUTABLE}


def _owners(cls: type, name: str) -> Iterator[type]:
    """Iterate over the classes that own a method which a class has, or had if the ones before did not own it."""
    return (owner for owner in bases_of(cls) if class_attributes(owner).get(name) is not None)


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
