"""Before a fork, import everything that a recording imports late.

A thread of the parent may be importing such a module at the moment of the fork. CPython renews its global import lock
in the child, but not the lock of that one module, so the child would wait for it for ever.
"""

from __future__ import annotations

import importlib
import os
import sys

from fitprint._core.guard import guarded
from fitprint._recorder.state import recorder_state

LATE_IMPORTS = (
    "fitprint._recorder.call",
    "fitprint._recorder.loop",
    "fitprint._recorder.conversion",
    "fitprint._recorder.group",
    "fitprint._workers.joblib_parallel",
    "fitprint._workers.stdlib",
    "fitprint.models.inference_columns",
    "fitprint.models.enforcement_values",
    "fitprint.models.requirement_lines",
    "cloudpickle",
    "numpy",
    "yaml",
)
LARGE_IMPORTS = ("pandas",)
"""Imported only if another thread has begun to import them: otherwise they would delay the fork for nothing."""


def import_before_fork() -> None:
    """Import what is not imported yet, or wait until another thread has imported it."""
    if not recorder_state.on:
        return
    with guarded("the imports before a fork"):
        for name in (*LATE_IMPORTS, *(large for large in LARGE_IMPORTS if large in sys.modules)):
            importlib.import_module(name)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=import_before_fork)
