"""The recording of a training that a callback of its framework has reported, without any patched function."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from fitprint._core import call_scope
from fitprint._core.locks import fork_safe_lock
from fitprint._recorder import loop_registry
from fitprint._recorder.call import CallRecording
from fitprint._recorder.running_call import RunningCall
from fitprint._runs.run import Run, before_end
from fitprint.plugin.by_callback import Listen
from fitprint.plugin.contract import TrainingCall


class NotReturned(Exception):
    """Stands for the error of a training that has ended otherwise than by returning, where that error is not known."""


class RecordingByCallback(CallRecording):
    """What a `CallRecording` does, for a call that nothing surrounds.

    It is in the registry of loops, because it may end like one: with the user's block, with the process, or when
    recording is turned off. Otherwise it ends with the call.

    Args:
        call: The call.
        running: Sees the end of the call; None if only the framework tells of it.
        listen: Prepares to follow the training.

    Attributes:
        error: What ended the training, as far as the framework has said so.
        has_returned: Whether the framework has said that the training has ended well.
    """

    def __init__(self, call: TrainingCall, running: RunningCall | None, listen: Listen) -> None:
        super().__init__(call)
        self._scope = call_scope.SessionScope(_SessionWhileRunning(running))
        self.flavor_name = call.flavor.name
        self.references: dict[int, weakref.ref[Any]] = {}
        self.error: BaseException | None = None
        self.has_returned = False
        self._running = running
        self._listen = listen
        self._lock = fork_safe_lock(threading.RLock)
        self._ended = self._outlives_frame = False
        self._block_run: Run | None = None

    @property
    def sees_end(self) -> bool:
        """Whether the end of the call will be noticed even if the callback does not report it."""
        return self._running is not None and self._running.lifetime is not None

    def is_running(self) -> bool:
        """Return whether this thread is in the call."""
        return not self._ended and self._running is not None and self._running.is_running()

    def set_result(self, result: Any) -> None:
        """Set what the call returns; also while it is being recorded how the training has ended."""
        if "call" in self.__dict__:
            self.returned = self.call.result = result

    def open(self) -> None:
        """Begin the run. What ends it is registered first, so that no interruption leaves it open."""
        self._register()
        self.__enter__()
        self._block_run = self._scope.session.outer_run
        if self._block_run is not None:
            before_end(self._block_run).append(self.end)

    def _register(self) -> None:
        lifetime = self._running.lifetime if self._running is not None else None
        self._outlives_frame = lifetime is None
        loop_registry.find_or_add(lifetime or self, lambda: self)

    def _subscribe(self) -> None:
        with self.step("per-iteration metrics"):
            at_end = self._listen(self.call, self.emitter)
            if at_end is not None:
                self._at_training_end.append(at_end)

    def _find_model(self) -> Any:
        model, call = super()._find_model(), self.call
        if model is None and call.instance is None and call.result is None:
            self.writer.skip("model", "callback", f"{call.flavor.name} does not give the model to its callbacks")
        return model

    def is_abandoned(self) -> bool:
        """Return False: nothing is held here that others could have let go of."""
        return False

    def saved(self, call: TrainingCall) -> None:
        """Do nothing: no function that saves a model is patched."""

    def ended_by(self, error: BaseException) -> None:
        """Do nothing: how the call has ended is seen."""

    def end(self) -> None:
        """Record how the training has ended, and end the run. Further calls do nothing."""
        if self._running is not None and self._running.lost and not self._outlives_frame:
            self._register()  # a debugger has taken our place in the frame: the training goes on
            return
        if not self._claim_end():
            return
        error = self._find_error()
        scope = call_scope.SessionScope()
        scope.session.recording, scope.session.run = self, getattr(self, "run", None)
        try:
            scope.enter()
            self.__exit__(type(error) if error is not None else None, error, None)
        finally:
            scope.leave()
            self.returned = self.error = None

    def _claim_end(self) -> bool:
        """Return whether the caller is the one that ends the recording."""
        loop_registry.remove(self)
        with self._lock:
            is_first, self._ended = not self._ended, True
        if is_first and self._block_run is not None and self.end in before_end(self._block_run):
            before_end(self._block_run).remove(self.end)
        return is_first

    def _find_error(self) -> BaseException | None:
        """Return what ended the training; None if it has returned."""
        running = self._running
        if self.error is not None:
            return self.error
        if running is None or running.lost:
            is_well = self.has_returned
        elif running.lifetime is None:
            is_well = running.returned
        else:  # something holds the frame: what the call has raised, or an error that it has handled itself
            error = running.error()
            if error is not None:
                return error
            is_well = self.has_returned
        return None if is_well else NotReturned("the training has not returned, and gave its callback no reason")


class _SessionWhileRunning(call_scope.Session):
    """Is open as long as the call runs in this thread: nobody closes it if the call raises an error."""

    __slots__ = ("_running",)

    def __init__(self, running: RunningCall | None) -> None:
        self._running = running
        self.recording = self.run = self.outer_run = None

    @property
    def open(self) -> bool:  # of other sessions it is a plain attribute
        return self._running is not None and self._running.is_running()

    @open.setter
    def open(self, value: bool) -> None:
        if not value:
            self._running = None
