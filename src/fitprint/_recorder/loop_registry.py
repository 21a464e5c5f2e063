"""The open training loops of this process, found by the object that each trains, which is not kept alive.

A loop is registered at its first step. It is removed when something ends it: the model is saved, another loop or
training begins on the object, the `start_run` block in which it was opened ends, recording is turned off, the process
ends, or the object is garbage-collected.
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

PASS_THROUGH_MODULES = (
    "fitprint._instrumentation.wrapper",
    "fitprint._workers.",
    "fitprint._core.call_scope",
    "fitprint.cli",
    "fitprint.__",
)
"""Modules of fitprint that only pass a call of the user's on, and hold no lock while they do."""


class Loop(Protocol):
    """A loop that is recorded, or that a rule has refused.

    Attributes:
        flavor_name: The flavor that it belongs to.
        trained: A weak reference to the object that it trains.
        object_id: The `id` of that object.
    """

    flavor_name: str
    trained: weakref.ref[Any]
    object_id: int

    def end(self, saved_by_user: bool = False) -> None:
        """Record the result and end the run. Further calls do nothing."""


_loops: dict[int, Loop] = {}
"""By the `id` of the object. An entry may outlive its object: then its weak reference is dead."""
_orphans: deque[Loop] = deque()
"""Loops whose object is gone, and which could not be ended at that moment."""
_lock = fork_safe_lock()


def find(trained: Any) -> Loop | None:
    """Return the loop that trains an object, or None."""
    loop = _loops.get(id(trained))
    return loop if loop is not None and loop.trained() is trained else None


def find_or_add(trained: Any, make: Callable[[], Loop]) -> Loop:
    """Return the loop that trains an object; make and register it if there is none.

    Args:
        trained: The object that is trained.
        make: Makes the loop.

    Raises:
        TypeError: The object cannot be weakly referenced.
    """
    loop = find(trained)
    if loop is not None:
        return loop
    end_orphans()
    call_at_exit(_end_at_exit)
    with _lock:
        loop = find(trained)
        if loop is None:
            loop = _loops[id(trained)] = make()
    return loop


def remove(loop: Loop) -> None:
    """Remove a loop, so that the next step on its object begins another one."""
    with _lock:
        if _loops.get(loop.object_id) is loop:
            del _loops[loop.object_id]


def end_loop_of(trained: Any) -> None:
    """End the loop that trains an object, because something else begins on it."""
    end_orphans()
    loop = find(trained)
    if loop is not None:
        loop.end()


def end_all(flavor: str | None = None) -> None:
    """End all loops, the oldest first. An interruption is raised when the others have ended too.

    Args:
        flavor: End only the loops of this flavor.
    """
    end_orphans()
    for loop in list(_loops.values()):
        if flavor in (None, loop.flavor_name):
            try:
                loop.end()
            except BaseException:
                end_all(flavor)
                raise


def has_loops() -> bool:
    """Return whether there is any loop. If there is none, a call need not be compared with loops."""
    return bool(_loops or _orphans)


class LoopSave(Passthrough):
    """Surrounds the user's own saving of a model, whose loop ends when the call has returned."""

    def __init__(self, loop: Loop, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._loop = loop

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            self._loop.end(saved_by_user=True)


# Objects that are garbage-collected


def on_collected(loop: Loop) -> None:
    """End a loop whose object has been garbage-collected, which may happen wherever the interpreter is at the moment.

    If that is inside fitprint's own code, where a lock may be held, the loop waits for the next call. Otherwise it ends
    at once.
    """
    _orphans.append(loop)
    if _is_inside_our_code():
        return
    try:
        end_orphans()
    except KeyboardInterrupt:  # Python drops what a weak reference's callback raises: have it raised again outside
        importlib.import_module("_thread").interrupt_main()


def end_orphans() -> None:
    """End the loops whose object is gone."""
    while _orphans:
        try:
            loop = _orphans.popleft()
        except IndexError:  # another thread took the last one
            return
        loop.end()


def _is_inside_our_code() -> bool:
    frame = sys._getframe(2)  # the callback of the weak reference
    while frame.f_back is not None:
        frame = frame.f_back
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("fitprint.") and not name.startswith(PASS_THROUGH_MODULES):
            return True
    return False


# The end of the process


def _end_at_exit() -> None:
    with guarded("the end of the open loops"):
        end_all()


@in_forked_child
@on_reset
def _reset() -> None:
    _loops.clear()
    _orphans.clear()
