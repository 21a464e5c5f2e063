"""Work that is done again and again in a thread of fitprint's own, which exists only while there is such work.

Python warns of a fork in a process that has several threads, and what they do is not continued in the child. So the
thread ends before each fork. It begins again when somebody calls `call_every` after that.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.own_thread import OwnThread
from fitprint._core.process_state import in_forked_child, on_reset

_LONGEST_WAIT = 1.0
"""The seconds that a fork waits for the thread, which may be writing just then."""
_jobs: dict[Callable[[], None], _Job] = {}
_lock = fork_safe_lock()
_thread: BackgroundThread | None = None


class _Job:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.due = time.monotonic() + seconds


class BackgroundThread(OwnThread):
    """Calls what is due until nothing is left."""

    def __init__(self) -> None:
        super().__init__(self._work, "fitprint")
        self._wake = threading.Event()
        self._has_to_end = False

    def look_again(self) -> None:
        """Ask again now what is due when."""
        self._wake.set()

    def end(self) -> None:
        """End the thread as soon as it has finished what it is doing."""
        self._has_to_end = True
        self._wake.set()

    def _work(self) -> None:
        while not self._has_to_end:
            due, wait = _take_due()
            for function in due:
                with guarded("work in the background"):
                    function()
            if wait is None:
                return
            self._wake.wait(wait)
            self._wake.clear()


def call_every(seconds: float, function: Callable[[], None]) -> None:
    """Have a function called at intervals, from a thread of fitprint's own.

    Args:
        seconds: The interval.
        function: The function. It is registered once, however often this is called.
    """
    global _thread
    with _lock:
        _jobs.setdefault(function, _Job(seconds))
        if _thread is not None:
            _thread.look_again()
            return
        thread = BackgroundThread()
        if thread.begin():
            _thread = thread


def call_no_more(function: Callable[[], None]) -> None:
    """Call a function no more. The thread ends with the last one. It may be calling the function at this moment."""
    global _thread
    with _lock:
        _jobs.pop(function, None)
        if not _jobs and _thread is not None:
            _thread.end()
            _thread = None


def _take_due() -> tuple[list[Callable[[], None]], float | None]:
    """Return the functions that are due, and the seconds until the next one is; None if there is none."""
    now = time.monotonic()
    with _lock:
        due = [function for function, job in _jobs.items() if job.due <= now]
        for function in due:
            _jobs[function].due = now + _jobs[function].seconds
        return due, min(job.due for job in _jobs.values()) - now if _jobs else None


def _end_before_fork() -> None:
    global _thread
    with _lock:
        thread, _thread = _thread, None
    if thread is not None and thread is not threading.current_thread():
        thread.end()
        thread.join(_LONGEST_WAIT)


@in_forked_child
@on_reset
def _forget_all() -> None:
    global _thread
    thread, _thread = _thread, None
    _jobs.clear()
    if thread is not None:
        thread.end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_end_before_fork)
