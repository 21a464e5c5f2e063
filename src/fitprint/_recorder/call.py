"""The recording of one training call, from the moment before it to the end of its run."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._recorder.base import Outcome, RecordingBase
from fitprint._recorder.contexts import CallContextBase
from fitprint._recorder.rows_before import rows_before
from fitprint._runs import active
from fitprint.plugin.contract import TrainingCall


class CallRecording(CallContextBase, RecordingBase):
    """Surrounds one outermost training call.

    Nothing begins before `__enter__`. Whatever interrupts the recording afterwards leaves neither a run nor a session
    open.
    """

    def __init__(self, call: TrainingCall) -> None:
        RecordingBase.__init__(self, call)
        self.listening = False
        """Whether the flavor is subscribed to the callbacks of this call, or of one inside it."""
        self._scope = call_scope.SessionScope()

    def __enter__(self) -> None:
        call = self.call
        try:
            self._scope.enter()
            with guarded("the start of a run", call.flavor.name, strict=call.settings.strict):
                outer_run = active.active_run()
                if self.begin():
                    session = self._scope.session
                    session.recording, session.run, session.outer_run = self, self.run, outer_run
                    self._copy_rows()
            self._call_started = time.perf_counter()
        except BaseException as error:
            self._abandon(error, self.ensure_ended)
            raise

    def trains(self, model: object) -> bool:
        """Return whether an object is the one whose method is being recorded."""
        return model is not None and self.call.instance is model

    @property
    def may_finish_later(self) -> bool:
        """Whether the package may be written in the background: not inside a group, which counts the runs below it."""
        return self.call.settings.save_in_background and not self._is_in_group

    def _subscribe(self) -> None:
        self.listen(self.call)

    def _copy_rows(self) -> None:
        """Copy a few rows of the data, for the signature: the training may change its data in place."""
        call = self.call
        if call.settings.log_models and call.settings.log_signatures:
            with self.step("the rows before the training"):
                self.rows_before = rows_before((*call.args, *call.kwargs.values()))

    def listen(self, call: TrainingCall) -> None:
        """Let the flavor subscribe to the framework's callbacks in this call, or in one inside it."""
        with self.step("per-iteration metrics"):
            at_end = call.flavor.listen(call, self.emitter)
            if at_end is not None:
                self.listening = True
                self._at_training_end.append(at_end)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.has_run:
                self.call.took = time.perf_counter() - self._call_started
                if error is None:
                    self.call.result, self.returned = self.returned, None
                else:
                    self.ask_whether_to_keep(self.call, error)
                self.conclude(Outcome.of(error, self.call))
            self._leave()
        except BaseException:
            self._abandon(error, self.conclude_interrupted)
            raise

    def ensure_left(self, error: BaseException) -> None:
        """End the recording if it was interrupted before `__exit__` could do anything. Do nothing otherwise."""
        if "call" in self.__dict__:
            self._abandon(error, self.conclude_interrupted)

    def _abandon(self, error: BaseException | None, end_run: Callable[[Outcome], None]) -> None:
        try:
            if self.has_run and hasattr(self, "call"):
                end_run(Outcome.of(error, self.call))
        finally:
            self._leave()

    def _leave(self) -> None:
        self._scope.leave()
        self._at_training_end.clear()
        self.__dict__.pop("call", None)  # keeps none of the user's objects alive
        self.returned = None
        self.rows_before = None
