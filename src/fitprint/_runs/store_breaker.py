"""Stores that could not be written a moment ago: said once, left alone for a minute, and what waits for them.

A run whose end could not be written waits, in memory, until the store is written again. If the process ends before
that, it reads as KILLED.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from fitprint._core.guard import warn_user
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import on_reset
from fitprint.stores import StoreError

RETRY = 60.0
"""Seconds for which a store that could not be written is left alone."""
MOST_WAITING = 100
"""Runs that wait for one store; of more than these the oldest are given up, and read as KILLED in the end."""


class StoreResting(StoreError):
    """The store could not be written a moment ago: it has been said, and it is not tried again yet."""


class Waiting(Protocol):
    """A run whose end could not be written."""

    @property
    def written_here(self) -> bool: ...
    def close(self) -> None: ...


class _Rest:
    """What is known of a store that failed."""

    def __init__(self) -> None:
        self.until = float("-inf")
        self.said = False
        self.waiting: deque[Waiting] = deque(maxlen=MOST_WAITING)


stores: dict[str, _Rest] = {}
"""By location; a store that works is not among them."""
_lock = fork_safe_lock()
on_reset(stores.clear)


def is_resting(location: str) -> bool:
    """Whether a store is left alone at this moment."""
    found = stores.get(location)
    return found is not None and time.monotonic() < found.until


def check(location: str) -> None:
    """Raises StoreResting while a store is left alone."""
    if is_resting(location):
        raise StoreResting(f"{location} could not be written a moment ago, and is not tried again yet")


def rest(location: str, error: OSError) -> None:
    """Leaves a store alone for a minute, and says so with the reason and the mend: once, until it has worked again."""
    with _lock:
        found = stores.setdefault(location, _Rest())
        found.until = time.monotonic() + RETRY
        said, found.said = found.said, True
    if not said:
        reason = error.strerror or str(error)
        warn_user(
            f"nothing is recorded for now: {location} cannot be written ({reason}); "
            "make it writable, or set FITPRINT_STORE to another folder"
        )


def wait(location: str, run: Waiting) -> None:
    """Keeps a run whose end could not be written, for when the store can be."""
    with _lock:
        waiting = stores.setdefault(location, _Rest()).waiting
        if run not in waiting:
            waiting.append(run)


def works(location: str) -> None:
    """A store was written: the runs that waited for it are ended now. Stops at the first that cannot be."""
    found = stores.get(location)
    while found is not None and found.waiting:
        try:
            run = found.waiting[0]
            if run.written_here:  # a forked child has its parent's list, and not its runs
                run.close()
        except OSError:
            return
        with _lock:
            if run in found.waiting:
                found.waiting.remove(run)


def forget(location: str) -> None:
    """A run was written from its first moment to its end: a fault of the store after this one is another one."""
    with _lock:
        found = stores.get(location)
        if found is not None and not found.waiting and time.monotonic() >= found.until:
            del stores[location]
