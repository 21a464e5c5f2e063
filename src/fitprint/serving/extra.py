"""The packages that serving needs beyond those of fitprint itself, and those that make it faster."""

from __future__ import annotations

import importlib.util
from typing import Any

from fitprint._core.guard import attempt

NEEDED = ("starlette", "uvicorn", "prometheus_client")


def missing() -> str | None:
    """Return what to say where a needed package is not installed; None where all of them are."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    return f'serving needs what is not installed here ({", ".join(absent)}): pip install "fitprint[serve]"'


def optional_function(module: str, name: str) -> Any:
    """Return a function of a package that makes serving faster; None if this version of it is not installed."""
    is_installed, imported = attempt(importlib.import_module, module)
    return getattr(imported, name, None) if is_installed else None
