"""The open training loops of this process, found by the objects that each trains.

A loop is registered at its first step. It is removed when something ends it: another loop or training begins on one of
its objects, the `start_run` block in which it was opened ends, recording is turned off, the process ends, or all of its
objects have been garbage-collected. The registry itself keeps no object alive.
"""

from __future__ import annotations

import importlib
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_exit import call_at_exit, uncaught_error
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._instrumentation.wrapper import CallContext, Passthrough
from fitprint.plugin.contract import TrainingCall

PASS_THROUGH_MODULES = (
    "fitprint._instrumentation.wrapper",
    "fitprint._workers.",
    "fitprint._core.call_scope",
    "fitprint.cli",
    "fitprint.__",
)
"""Modules of fitprint that only pass a call of the user's on, and hold no lock while they do."""
SEVERAL_OBJECTS = (tuple, list)
"""The types in which `Flavor.loop_of` returns the objects of a loop that trains several. Neither takes a weak
reference, so that neither can be an object that is trained."""


class Loop(Protocol):
    """A loop that is recorded, or that a rule has refused.

    Attributes:
        flavor_name: The flavor that it belongs to.
        references: A weak reference to each object that it trains, by the `id` of the object.
    """

    flavor_name: str
    references: dict[int, weakref.ref[Any]]

    def is_abandoned(self) -> bool:
        """Return whether the loop holds its objects, and nobody else refers to them any more."""

    def saved(self, call: TrainingCall) -> None:
        """Make or renew the package, because the user has saved the model in a call. The run stays open."""

    def ended_by(self, error: BaseException) -> None:
        """Take note of the exception that has ended the program outside of the steps."""

    def end(self) -> None:
        """Record the result and end the run. Further calls do nothing."""


class _Entry(NamedTuple):
    reference: weakref.ref[Any]
    loop: Loop


class KnownSteps(NamedTuple):
    """The further steps of an object, whose flavor has said how they are recorded.

    Attributes:
        instance: The object.
        loop: The loop that they belong to.
        surround: Makes what surrounds one, from the object and the arguments.
    """

    instance: weakref.ref[Any]
    loop: Loop
    surround: Callable[[Any, tuple[Any, ...], dict[str, Any]], CallContext]


known_steps: dict[tuple[int, str], KnownSteps] = {}
"""By the `id` of the object and the name of its method, until the loop ends."""
_loops: dict[int, _Entry] = {}
"""By the `id` of each object. An entry may outlive its object: then its weak reference is dead."""
_orphans: deque[Loop] = deque()
"""Loops whose objects are gone, and which could not be ended at that moment."""
_abandoned_limit = 1
"""How many objects may be in loops before it is asked which of them only their loops refer to."""
_lock = fork_safe_lock()


def objects_of(trained: Any) -> tuple[Any, ...]:
    """Return the objects that `Flavor.loop_of` has named: one, or several in a tuple or a list."""
    if type(trained) in SEVERAL_OBJECTS:
        return tuple(part for part in trained if part is not None)
    return () if trained is None else (trained,)


def find(trained: Any) -> Loop | None:
    """Return the loop that trains an object, or the first loop that trains one of several; or None."""
    if type(trained) in SEVERAL_OBJECTS:
        return next(find_all(trained), None)
    entry = _loops.get(id(trained))
    return entry.loop if entry is not None and entry.reference() is trained else None


def know_steps(
    loop: Loop, call: TrainingCall, surround: Callable[[Any, tuple[Any, ...], dict[str, Any]], CallContext]
) -> None:
    """Register how the further steps of the object of a step are recorded.

    Args:
        loop: The loop that they belong to.
        call: The step.
        surround: Makes what surrounds a further one.
    """
    with _lock:
        if any(
            _loops.get(key) is not None and _loops[key].loop is loop for key in loop.references
        ):  # it may have ended
            known_steps[id(call.instance), call.name] = KnownSteps(weakref.ref(call.instance), loop, surround)


