"""Ended runs that wait to be written again, so that metrics which come many in a row are written together."""

from __future__ import annotations

import contextlib
import time
from typing import Protocol

from fitprint._core.guard import guarded
from fitprint._core.process_exit import call_at_exit
from fitprint._core.process_state import in_forked_child, on_reset

WAITING_SECONDS = 1.0
"""For how long after a run was written the following changes wait."""


class Writer(Protocol):
    """What writes one run."""

    def write(self) -> None:
        """Write what was added to the run.

        Raises:
            OSError: If it cannot be written.
        """


_waiting: set[Writer] = set()
_written = float("-inf")
"""When runs were written last, by the monotonic clock."""


def write_soon(writer: Writer) -> None:
    """Write a run now; or, if runs were written less than a second ago, with what comes within that second.

    What waits is written by the next call of this after that second, when a run is read or begun in this process, and
    at the end of the process. No thread does it: a program that has one may not fork without a warning.
    """
    _waiting.add(writer)
    call_at_exit(write_waiting)
    write_if_due()


def write_if_due() -> None:
    """Write what waits if it has waited long enough."""
    if _waiting and time.monotonic() - _written >= WAITING_SECONDS:
        write_waiting()


def write_waiting() -> None:
    """Write what waits. What cannot be written is tried again by the next call."""
    global _written
    for writer in list(_waiting):
        _waiting.discard(writer)  # first, so that what another thread adds meanwhile is not forgotten
        complete = False
        try:
            with guarded("the metrics of an ended run"), contextlib.suppress(OSError):
                writer.write()
                complete = True
        finally:  # also when the user interrupts it
            if not complete:
                _waiting.add(writer)
        _written = time.monotonic()


@in_forked_child
@on_reset
def _forget_all() -> None:
    """In a forked child: what waits is written by the parent."""
    global _written
    _waiting.clear()
    _written = float("-inf")
