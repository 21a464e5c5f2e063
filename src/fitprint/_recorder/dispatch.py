"""What happens when a patched function is called: straight through, a run, a step of one, or a look from inside one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._instrumentation.wrapper import Begin, CallContext, Passthrough
from fitprint._recorder import fork_preload as forking  # noqa: F401
from fitprint._recorder import loop_registry as loops
from fitprint._recorder import rules as _rules
from fitprint._recorder.state import switch
from fitprint.plugin.flavor import Flavor, Patch, Role, TrainingCall

CallWrapper = Callable[[TrainingCall], "CallContext | None"]
"""What surrounds a call that happens inside no other one, or None."""


def make_begin(flavor: Flavor, patch: Patch) -> Begin:
    """The function that a patch's wrapper asks at every call; it never raises."""
    name = patch.target.rpartition(".")[2]
    if patch.role is Role.WATCHED:
        return _watching(flavor, name)
    surround, encloses = _OUTERMOST[patch.role]

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not switch.on:
            return None
        session = call_scope.current()
        if session is None:
            return _outermost(TrainingCall(flavor, function, instance, args, kwargs, name), surround, encloses)
        if patch.inside and session.recording is not None:
            return _inside(session.recording, TrainingCall(flavor, function, instance, args, kwargs, name))
        return None

    return begin


def _outermost(call: TrainingCall, surround: CallWrapper, encloses: bool) -> CallContext | None:
    around: CallContext | None = None
    with guarded("the start of a run", call.flavor.name) as step:
        call.settings = switch.settings(call.flavor)
        step.strict = call.settings.strict
        around = surround(call)
    # what an unrecorded call trains in turn is not outermost, and leaves no run either
    return Unrecorded(call.args, call.kwargs) if around is None and encloses else around


# with all it needs, each is imported when there is a call to record


def _training(call: TrainingCall) -> CallContext | None:
    _ends_its_loop(call)
    if _is_refused(call):
        return None
    from fitprint._recorder.call import Recording

    return Recording.start(call)


def _conversion(call: TrainingCall) -> CallContext | None:
    if _is_refused(call):
        return None
    from fitprint._recorder.conversion import Conversion

    return Conversion(call)


def _step(call: TrainingCall) -> CallContext | None:
    from fitprint._recorder.loop import step_of

    return step_of(call)  # which asks the rules at the first one


def _is_refused(call: TrainingCall) -> bool:
    reason = _rules.before(call)
    if reason is not None:
        switch.count_skip(call.flavor.name, reason[0])
    return reason is not None


def _ends_its_loop(call: TrainingCall) -> None:
    if loops.anything_known():
        loops.end_on(call.flavor.loop_of(call))


def _saving(call: TrainingCall) -> CallContext | None:
    loop = loops.of(call.flavor.loop_of(call)) if loops.anything_known() else None
    return loops.Saving(loop, call.args, call.kwargs) if loop is not None else None


_OUTERMOST: dict[Role, tuple[CallWrapper, bool]] = {
    Role.TRAINS: (_training, True),
    Role.STEP: (_step, True),
    Role.BEGINS: (_ends_its_loop, False),
    Role.SAVES: (_saving, False),
    Role.CONVERTS: (_conversion, True),
}
"""What surrounds a call of each role, and whether what it calls in turn is a part of it."""


def _inside(recording: Any, call: TrainingCall) -> CallContext | None:
    if recording.call.flavor is not call.flavor or recording.listening:
        return None
    call.settings = recording.call.settings
    recording.listen(call)
    return Passthrough(call.args, call.kwargs)  # only its arguments may be others, so that the recording can listen


class Unrecorded(Passthrough):
    """Around an outermost call that is not recorded."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._inside = call_scope.SessionScope()

    def __enter__(self) -> None:
        try:
            self._inside.enter()
        except BaseException:  # an interruption at this very moment: `__exit__` will not be called
            self._inside.leave()
            raise

    def __exit__(self, *error: Any) -> None:
        self._inside.leave()


def _watching(flavor: Flavor, name: str) -> Begin:
    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not switch.on:
            return None
        return Watching(TrainingCall(flavor, function, instance, args, kwargs, name))

    return begin


class Watching(Passthrough):
    """Around a call that trains nothing but tells the flavor something."""

    def __init__(self, call: TrainingCall) -> None:
        super().__init__(call.args, call.kwargs)
        self._call = call

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            with guarded("watching", self._call.flavor.name):
                self._call.result = self.returned
                _belong(self._call)
                self._call.flavor.watched(self._call)


def _belong(call: TrainingCall) -> None:
    """What a call that is watched can say, it says of the training that it is a part of, if that is recorded."""
    session = call_scope.current()
    recorded = session.recording if session is not None else None
    if session is None and loops.anything_known():
        recorded = loops.of(call.flavor.loop_of(call))
    if recorded is not None and recorded.begun and recorded.call.flavor is call.flavor:
        call.settings, call.kept = recorded.call.settings, recorded.call.kept
        call.emit, call.skip = recorded.emitter, recorded.run.skip
