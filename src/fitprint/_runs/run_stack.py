"""The stack of active runs: those of this context, and those that belong to this thread.

A run of a `with` block belongs to its context, so that asyncio tasks do not see the runs of each other. A run that was
started without `with` belongs to the thread as well, because a notebook executes each cell in a separate context. If
nobody ends it, it is ended with the program.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Generic, TypeVar

from fitprint._core.process_exit import call_at_exit

R = TypeVar("R")


class RunStack(Generic[R]):
    """The active runs, the innermost one last.

    Args:
        is_active: Returns whether a run can still be the active one.
        end_with_program: Ends a run that the program has left open.
    """

    def __init__(self, is_active: Callable[[R], bool], end_with_program: Callable[[R], None]) -> None:
        self._is_active = is_active
        self._end_with_program = end_with_program
        self._left_open: list[R] = []
        """The runs of all threads that were started without `with` and have not been ended."""
        self._in_context: ContextVar[tuple[R, ...]] = ContextVar("fitprint_active_runs", default=())
        self._in_thread = threading.local()
        self.last: R | None = None
        """The run that was removed last, in any thread."""

    def push(self, run: R) -> None:
        """Make a run the innermost one of this context and of this thread."""
        self._in_context.set((*self._in_context.get(), run))
        self._of_thread().append(run)
        self._left_open.append(run)
        call_at_exit(self._end_all)

    def enter_block(self, run: R) -> None:
        """Make a run belong to this context only, because a `with` block begins."""
        self._is_cared_for(run)
        if run in self._of_thread():
            self._of_thread().remove(run)
        if run not in self._in_context.get():
            self._in_context.set((*self._in_context.get(), run))

    def remove(self, run: R) -> None:
        """Remove a run from this context and from this thread."""
        self.last = run
        self._is_cared_for(run)
        self._in_context.set(tuple(other for other in self._in_context.get() if other is not run))
        if run in self._of_thread():
            self._of_thread().remove(run)

    def innermost(self) -> R | None:
        """Return the run that was pushed last and has not ended, or None."""
        for runs in (self._in_context.get(), self._of_thread()):
            for run in reversed(runs):
                if self._is_active(run):
                    return run
        return None

    def capture(self) -> tuple[R, ...]:
        """Return the runs that are active in this context, to attach them in a worker."""
        run, runs = self.innermost(), self._in_context.get()
        return runs if run is None or run in runs else (*runs, run)

    def swap(self, runs: tuple[R, ...]) -> tuple[R, ...]:
        """Replace the runs of this context by others. Returns the replaced ones."""
        replaced = self._in_context.get()
        self._in_context.set(runs)
        return replaced

    def clear(self) -> None:
        """Remove all runs of this context and of this thread."""
        self.last = None
        self._left_open.clear()
        self._in_context.set(())
        self._of_thread().clear()

    def _is_cared_for(self, run: R) -> None:
        """Note that a run is ended before the program ends."""
        if run in self._left_open:
            self._left_open.remove(run)

    def _end_all(self) -> None:
        while self._left_open:
            run = self._left_open.pop()
            if self._is_active(run):
                self._end_with_program(run)

    def _of_thread(self) -> list[R]:
        if not hasattr(self._in_thread, "runs"):
            self._in_thread.runs = []
        runs: list[R] = self._in_thread.runs
        return runs
