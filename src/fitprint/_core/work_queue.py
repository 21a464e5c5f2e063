"""Work that a thread of fitprint's own does, in the order in which it was given, so that the program need not wait.

Why it is a thread: docs/adr/0015-packages-in-the-background.md. There is no thread while there is no work, and
a fork waits for its end, because Python warns of a fork in a process that has several threads.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable

from fitprint._core.guard import guarded
from fitprint._core.own_thread import OwnThread
from fitprint._core.process_exit import call_at_exit
from fitprint._core.process_state import in_forked_child, on_reset

MOST_WAITING = 1 << 30
"""How many bytes wait to be written; whoever gives more waits until some of them are."""
SECONDS_AT_EXIT = 600.0
"""How long the end of the process waits for the work."""
_EVERYTHING = ""


class _Work:
    """What is to be done, and the thread that does it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queue: deque[tuple[Callable[[], None], str, int]] = deque()
        self.unfinished: Counter[str] = Counter()
        """How many pieces of work of each key, and of all keys together, are not done."""
        self.size = 0
        self.thread: threading.Thread | None = None

    def is_done_here(self) -> bool:
        """Return whether the caller is the thread itself."""
        return self.thread is threading.current_thread()

    def begin_thread(self) -> bool:
        """Begin the thread. Returns False if there can be none any more: the caller then does the work itself."""
        thread = OwnThread(self.run, "fitprint packages")
        has_begun = thread.begin()
        self.thread = thread if has_begun else threading.current_thread()
        return has_begun

    def run(self) -> None:
        """Do what is to be done, until nothing is left."""
        while True:
            with self.changed:
                if not self.queue:
                    self.thread = None
                    return
                work, key, size = self.queue.popleft()
            with guarded("writing in the background"):
                work()
            del work
            with self.changed:
                self.size -= size
                self.unfinished.subtract((key, _EVERYTHING))
                self.unfinished += Counter()  # drops what is at zero
                self.changed.notify_all()


_work = _Work()


def do_later(work: Callable[[], None], key: str, size: int = 0) -> None:
    """Have something done after everything that was given before it.

    Args:
        work: What is to be done. Its errors are caught and logged.
        key: What it belongs to, for `wait`: the id of a run.
        size: How many bytes it keeps in memory until then.
    """
    call_at_exit(_finish_at_exit)
    state = _work
    with state.changed:
        while state.size and state.size + size > MOST_WAITING and not state.is_done_here():
            state.changed.wait()
        state.queue.append((work, key, size))
        state.size += size
        state.unfinished.update((key, _EVERYTHING))
        has_worker = state.thread is not None or state.begin_thread()
    if not has_worker:
        state.run()


def wait(key: str = _EVERYTHING, seconds: float | None = None) -> bool:
    """Wait until all work of a key is done, by default all work. The thread itself never waits.

    Args:
        key: What the work belongs to.
        seconds: How long to wait at most.

    Returns:
        Whether it is done.
    """
    state = _work
    if not state.unfinished or state.is_done_here():
        return True
    with state.changed:
        return state.changed.wait_for(lambda: not state.unfinished[key], seconds)


def _finish_at_exit() -> None:
    with guarded("writing in the background"):
        wait(seconds=SECONDS_AT_EXIT)


@on_reset
def _finish() -> None:
    thread = _work.thread
    if wait(seconds=SECONDS_AT_EXIT) and thread is not None and thread is not threading.current_thread():
        thread.join(1.0)  # it has nothing more to do


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_finish)


@in_forked_child
def _leave_to_parent() -> None:
    global _work
    _work = _Work()
