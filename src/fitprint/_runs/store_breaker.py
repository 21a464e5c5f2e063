"""A circuit breaker per store: a store that failed is left alone for a minute, and runs wait until it works again.

A run whose end could not be written waits in memory until the store can be written again. If the process ends before
that, the run reads as KILLED.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from fitprint._core.guard import warn_user
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import on_reset
from fitprint._core.signal_handlers import own
from fitprint.stores import StoreError

RETRY = 60.0
"""The seconds for which a store that failed is not tried again."""
MOST_WAITING = 100
"""The number of runs that wait for one store. Above it the oldest are dropped, and read as KILLED in the end."""


class StoreUnavailable(StoreError):
    """The store failed less than a minute ago. The user has been warned, and the store is not tried again yet."""


class UnfinishedRun(Protocol):
    """A run whose end could not be written."""

    @property
    def written_here(self) -> bool: ...
    def close(self) -> None: ...


class _Breaker:
    """The state of a store that failed."""

    def __init__(self) -> None:
        self.until = float("-inf")
        self.warned = False
        self.waiting: deque[UnfinishedRun] = deque(maxlen=MOST_WAITING)


breakers: dict[str, _Breaker] = {}
"""The breakers by the location of the store. A store that works has none."""
on_reset(breakers.clear)
_lock = fork_safe_lock()


def check(location: str) -> None:
    """Raise StoreUnavailable if the store failed less than a minute ago."""
    breaker = breakers.get(location)
    if breaker is not None and time.monotonic() < breaker.until:
        raise StoreUnavailable(f"{location} could not be written less than a minute ago, and is not tried again yet")


def trip(location: str, error: OSError) -> None:
    """Leave a store alone for a minute, and warn the user with the reason: once, until the store has worked again."""
    with _lock:
        breaker = breakers.setdefault(location, _Breaker())
        breaker.until = time.monotonic() + RETRY
        warned, breaker.warned = breaker.warned, True
    if not warned:
        reason = error.strerror or str(error)
        warn_user(
            f"nothing is recorded for now: {location} cannot be written ({reason}); "
            "make it writable, or set FITPRINT_STORE to another folder"
        )


def enqueue(location: str, run: UnfinishedRun) -> None:
    """Keep a run whose end could not be written until the store can be written again."""
    with _lock:
        waiting = breakers.setdefault(location, _Breaker()).waiting
        if run not in waiting:
            waiting.append(run)


def recover(location: str) -> None:
    """End the runs that waited for a store that was just written. Stops if the store fails again."""
    breaker = breakers.get(location)
    if breaker is None:
        return
    for run in list(breaker.waiting):
        try:
            if run.written_here:  # a forked child has the list of its parent, but must not write its runs
                run.close()
        except own(OSError):
            if time.monotonic() < breaker.until:
                return
            # only this run cannot be written, and the others do not wait for it
        with _lock:
            if run in breaker.waiting:
                breaker.waiting.remove(run)


def reset(location: str) -> None:
    """Forget the failure of a store after a whole run was written: the next failure is a new one, and is reported."""
    with _lock:
        breaker = breakers.get(location)
        if breaker is not None and not breaker.waiting and time.monotonic() >= breaker.until:
            del breakers[location]
