"""Runs that wait to be written again, so that many changes in a row are written together."""

from __future__ import annotations

import time
from typing import Protocol

from fitprint._core.guard import guarded
from fitprint._core.process_exit import call_at_exit
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.signal_handlers import suppress_own

WAITING_SECONDS, MOST_AT_ONCE = 1.0, 10
"""Within so many seconds so many changes are written at once, and the following ones wait."""


class Writer(Protocol):
    """What writes one run."""

    def write(self) -> None:
        """Write what was added to the run.

        Raises:
            OSError: If it cannot be written.
        """


_waiting: set[Writer] = set()
_window_start, _window_count = float("-inf"), 0
"""When the first of the latest changes came, by the monotonic clock, and how many were written at once since then."""


def write_soon(writer: Writer) -> None:
    """Write a run now; or, if many changes have come within a second, together with the following ones.

    What waits is written by the next call of this after that second, when a run is read or begun in this process, and
    at the end of the process. No thread does it: a program that has one may not fork without a warning.
    """
    global _window_start, _window_count
    _waiting.add(writer)
    call_at_exit(write_waiting)
    if _is_window_over():
        _window_start, _window_count = time.monotonic(), 0
    if _window_count < MOST_AT_ONCE:
        _window_count += 1
        write_waiting()


def write_later(writer: Writer) -> None:
    """Write a run when a run is read or begun in this process, and at the end of the process."""
    _waiting.add(writer)
    call_at_exit(write_waiting)


def forget(writer: Writer) -> None:
    """Note that a run has been written."""
    _waiting.discard(writer)


def write_if_due() -> None:
    """Write what waits if it has waited long enough."""
    if _waiting and _is_window_over():
        write_waiting()


def _is_window_over() -> bool:
    return time.monotonic() - _window_start >= WAITING_SECONDS


def write_waiting() -> None:
    """Write what waits. What cannot be written is tried again by the next call."""
    for writer in list(_waiting):
        _waiting.discard(writer)  # first, so that what another thread adds meanwhile is not forgotten
        complete = False
        try:
            with guarded("what was added to a run"), suppress_own(OSError):
                writer.write()
                complete = True
        finally:  # also when the user interrupts it
            if not complete:
                _waiting.add(writer)


@in_forked_child
@on_reset
def _forget_all() -> None:
    """In a forked child: what waits is written by the parent."""
    global _window_start
    _waiting.clear()
    _window_start = float("-inf")
