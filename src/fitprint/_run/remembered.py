"""What was trained last, and which run trained an object; without keeping any model alive."""

from __future__ import annotations

import threading
import weakref
from contextvars import ContextVar
from typing import Any

from fitprint._run.run import Run

_in_context: ContextVar[Run | None] = ContextVar("fitprint_last_run", default=None)
_in_thread = threading.local()
_in_process: list[Run] = []
_by_model: dict[int, tuple[weakref.ref[Any], Run]] = {}


def remember(run: Run, model: Any) -> None:
    """Keeps the run of the latest outermost training call, and of the object it trained."""
    _in_context.set(run)
    _in_thread.run = run
    _in_process[:] = [run]
    key = id(model)
    try:
        _by_model[key] = weakref.ref(model, lambda _: _by_model.pop(key, None)), run
    except TypeError:  # an object that takes no weak reference is not remembered
        return


def last_run() -> Run | None:
    """The run of the latest outermost training call of this context, else of this thread, else of this process."""
    return _in_context.get() or getattr(_in_thread, "run", None) or (_in_process[0] if _in_process else None)


def run_of(model: Any) -> Run | None:
    """The run that trained this very object, or None."""
    found = _by_model.get(id(model))
    return found[1] if found is not None and found[0]() is model else None
