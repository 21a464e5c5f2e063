"""The recording of a training loop: many small calls on one object, and one run."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from dataclasses import replace
from types import TracebackType
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._recorder import loop_registry, rules
from fitprint._recorder.base import Outcome, RecordingBase
from fitprint._recorder.contexts import CallContextBase
from fitprint._recorder.state import recorder_state
from fitprint._runs import active
from fitprint._runs import index as run_index
from fitprint._runs.record import FINISHED
from fitprint._runs.run import Run, before_end
from fitprint.plugin.contract import TrainingCall

_SUCCESS = Outcome(FINISHED)


class LoopRecording(RecordingBase):
    """Records a loop, from the first step on an object to whatever ends it.

    A loop that a rule refuses has such an object too, which records nothing. Between two steps no session is open, and
    none of the user's objects is kept alive.
    """

    def __init__(self, call: TrainingCall, trained: Any) -> None:
        super().__init__(_without_user_objects(call))
        self.flavor_name = call.flavor.name
        self.object_id = id(trained)
        self._instance = weakref.ref(call.instance) if call.instance is not None else None
        self._lock = fork_safe_lock(threading.RLock)
        self._opened = self._ended = self._step_metrics_failed = False
        self._step_numbers = itertools.count()
        self._outcome = _SUCCESS
        self._saved_by_user = False
        self._seconds_in_steps = 0.0
        self._end_started: float | None = None
        self._block_run: Run | None = None
        # the last attribute: from here on the callback may run
        self.trained = weakref.ref(trained, lambda _: loop_registry.on_collected(self))

    # the steps

    def open(self, call: TrainingCall) -> None:
        """At the first step, ask the rules and begin the run. Of several threads one does this; the others wait."""
        if self._opened:
            return
        with self._lock:
            if self._opened or self._ended:
                return
            try:
                with guarded("the start of a run", self.flavor_name, strict=call.settings.strict):
                    self._open(call)
                self._opened = True
            except BaseException as error:
                self._ended = True
                loop_registry.remove(self)
                self.ensure_ended(Outcome.of(error, call))
                raise
            self._seconds_in_steps += time.perf_counter() - self._recording_started

    def _open(self, call: TrainingCall) -> None:
        refusal = rules.refusal_before(call)
        if refusal is not None:
            recorder_state.count_skip(self.flavor_name, refusal[0])
            return
        self.call = call
        try:
            has_begun = self.begin()
            if has_begun:
                model = None
                with self.step("the model"):
                    model = call.flavor.model(call)
                self._name_after(model)
                run_index.set_last_run(self.run, call.loop)
                for trained in (call.instance, model):
                    run_index.register_model(self.run, trained)
        finally:
            self.call = _without_user_objects(call)
        if has_begun:
            self._block_run = active.active_run()
            if self._block_run is not None:
                before_end(self._block_run).append(self.end)

    def attach(self, session: call_scope.Session) -> None:
        """Make the run of this loop the one of a step's session, and the latest one of this context."""
        session.run, session.outer_run = self.run, self._block_run
        run_index.set_latest(self.run)

    def record_step(self, call: TrainingCall, started: float, error: BaseException | None) -> None:
        """Record a step that has returned or raised.

        Args:
            call: The call of the step.
            started: When the user's own call began, as `time.perf_counter` has it.
            error: What the step raised, or None.
        """
        ended = time.perf_counter()
        self.call.took = (self.call.took or 0.0) + ended - started
        self._outcome = _SUCCESS if error is None else Outcome.of(error, call)
        number = next(self._step_numbers)
        if error is None and not self._step_metrics_failed and not self._ended and self.writer.written_here:
            with self.step("per-iteration metrics") as step:
                call.cache = self.call.cache
                call.flavor.stepped(call, self.emitter, number)
            self._step_metrics_failed = step.failed  # not tried again: it would fail, with a skip reason, at each step
        self._seconds_in_steps += time.perf_counter() - ended

    # the end

    def end(self, saved_by_user: bool = False) -> None:
        """Record the result, with the model if it still exists, and end the run. Further calls do nothing."""
        try:
            if self._claim_end():
                self._saved_by_user = saved_by_user
                self._conclude_loop()
        except BaseException:
            if self.has_run:
                self.conclude_interrupted(self._outcome)
            raise

    def _claim_end(self) -> bool:
        """Return whether the caller is the one that ends the loop, and there is a run to end."""
        loop_registry.remove(self)
        with self._lock:
            is_first, self._ended = not self._ended and self.has_run, True
        if is_first and self._block_run is not None and self.end in before_end(self._block_run):
            before_end(self._block_run).remove(self.end)
        return is_first

    def _conclude_loop(self) -> None:
        trained = self.trained()
        instance = self._instance() if self._instance is not None else None
        if trained is None:
            reason = "the object was garbage-collected before the loop ended, and had not been saved"
            self.writer.skip("model", "collected", reason)
        self.call = replace(self.call, instance=instance, loop=trained)
        self._end_started = time.perf_counter()
        scope = call_scope.SessionScope()  # what the framework calls while its model is saved is no step of the user's
        try:
            scope.enter()
            self.conclude(self._outcome)
            scope.leave()
        except BaseException:
            scope.leave()
            raise
        self.call = _without_user_objects(self.call)

    def _has_model(self, outcome: Outcome) -> bool:
        # what the user has saved is a model, even if the last step raised an error
        return self.call.loop is not None and (self._saved_by_user or outcome.status == FINISHED)

    def _register_model(self, model: Any) -> None:
        # without making this the latest run: that is the training that began last, not the one that ends last
        run_index.register_model(self.run, model)

    def _recording_seconds(self) -> float:
        since = self._end_started if self._end_started is not None else self._recording_started
        return self._seconds_in_steps + time.perf_counter() - since


def _without_user_objects(call: TrainingCall) -> TrainingCall:
    """Return a copy of a call that keeps only facts, and so none of the user's objects alive."""
    plain_function = getattr(call.function, "__func__", call.function)
    return replace(call, function=plain_function, instance=None, args=(), kwargs={}, result=None, loop=None)


class LoopStep(CallContextBase):
    """Surrounds one step of a loop."""

    def __init__(self, loop: LoopRecording, call: TrainingCall) -> None:
        self.call = call
        self._loop = loop
        self._scope = call_scope.SessionScope()

    def __enter__(self) -> None:
        try:
            self._scope.enter()
            self._loop.open(self.call)
            if self._loop.has_run:
                self._loop.attach(self._scope.session)
            self._call_started = time.perf_counter()
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._loop.has_run:
                self.call.result = self.returned
                self._loop.record_step(self.call, self._call_started, error)
            self._leave()
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        self._scope.leave()
        self.call.args, self.call.kwargs, self.call.result = (), {}, None


def loop_step(call: TrainingCall) -> LoopStep | None:
    """Return what surrounds one step; None if the flavor says that the call belongs to no loop."""
    trained = call.flavor.loop_of(call)
    if trained is None:
        return None
    call.loop = trained
    loop = loop_registry.find_or_add(trained, lambda: LoopRecording(call, trained))
    assert isinstance(loop, LoopRecording)
    return LoopStep(loop, call)
