"""The lease of an open run: the sign of life of its process, for readers that cannot check the process itself.

While a run is open for more than some seconds, a thread of fitprint's own touches a file in it again and again. Where
the process of a run cannot be looked for, because it is on another host or in another container, it counts as dead once
the lease has run out. A run without a lease, such as a short one, says nothing of its process.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from typing import Any

from fitprint._core import background
from fitprint._core.job import runs_in_job
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process import is_alive
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.signal_handlers import suppress_own
from fitprint.stores import JoinedRun, OpenRun, Store

INTERVAL = 15.0
"""The seconds after which a process says again that it is at work, and before which a run has no lease."""
LEASE = 120.0
"""The seconds after which a process that says nothing counts as dead: some of them are lost in caches of network file
systems, and some while the machine has no time for the thread."""


def is_at_work(process: Mapping[str, Any], store: Store, run_id: str, writer: str = "") -> bool | None:
    """Return whether the process of a run may still write it.

    Args:
        process: What `this_process` returned in that process.
        store: The store of the run.
        run_id: The id of the run.
        writer: The name of the side file that the process writes, if it does not write the record.

    Returns:
        True or False, or None where that cannot be found out from here.
    """
    alive = is_alive(dict(process))
    if alive is not None:
        return alive
    silence = store.silence(run_id, writer)
    return None if silence is None else silence < LEASE


class Lease:
    """What one open run has for its lease. It begins with `hold`, and ends with the run or before a fork."""

    def __init__(self, run: OpenRun | JoinedRun, soon: bool) -> None:
        self._run = run
        self.is_held = True
        self._from = time.monotonic() + (0.0 if soon else INTERVAL)
        if soon:
            self.renew(self._from)

    def renew(self, now: float) -> None:
        """Say that this process is at work, unless the run is a short one so far."""
        if now >= self._from:
            with suppress_own(OSError):  # other writes tell the user that the store fails
                self._run.renew_lease()

    def end(self) -> None:
        """Say nothing more."""
        with _lock:
            self.is_held = False
            _leases.discard(self)
            with suppress_own(OSError):
                self._run.drop_lease()
            if not _leases and not _is_read_elsewhere():
                background.call_no_more(_renew_all)


_lock = fork_safe_lock()
_leases: weakref.WeakSet[Lease] = weakref.WeakSet()
_from_the_start = False


def hold(run: OpenRun | JoinedRun) -> Lease:
    """Have a thread say from now on that this process is at work on a run.

    Args:
        run: The run.

    Returns:
        The lease, which the caller keeps, and ends.
    """
    lease = Lease(run, _is_read_elsewhere())
    with _lock:
        _leases.add(lease)
    background.call_every(INTERVAL, _renew_all)
    return lease


def hold_at_once(run: OpenRun | JoinedRun) -> Lease | None:
    """Hold the lease of a run that begins, if its runs are read elsewhere; else it has none before it is a long one.

    There, the thread is not started for each run: it stays for some seconds, and serves the next one.
    """
    return hold(run) if _is_read_elsewhere() else None


def lease_from_the_start() -> None:
    """Give every run of this process a lease from its first moment: others look at its runs from elsewhere."""
    global _from_the_start
    _from_the_start = True


def _is_read_elsewhere() -> bool:
    return _from_the_start or runs_in_job()


def _renew_all() -> None:
    with _lock:
        now = time.monotonic()
        for lease in _leases:
            lease.renew(now)
        if not _leases:
            background.call_no_more(_renew_all)


def _end_before_fork() -> None:
    for lease in list(_leases):
        lease.end()


@in_forked_child
@on_reset
def _forget_all() -> None:
    global _from_the_start
    _leases.clear()
    _from_the_start = False


if hasattr(os, "register_at_fork"):  # the thread ends before a fork, and nobody knows when it begins again
    os.register_at_fork(before=_end_before_fork)
