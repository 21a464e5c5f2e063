"""The packages that serving needs beyond fitprint's own, and what to install where they are missing."""

from __future__ import annotations

import importlib.util

NEEDED = ("starlette", "uvicorn", "prometheus_client")


def missing() -> str | None:
    """Return what to say where a needed package is not installed; None where all of them are."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    return f'serving needs what is not installed here ({", ".join(absent)}): pip install "fitprint[serve]"'
