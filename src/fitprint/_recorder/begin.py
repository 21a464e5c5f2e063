"""What happens when a patched function is called: straight through, a run, or a look from inside one."""

from __future__ import annotations

from typing import Any

from fitprint import _rules, _session
from fitprint._flavor import Flavor, Patch, TrainingCall
from fitprint._guard import guarded
from fitprint._patching.passing import Passing
from fitprint._patching.wrapper import Around, Begin
from fitprint._recorder import forking  # noqa: F401  importing it registers what is done before a fork
from fitprint._recorder.switch import switch


def make_begin(flavor: Flavor, patch: Patch) -> Begin:
    """The function that a patch's wrapper asks at every call; it never raises."""
    if patch.watch:
        return _watching(flavor)
    name = patch.target.rpartition(".")[2]

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Around | None:
        if not switch.on:
            return None
        session = _session.current()
        if session is None:
            return _outermost(TrainingCall(flavor, function, instance, args, kwargs, name))
        if patch.inside and session.recording is not None:
            return _inside(session.recording, TrainingCall(flavor, function, instance, args, kwargs, name))
        return None

    return begin


def _outermost(call: TrainingCall) -> Around:
    around: Around | None = None
    with guarded("the start of a run", call.flavor.name) as step:
        call.settings = switch.settings(call.flavor)
        step.strict = call.settings.strict
        reason = _rules.before(call)
        if reason is None:
            # with all it needs: not before there is a call to record
            from fitprint._recorder.recording import Recording

            around = Recording.start(call)
        else:
            switch.count_skip(call.flavor.name, reason[0])
    # what an unrecorded call trains in turn is not outermost, and leaves no run either
    return around if around is not None else Unrecorded(call.args, call.kwargs)


def _inside(recording: Any, call: TrainingCall) -> Around | None:
    if recording.call.flavor is not call.flavor or recording.listening:
        return None
    call.settings = recording.call.settings
    recording.listen(call)
    return Passing(call.args, call.kwargs)  # only its arguments may be others, so that the recording can listen


class Unrecorded(Passing):
    """Around an outermost call that is not recorded."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._session = _session.Session()

    def __enter__(self) -> None:
        try:
            self._token = _session.enter(self._session)
        except BaseException:  # an interruption at this very moment: `__exit__` will not be called
            self._session.open = False
            raise

    def __exit__(self, *error: Any) -> None:
        self._session.open = False
        _session.leave(self._token)


def _watching(flavor: Flavor) -> Begin:
    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Around | None:
        return Watching(TrainingCall(flavor, function, instance, args, kwargs)) if switch.on else None

    return begin


class Watching(Passing):
    """Around a call that trains nothing but tells the flavor something."""

    def __init__(self, call: TrainingCall) -> None:
        super().__init__(call.args, call.kwargs)
        self._call = call

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            with guarded("watching", self._call.flavor.name):
                self._call.result = self.result
                self._call.flavor.watched(self._call)
