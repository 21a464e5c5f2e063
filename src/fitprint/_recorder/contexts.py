"""What surrounds a call of a patched function: the parts that all kinds of calls share, and the calls not recorded."""

from __future__ import annotations

from typing import Any

from fitprint._core import call_scope
from fitprint._instrumentation.wrapper import Passthrough
from fitprint._recorder import loop_registry
from fitprint.plugin.contract import TrainingCall


class CallContextBase:
    """The arguments and the result of a surrounded call. The arguments are those that `Flavor.listen` has left.

    Whatever outlives its call takes the result out of `returned` when the call has ended.
    """

    call: TrainingCall
    returned: Any = None

    @property
    def args(self) -> tuple[Any, ...]:
        return self.call.args

    @property
    def kwargs(self) -> dict[str, Any]:
        return self.call.kwargs


class UnrecordedCall(Passthrough):
    """Surrounds an outermost call that is not recorded, so that nothing that it calls is recorded either."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._scope = call_scope.SessionScope()

    def __enter__(self) -> None:
        try:
            self._scope.enter()
        except BaseException:  # interrupted at this very moment: `__exit__` will not be called
            self._scope.leave()
            raise

    def __exit__(self, *error: Any) -> None:
        self._scope.leave()


def join_recording(call: TrainingCall) -> None:
    """Let a watched call write to the run of the training that it is part of, if that is being recorded."""
    session = call_scope.innermost()
    recording = session.recording if session is not None else None
    if session is None and loop_registry.has_loops():
        trained = call.flavor.loop_of(call)
        recording = loop_registry.find(trained) if trained is not None else None
    if recording is not None and recording.has_run and recording.call.flavor is call.flavor:
        call.settings, call.cache = recording.call.settings, recording.call.cache
        call.emit, call.skip = recording.emitter, recording.writer.skip
