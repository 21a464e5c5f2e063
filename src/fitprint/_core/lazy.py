"""Names of a module that are imported when they are first asked for, so that importing the module costs nothing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def late(module: str, name: str, names_by_module: Mapping[str, Sequence[str]]) -> Any:
    """For a module's ``__getattr__``: the name from the module that has it, kept so that it is asked for once.

    Raises AttributeError for a name that is nowhere.
    """
    for place, names in names_by_module.items():
        if name in names:
            found = getattr(importlib.import_module(place), name)
            setattr(sys.modules[module], name, found)
            return found
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
