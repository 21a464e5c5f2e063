"""Names of a module that are imported when they are first asked for, so that importing the module costs nothing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def late(module: str, name: str, names_by_module: Mapping[str, Sequence[str]]) -> Any:
    """Import a name for a module's ``__getattr__``, and keep it in the module so that it is imported only once.

    Args:
        module: The name of the module whose attribute was asked for.
        name: The name of the attribute.
        names_by_module: The names that are imported late, by the module that has them: as an attribute, or as a
            submodule.

    Raises:
        AttributeError: The name is not in the table.
    """
    for place, names in names_by_module.items():
        if name in names:
            owner = importlib.import_module(place)
            value = getattr(owner, name, None) if place != module else None
            value = importlib.import_module(f"{place}.{name}") if value is None else value
            setattr(sys.modules[module], name, value)
            return value
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
