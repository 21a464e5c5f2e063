"""Functions that are called when this process ends."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
from collections.abc import Callable

FORKING = ("multiprocessing", "multiprocess")
"""Their children leave without `atexit`; each has a `Finalize` of its own."""
_registered_in: dict[Callable[[], None], int] = {}
"""For each function, the process in which it was registered last."""


def call_at_exit(function: Callable[[], None]) -> None:
    """Call a function when this process ends by itself, also where it is a child that leaves without `atexit`.

    Args:
        function: The function. It is registered once in each process, however often this is called.
    """
    if _registered_in.get(function) == os.getpid():
        return
    if function not in _registered_in:  # else `atexit` has it: a forked child inherits what its parent registered
        atexit.register(function)
    _registered_in[function] = os.getpid()
    for name in FORKING:
        process = sys.modules.get(f"{name}.process")
        if process is not None and process.parent_process() is not None:
            importlib.import_module(f"{name}.util").Finalize(None, function, exitpriority=0)


def uncaught_error() -> BaseException | None:
    """Return the exception that nobody caught and that is ending this program; None if it ends well."""
    # a notebook remembers each exception of a cell, and goes on
    return None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
