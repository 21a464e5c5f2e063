"""Calls of a user's model by fitprint itself leave no side effects: no warnings shown, no random numbers used up.

`warnings.catch_warnings` is never entered; see docs/adr/0001-no-catch-warnings.md.
"""

from __future__ import annotations

import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fitprint._core.process_state import on_reset

_HOUSEKEEPING = (
    "fitprint.",
    "joblib.",
    "loky.",
    "multiprocessing.queues",
    "concurrent.futures.process",
    "ipykernel.",
    "IPython.",
    "tqdm.",
    "zmq.",
)
"""Modules whose threads run no user code: they write, wait for workers, serve a notebook or draw a progress bar."""

_frameworks: set[str] = set()
"""The recorded frameworks, whose own threads count as housekeeping too; see `register_housekeeping_threads`."""

_depth: ContextVar[int] = ContextVar("fitprint_quiet", default=0)
"""How many times `no_warnings_in_context` is entered in this context."""


@on_reset
def _reset() -> None:
    _depth.set(0)


class _PatternOfContext:
    """Takes the place of a compiled pattern in `warnings.filters`: matches while warnings are off in this context.

    Some libraries copy `warnings.filters` to worker processes and read ``pattern`` as a regular expression. It matches
    everything while no other user thread runs, and nothing otherwise, because all threads share one list of filters.
    """

    def __init__(self, only_user_thread: bool) -> None:
        self.pattern = "" if only_user_thread else "(?!)"

    def match(self, text: str) -> bool:
        return _depth.get() > 0


@contextmanager
def no_warnings_in_context() -> Iterator[None]:
    """Drop the warnings that are raised inside, in this context alone; other threads keep theirs."""
    filters = warnings.filters
    ignore_all: Any = ("ignore", _PatternOfContext(_only_user_thread()), Warning, None, 0)
    depth = _depth.get()
    try:  # wherever an interruption comes, the filter is removed again
        _depth.set(depth + 1)
        filters.insert(0, ignore_all)  # type: ignore[attr-defined,unused-ignore]
        yield
    finally:
        _depth.set(depth)  # first of all: from here on the filter matches nothing
        _remove(filters, ignore_all)
        if warnings.filters is not filters:  # user code entered or left catch_warnings meanwhile
            _remove(warnings.filters, ignore_all)


def is_side_effect_free() -> bool:
    """Return True inside `side_effect_free`, which is where fitprint does its own work."""
    return _depth.get() > 0


@contextmanager
def side_effect_free() -> Iterator[None]:
    """Drop the warnings raised inside, and restore the global random states afterwards.

    While other threads run user code, the random states are left alone: restoring them would make those threads draw
    the same numbers twice, and the order in which threads draw is not fixed anyway.
    """
    restore_random = _random_states() if _only_user_thread() else None
    with no_warnings_in_context():
        try:
            yield
        finally:
            if restore_random is not None:
                restore_random()


def register_housekeeping_threads(modules: Iterable[str]) -> None:
    """Declare that the threads which some modules start for themselves run no user code.

    Args:
        modules: Names of top-level modules, those of a framework.
    """
    _frameworks.update(f"{module}." for module in modules)


def _only_user_thread() -> bool:
    """Return True if no other thread runs user code; the threads that libraries keep for themselves do not count."""
    current = threading.current_thread()
    return all(thread is current or _is_housekeeping(thread) for thread in threading.enumerate())


def _is_housekeeping(thread: threading.Thread) -> bool:
    kind = type(thread)
    origin: Any = kind if kind is not threading.Thread else getattr(thread, "_target", None)
    return str(getattr(origin, "__module__", None)).startswith((*_HOUSEKEEPING, *_frameworks))


def _random_states() -> Callable[[], None]:
    python_state = random.getstate()
    numpy_random = getattr(sys.modules.get("numpy"), "random", None)
    numpy_state = numpy_random.get_state() if numpy_random is not None else None

    def restore() -> None:
        random.setstate(python_state)
        if numpy_random is not None and numpy_state is not None:
            numpy_random.set_state(numpy_state)

    return restore


def _remove(filters: Any, own_filter: Any) -> None:
    for position, entry in enumerate(filters):
        if entry is own_filter:
            del filters[position]
            return
