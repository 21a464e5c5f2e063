"""While fitprint calls a user's model by itself, nothing of it is seen: no warnings, no use of random numbers.

`warnings.catch_warnings` is global and not safe with threads. Instead a filter that matches in this context alone is
put before the others for the time, without telling the registries of warnings shown (`_filters_mutated`), so that what
the user is warned of, and how often, stays as it was.
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

_HOUSEKEEPING = (
    "joblib.",
    "loky.",
    "multiprocessing.queues",
    "concurrent.futures.process",
    "ipykernel.",
    "IPython.",
    "tqdm.",
    "zmq.",
)
"""Where the threads come from that wait for workers, for a notebook's front end or to draw a progress bar."""

_frameworks: set[str] = set()
"""The same of the frameworks that are recorded: see `register_housekeeping_threads`."""

_depth: ContextVar[int] = ContextVar("fitprint_quiet", default=0)


class _OfThisContext:
    """What `warnings` takes for a compiled pattern: matches every message while this context is quiet.

    ``pattern`` is for libraries that carry the filters over to workers as text: everything, as long as the workers
    are ours alone, else nothing, for the filters of all threads are one list.
    """

    def __init__(self, alone: bool) -> None:
        self.pattern = "" if alone else "(?!)"

    def match(self, text: str) -> bool:
        return _depth.get() > 0


@contextmanager
def no_warnings_in_context() -> Iterator[None]:
    """Warnings raised inside are dropped: those of this context alone."""
    filters = warnings.filters
    ours: Any = ("ignore", _OfThisContext(_only_user_thread()), Warning, None, 0)
    depth = _depth.get()
    try:  # whatever interrupts us in here, the filter is taken away again
        _depth.set(depth + 1)
        filters.insert(0, ours)  # type: ignore[attr-defined,unused-ignore]
        yield
    finally:
        _depth.set(depth)  # first of all: from here on the filter matches nothing
        _remove(filters, ours)
        if warnings.filters is not filters:  # somebody entered or left catch_warnings meanwhile
            _remove(warnings.filters, ours)


@contextmanager
def side_effect_free() -> Iterator[None]:
    """Warnings raised inside are dropped, and the global random states are afterwards as they were before.

    With other threads of the user's running the random states are left alone: putting them back would make those
    threads draw the same numbers twice, and the order in which threads draw is not fixed anyway.
    """
    restore_random = _random_states() if _only_user_thread() else None
    with no_warnings_in_context():
        try:
            yield
        finally:
            if restore_random is not None:
                restore_random()


def register_housekeeping_threads(modules: Iterable[str]) -> None:
    """Threads that these top-level modules start for themselves run no code of the user's."""
    _frameworks.update(f"{each}." for each in modules)


def _only_user_thread() -> bool:
    """Whether no other thread runs code of the user's: those that libraries keep for themselves do not count."""
    return all(each is threading.current_thread() or _is_housekeeping(each) for each in threading.enumerate())


def _is_housekeeping(thread: threading.Thread) -> bool:
    of_its_own = type(thread) is not threading.Thread
    place = type(thread).__module__ if of_its_own else getattr(getattr(thread, "_target", None), "__module__", None)
    return str(place).startswith((*_HOUSEKEEPING, *_frameworks))


def _random_states() -> Callable[[], None]:
    python_state = random.getstate()
    numpy_random = getattr(sys.modules.get("numpy"), "random", None)
    numpy_state = numpy_random.get_state() if numpy_random is not None else None

    def restore() -> None:
        random.setstate(python_state)
        if numpy_random is not None and numpy_state is not None:
            numpy_random.set_state(numpy_state)

    return restore


def _remove(filters: Any, ours: Any) -> None:
    for position, each in enumerate(filters):
        if each is ours:
            del filters[position]
            return
