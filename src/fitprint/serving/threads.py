"""Threads in which models predict. Python cannot stop a thread, so one that hangs is left behind and replaced."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from fitprint._core.own_thread import OwnThread

Work = Callable[[], Any]
Report = Callable[[Any], None]


class WorkerThread:
    """A thread that does one piece of work after the other. The interpreter does not wait for it when it ends.

    The thread refers to its work alone, so that it ends when nobody has work for it any more.
    """

    def __init__(self, name: str) -> None:
        self._work = _Work()
        self._thread = OwnThread(self._work.do_all, name)

    def __del__(self) -> None:
        self.stop()

    @property
    def ended(self) -> bool:
        """Whether the thread takes no further work, because a model has ended it."""
        return self._work.ended

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def begin(self) -> bool:
        """Start the thread. Returns False if the interpreter is ending."""
        return self._thread.begin()

    def do(self, work: Work, report: Report) -> None:
        """Have work done in the thread.

        Args:
            work: What to do.
            report: Is given the result, in the thread; None if the work has raised.
        """
        self._work.tasks.put((work, report))

    def stop(self) -> None:
        """Have the thread end after the work that it was given."""
        self._work.tasks.put(None)


class _Work:
    """What a thread has to do."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[tuple[Work, Report] | None] = queue.SimpleQueue()
        self.ended = False

    def do_all(self) -> None:
        """Do one piece of work after the other, until there is None."""
        while (task := self.tasks.get()) is not None:
            work, report = task
            result, self.ended = None, True
            try:
                result = work()
                self.ended = False
            finally:  # a model may raise SystemExit: the thread ends by it, and whoever waits must learn of it
                report(result)
                del task, work, report, result  # nothing of a request is kept while the thread waits
