"""What a framework's modules and classes have as attributes, to compare before and after patching."""

from __future__ import annotations

import sys
from collections.abc import Collection
from types import ModuleType
from typing import Any

# set by copyreg on the class of any object that is pickled, and by warnings in any module that warned
_NOT_OURS = ("__slotnames__", "__warningregistry__", "__abstractmethods__", "_abc_impl", "__annotations__")

Attributes = dict[str, dict[str, Any]]


def attributes(tops: Collection[str]) -> Attributes:
    """Return the attributes of each module and class below these top-level modules.

    Classes of other modules that are derived from them are included. Left out is what importing a submodule sets in its
    package: that of a framework that ships its flavor itself is imported only when the flavor is turned on.
    """
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in tops]
    attributes_by_owner: Attributes = {}
    waiting: list[type] = []
    for module in modules:
        if isinstance(module, ModuleType):
            attributes_by_owner[f"module {module.__name__}"] = _attributes_of(module)
            waiting += [value for value in list(vars(module).values()) if isinstance(value, type)]
    seen: set[type] = set()
    while waiting:
        cls = waiting.pop()
        where = str(getattr(cls, "__module__", ""))  # the metaclass of some classes in C++ says that they have none
        if cls in seen or cls is object or where.partition(".")[0] in ("builtins", "typing", "fitprint"):
            continue
        seen.add(cls)
        attributes_by_owner[f"{where}.{cls.__qualname__} {id(cls)}"] = _attributes_of(cls)
        if where.partition(".")[0] in tops:
            waiting += type.__subclasses__(cls)
    return attributes_by_owner


def differences(before: Attributes, after: Attributes) -> list[str]:
    """Return the attributes that are other objects, and those that are new or gone.

    They are named without ids, so that the results of two processes compare.
    """
    changed = []
    for owner, names in before.items():
        label = owner.rpartition(" ")[0] if not owner.startswith("module ") else owner
        now = after.get(owner, {})
        if list(names) != list(now):
            changed.append(f"the names in {label}: {sorted({*names} ^ {*now}) or 'their order'}")
        changed += [f"{label}.{name}" for name in names if name in now and now[name] is not names[name]]
    return changed


def _attributes_of(owner: Any) -> dict[str, Any]:
    own = {
        name: value
        for name, value in list(vars(owner).items())
        if name not in _NOT_OURS and not _is_submodule(owner, name, value)
    }
    return {**own, "(itself)": owner}  # kept alive, so that no other class can get its id


def _is_submodule(owner: Any, name: str, value: Any) -> bool:
    return isinstance(value, ModuleType) and sys.modules.get(f"{owner.__name__}.{name}") is value
