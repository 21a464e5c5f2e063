"""What happens when a patched function is called: it passes straight through, or makes a run, or belongs to one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from fitprint._core import call_scope, task_scope
from fitprint._core.call_scope import is_recording, of_context
from fitprint._core.guard import guarded
from fitprint._instrumentation import registry
from fitprint._instrumentation.wrapper import Begin, CallContext, Look, Passthrough
from fitprint._recorder import (
    fork_preload,  # noqa: F401  registers its hook
    loop_registry,
    rules,
)
from fitprint._recorder.contexts import UnrecordedCall, join_recording
from fitprint._recorder.scoring import make_prediction_begin, make_score_begin
from fitprint._recorder.state import recorder_state
from fitprint.plugin.contract import Flavor, TrainingCall
from fitprint.plugin.entry_points import Patch, Role

MakeContext = Callable[[TrainingCall], "CallContext | None"]
"""Makes what surrounds an outermost call; None if nothing is to be recorded."""


def make_begin(flavor: Flavor, patch: Patch) -> Begin:
    """Make the function that a patch's wrapper asks at every call. That function never raises.

    Args:
        flavor: The flavor that the patch belongs to.
        patch: The entry point.

    Returns:
        A function that returns what surrounds a call, or None to leave the call alone.
    """
    name = patch.target.rpartition(".")[2]
    if patch.role in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[patch.role](flavor, name)
    guard = guarded("the start of a run", flavor.name)

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on:
            return None
        session = call_scope.current()
        if session is None:
            call = TrainingCall(flavor, function, instance, args, kwargs, name)
            return _begin_outermost(call, patch, guard)
        if patch.inside and session.recording is not None:
            return _listen_inside(session.recording, TrainingCall(flavor, function, instance, args, kwargs, name))
        return None

    return begin


def _make_watched_begin(flavor: Flavor, name: str) -> Begin:
    guard = guarded("watching", flavor.name)
    watcher, is_outside_only = flavor.watchers.get(name), not flavor.watches_inside

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Look | None:
        if not recorder_state.on:
            return None
        if is_outside_only and (of_context() is not None or task_scope.finder is not None) and is_recording():
            return None
        return ask_watcher if watcher is not None else ask_flavor if flavor.watches(name) else None

    def ask_watcher(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        try:
            watcher(instance, args, kwargs, result)  # type: ignore[misc]  # only where there is one
        except BaseException as error:  # as `with guard` does, which makes two calls more at every step of a loop
            if not guard.__exit__(type(error), error, error.__traceback__):
                raise

    def ask_flavor(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        with guard:
            call = TrainingCall(flavor, function, instance, args, kwargs, name, result=result)
            join_recording(call)
            flavor.watched(call)

    return begin


def _make_step_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of a step of a loop, which takes as few calls as possible, because a loop pays for each step.

    A step inside a call that belongs to no loop may belong to one. The loop asks the rules at its first step.
    """
    guard = guarded("the start of a run", flavor.name)

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on:
            return None
        # the two that are asked first say nearly always that there is none, without a call of ours
        if (of_context() is not None or task_scope.finder is not None) and call_scope.current() is not None:
            return None
        known = loop_registry.known_steps.get((id(instance), name))
        if known is not None and known.instance() is instance:
            return known.surround(instance, args, kwargs)
        with guard:
            settings = recorder_state.settings(flavor)
            guard.strict = settings.strict
            return _loop_step()(TrainingCall(flavor, function, instance, args, kwargs, name, settings))
        return None

    return begin


def _begin_outermost(call: TrainingCall, patch: Patch, guard: guarded) -> CallContext | None:
    make_context, is_training = _BY_ROLE[patch.role]
    context: CallContext | None = None
    with guard:  # always the same one of an entry point, because a loop would pay for a new one at every step
        if patch.gives_way and registry.is_trained_by_another(call.flavor.name, type(call.instance)):
            return None
        call.settings = recorder_state.settings(call.flavor)
        guard.strict = call.settings.strict
        context = make_context(call)
    # the trainings inside an unrecorded training are not outermost calls, and make no run either
    return UnrecordedCall(call.args, call.kwargs) if context is None and is_training else context


def _listen_inside(recording: Any, call: TrainingCall) -> CallContext | None:
    """Let the flavor listen to a call inside a recorded call of its own, unless it listens to that one already."""
    if recording.call.flavor is not call.flavor or recording.listening:
        return None
    call.settings, call.cache = recording.call.settings, recording.call.cache
    recording.listen(call)
    return Passthrough(call.args, call.kwargs)  # the flavor may have replaced the arguments


# What each role does. The modules that record are imported at the first call that is recorded.


def _record_training(call: TrainingCall) -> CallContext | None:
    _end_open_loop(call)
    if _is_refused(call):
        return None
    from fitprint._recorder.call import CallRecording

    return CallRecording(call)


def _record_group(call: TrainingCall) -> CallContext | None:
    _end_open_loop(call)
    if _is_refused(call):
        return None
    from fitprint._recorder.group import GroupRecording

    return GroupRecording(call)


def _record_conversion(call: TrainingCall) -> CallContext | None:
    if _is_refused(call):
        return None
    from fitprint._recorder.conversion import ConversionCall

    return ConversionCall(call)


@functools.cache  # even an import statement of a module that is there already costs too much at every step
def _loop_step() -> MakeContext:
    from fitprint._recorder.loop import loop_step

    return loop_step


def _end_open_loop(call: TrainingCall) -> None:
    if loop_registry.has_loops():
        loop_registry.end_loop_of(call.flavor.loop_of(call))


def _save_loop(call: TrainingCall) -> CallContext | None:
    loops = list(loop_registry.find_all(call.flavor.loop_of(call))) if loop_registry.has_loops() else []
    return loop_registry.LoopSave(loops, call) if loops else None


def _is_refused(call: TrainingCall) -> bool:
    refusal = rules.refusal_before(call)
    if refusal is not None:
        recorder_state.count_skip(call.flavor.name, refusal[0])
    return refusal is not None


_BY_ROLE: dict[Role, tuple[MakeContext, bool]] = {
    Role.TRAINS: (_record_training, True),
    Role.GROUPS: (_record_group, False),
    Role.BEGINS: (_end_open_loop, False),
    Role.SAVES: (_save_loop, False),
    Role.CONVERTS: (_record_conversion, True),
}
"""For each role, what surrounds an outermost call, and whether the trainings that it calls in turn are part of it."""
_OF_THEIR_OWN: dict[Role, Callable[[Flavor, str], Begin]] = {
    Role.STEP: _make_step_begin,
    Role.WATCHED: _make_watched_begin,
    Role.PREDICTS: make_prediction_begin,
    Role.SCORES: make_score_begin,
}
"""For each other role: what makes its `Begin`."""
