"""Before a fork, what a recording imports late is imported: a child would wait for ever for another thread's import.

CPython renews its global import lock in a child, and not the lock of the module that a thread of the parent was inside.
"""

from __future__ import annotations

import importlib
import os
import sys

from fitprint._core.guard import guarded
from fitprint._recorder.state import switch

IMPORTED_LATE = (
    "fitprint._recorder.call",
    "fitprint._recorder.loop",
    "fitprint._recorder.conversion",
    "fitprint._workers.joblib_parallel",
    "fitprint._workers.stdlib",
    "fitprint.models.inference_columns",
    "fitprint.models.enforcement_values",
    "fitprint.models.requirement_lines",
    "cloudpickle",
    "numpy",
    "yaml",
)
TOO_LARGE = ("pandas",)
"""Waited for where somebody imports it already; else importing it would delay the fork for nothing."""


def import_before_fork() -> None:
    """Imports what is still to be imported, or waits until another thread has."""
    if not switch.on:
        return
    with guarded("getting ready for a fork"):
        for name in (*IMPORTED_LATE, *(each for each in TOO_LARGE if each in sys.modules)):
            importlib.import_module(name)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=import_before_fork)
