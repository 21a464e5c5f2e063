"""Every attribute of a framework's modules and classes, to see what is another one afterwards."""

from __future__ import annotations

import sys
from collections.abc import Collection
from types import ModuleType
from typing import Any

# kept by copyreg on the class of any object that is pickled, by warnings in any module that warned
_NOT_OURS = ("__slotnames__", "__warningregistry__", "__abstractmethods__", "_abc_impl", "__annotations__")

Attributes = dict[str, dict[str, Any]]


def attributes(tops: Collection[str]) -> Attributes:
    """From the name of each module and class below these top-level modules, of others derived from them too."""
    modules = [each for name, each in list(sys.modules.items()) if name.partition(".")[0] in tops]
    found: Attributes = {}
    waiting: list[type] = []
    for module in modules:
        if isinstance(module, ModuleType):
            found[f"module {module.__name__}"] = _own(module)
            waiting += [each for each in list(vars(module).values()) if isinstance(each, type)]
    seen: set[type] = set()
    while waiting:
        cls = waiting.pop()
        if cls in seen or cls is object or cls.__module__.partition(".")[0] in ("builtins", "typing", "fitprint"):
            continue
        seen.add(cls)
        found[f"{cls.__module__}.{cls.__qualname__} {id(cls)}"] = _own(cls)
        if cls.__module__.partition(".")[0] in tops:
            waiting += type.__subclasses__(cls)
    return found


def differences(before: Attributes, after: Attributes) -> list[str]:
    """The attributes that are other objects, and what is there that was not; without ids, so that they compare."""
    found = []
    for owner, names in before.items():
        shown = owner.rpartition(" ")[0] if not owner.startswith("module ") else owner
        now = after.get(owner, {})
        if list(names) != list(now):
            found.append(f"the names in {shown}: {sorted({*names} ^ {*now}) or 'their order'}")
        found += [f"{shown}.{name}" for name in names if name in now and now[name] is not names[name]]
    return found


def _own(owner: Any) -> dict[str, Any]:
    found = {name: value for name, value in list(vars(owner).items()) if name not in _NOT_OURS}
    return {**found, "(itself)": owner}  # kept alive, so that no other class gets its id
