"""The training loops that are known in this process, by the object that each trains; none of them keeps it alive.

A loop is known from its first step until something ends it: the model is saved, another loop or training begins on it,
the `start_run` block that it was opened in ends, recording is turned off, the process ends, or the object is gone.
"""

from __future__ import annotations

import importlib
import sys
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_exit import call_at_exit
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._instrumentation.wrapper import Passthrough

PASSING_ON = (
    "fitprint._instrumentation.wrapper",
    "fitprint._workers.",
    "fitprint._core.call_scope",
    "fitprint.cli",
    "fitprint.__",
)
"""Modules of ours that are only passing a call of the user's on, and hold no lock meanwhile."""


class Known(Protocol):
    """A loop, open or refused."""

    flavor_name: str
    subject: weakref.ref[Any]
    key: int

    def end(self, saved: bool = False) -> None: ...


_known: dict[int, Known] = {}
"""By the id of the object. One that is gone may leave its entry behind: its reference says so."""
_orphans: deque[Known] = deque()
"""Loops whose object is gone, and that could not be ended at that moment."""
_lock = fork_safe_lock()


def of(subject: Any) -> Known | None:
    """The loop that trains an object, or None."""
    found = _known.get(id(subject))
    return found if found is not None and found.subject() is subject else None


def find_or_add(subject: Any, make: Callable[[], Known]) -> Known:
    """The loop that trains an object, made at its first step. Raises TypeError where it takes no weak reference."""
    end_orphans()
    call_at_exit(_end_at_exit)
    with _lock:
        found = of(subject)
        if found is None:
            found = _known[id(subject)] = make()
    return found


def forget(loop: Known) -> None:
    """A loop is no longer known: another step on its object begins another one."""
    with _lock:
        if _known.get(loop.key) is loop:
            del _known[loop.key]


def end_on(subject: Any) -> None:
    """Something else begins on an object: its loop ends."""
    end_orphans()
    found = of(subject)
    if found is not None:
        found.end()


def end_all(flavor: str | None = None) -> None:
    """Ends the loops of a flavor, or of all, the oldest first. An interruption is raised when the others have ended."""
    end_orphans()
    for loop in list(_known.values()):
        if flavor in (None, loop.flavor_name):
            try:
                loop.end()
            except BaseException:
                end_all(flavor)
                raise


def anything_known() -> bool:
    """Whether there is any loop: where there is none, nothing more is asked."""
    return bool(_known or _orphans)


class Saving(Passthrough):
    """Around the user's own saving of a model: its loop ends once it has returned."""

    def __init__(self, loop: Known, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._loop = loop

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            self._loop.end(saved=True)


# ---- objects that are gone


def gone(loop: Known) -> None:
    """The object of a loop is no more: called wherever the interpreter happens to be.

    Inside our own code, where a lock may be held, the loop waits for the next call; anywhere else it is ended at once.
    """
    _orphans.append(loop)
    if _inside_our_code():
        return
    try:
        end_orphans()
    except KeyboardInterrupt:  # what is raised in here reaches nobody: let it come once more
        importlib.import_module("_thread").interrupt_main()


def end_orphans() -> None:
    """Ends the runs of loops whose object is gone."""
    while _orphans:
        try:
            loop = _orphans.popleft()
        except IndexError:  # another thread was faster
            return
        loop.end()


def _inside_our_code() -> bool:
    frame = sys._getframe(2)  # the callback that called `gone`
    while frame.f_back is not None:
        frame = frame.f_back
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("fitprint.") and not name.startswith(PASSING_ON):
            return True
    return False


# ---- the end of the process


def _end_at_exit() -> None:
    with guarded("the end of the open loops"):
        end_all()


@in_forked_child
@on_reset
def _forget() -> None:
    _known.clear()
    _orphans.clear()