def find_all(trained: Any) -> Iterator[Loop]:
    """Yield each loop that trains one of the objects, once."""
    loops: list[Loop] = []
    for part in objects_of(trained):
        loop = find(part)
        if loop is not None and loop not in loops:
            loops.append(loop)
            yield loop


def find_or_add(trained: Any, make: Callable[[], Loop]) -> Loop:
    """Return the loop that trains an object or one of several; make and register it if there is none.

    Args:
        trained: The object that is trained, or several in a tuple or a list.
        make: Makes the loop.

    Raises:
        TypeError: An object cannot be weakly referenced.
    """
    loop = find(trained)
    if loop is None:
        end_orphans()
        _end_abandoned()
        call_at_exit(_end_at_exit)
        with _lock:
            loop = find(trained)
            if loop is None:
                loop = make()
                _register(loop, objects_of(trained))
    elif type(trained) in SEVERAL_OBJECTS:
        with _lock:
            _register(loop, [part for part in objects_of(trained) if find(part) is None])
    return loop


def _register(loop: Loop, objects: Any) -> None:
    """Register a loop for objects that belong to no loop yet: for none of them if one takes no weak reference."""
    references = {id(part): weakref.ref(part, lambda _: on_collected(loop)) for part in objects}
    loop.references |= references
    _loops.update((key, _Entry(reference, loop)) for key, reference in references.items())


def remove(loop: Loop) -> None:
    """Remove a loop, so that the next step on one of its objects begins another one."""
    with _lock:
        for key in loop.references:
            entry = _loops.get(key)
            if entry is not None and entry.loop is loop:
                del _loops[key]
        for step in [step for step, known in known_steps.items() if known.loop is loop]:
            del known_steps[step]
        loop.references.clear()  # they refer to the loop in turn, which would keep it until a garbage collection


def end_loop_of(trained: Any) -> None:
    """End the loops that train an object or one of several, because something else begins on it."""
    end_orphans()
    for loop in list(find_all(trained)):
        loop.end()


def end_all(flavor: str | None = None) -> None:
    """End all loops, the oldest first. An interruption is raised when the others have ended too.

    Args:
        flavor: End only the loops of this flavor.
    """
    end_orphans()
    for entry in list(_loops.values()):
        if flavor in (None, entry.loop.flavor_name):
            try:
                entry.loop.end()
            except BaseException:
                end_all(flavor)
                raise
    end_orphans()  # objects that were collected meanwhile, inside fitprint's own code


def has_loops() -> bool:
    """Return whether there is any loop. If there is none, a call need not be compared with loops."""
    return bool(_loops or _orphans)


class LoopSave(Passthrough):
    """Surrounds the user's own saving of a model, whose loops get their package when the call has returned."""

    def __init__(self, loops: list[Loop], call: TrainingCall) -> None:
        super().__init__(call.args, call.kwargs)
        self._loops = loops
        self._call = call

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            self._call.result = self.returned
            for loop in self._loops:
                loop.saved(self._call)


# Objects that are garbage-collected


def on_collected(loop: Loop) -> None:
    """End a loop if its last object has been garbage-collected.

    This may happen wherever the interpreter is at the moment. If that is inside fitprint's own code, where a lock may
    be held, the loop waits for the next call. Otherwise it ends at once.
    """
    if any(reference() is not None for reference in list(loop.references.values())):
        return
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


def _end_abandoned() -> None:
    """End the loops that hold objects which nobody else refers to, whenever there are twice as many loops as then."""
    global _abandoned_limit
    if len(_loops) >= _abandoned_limit:
        for entry in list(_loops.values()):
            if entry.loop.is_abandoned():
                entry.loop.end()
        _abandoned_limit = max(1, 2 * len(_loops))


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
    error = uncaught_error()
    with guarded("the end of the open loops"):
        if error is not None:
            for entry in list(_loops.values()):
                entry.loop.ended_by(error)
        end_all()


@in_forked_child
@on_reset
def _reset() -> None:
    global _abandoned_limit
    _loops.clear()
    known_steps.clear()
    _orphans.clear()
    _abandoned_limit = 1
