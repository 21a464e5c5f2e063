"""The recording of a training loop: many small calls on one object, or on several, and one run."""

from __future__ import annotations

import functools
import itertools
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import Token
from dataclasses import replace
from time import perf_counter
from types import TracebackType
from typing import Any

from fitprint._core import call_scope, process_state
from fitprint._core.guard import guarded
from fitprint._core.isolation import side_effect_free
from fitprint._core.locks import fork_safe_lock
from fitprint._recorder import loop_registry, rules
from fitprint._recorder.base import Outcome, RecordingBase, without_user_objects
from fitprint._recorder.collect import record_best, record_children, record_facts, record_metrics, record_model
from fitprint._recorder.state import recorder_state
from fitprint._runs import active
from fitprint._runs import index as run_index
from fitprint._runs.index import latest_of_context, latest_of_process
from fitprint._runs.record import FINISHED
from fitprint._runs.run import Run, before_end
from fitprint.plugin.contract import StepRecorder, TrainingCall

_SUCCESS = Outcome(FINISHED)


class LoopRecording(RecordingBase):
    """Records a loop, from the first step on its objects to whatever ends it.

    A loop that a rule refuses has such an object too, which records nothing. Between two steps no session is open. None
    of the user's objects is kept alive, except those that the loop trains if the flavor says so (`Flavor.holds_model`).
    """

    def __init__(self, call: TrainingCall) -> None:
        super().__init__(without_user_objects(call))
        self.flavor_name = call.flavor.name
        self.references: dict[int, weakref.ref[Any]] = {}
        self.recorded_run: Run | None = None
        """The run, if the first step has begun one."""
        self._trained = _Trained(call)
        self._instance = weakref.ref(call.instance) if call.instance is not None else None
        self._lock = fork_safe_lock(threading.RLock)
        self._opened = self._ended = False
        self._first_step = 0
        """The number that the flavor gives the first step."""
        self._step_numbers = itertools.count()
        self._has_learned = False
        """Whether a step has succeeded."""
        self._saved_at: int | None = None
        """How many steps had been taken when the user last saved; None if the user has not."""
        self._package: str | None = None
        """The name of the package in the run, from the first save on."""
        self._package_steps = 0
        """How many steps had been taken when that package was written."""
        self._outcome = _SUCCESS
        self._is_cut_short = False
        """Whether the program has ended by an exception outside of the steps."""
        self._seconds_in_steps = 0.0
        self._end_started: float | None = None
        self.block_run: Run | None = None
        """The run of the `start_run` block in which the loop was opened."""

    @property
    def _steps(self) -> int:
        """How many steps have returned or raised."""
        latest = self.emitter.latest_step if self.recorded_run is not None else None
        return latest - self._first_step + 1 if latest is not None else 0

    def is_abandoned(self) -> bool:
        """Return whether the loop holds its objects, and nobody else refers to them any more."""
        return self._trained.are_abandoned()

    # the steps

    def open(self, call: TrainingCall) -> None:
        """At the first step, ask the rules and begin the run. Of several threads one does this; the others wait."""
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
            self._seconds_in_steps += perf_counter() - self._recording_started

    def _open(self, call: TrainingCall) -> None:
        refusal = rules.refusal_before(call)
        if refusal is not None:
            recorder_state.count_skip(self.flavor_name, refusal[0])
            return
        self.call = call
        try:
            has_begun = self.begin()
            if has_begun:
                self._metrics_step = self.step("per-iteration metrics")
                with self.step("the number of the first step"):
                    self._first_step = int(call.flavor.first_step(call))
                self._step_numbers = itertools.count(self._first_step)
                self.recorded_run = self.run
                model = self._find_model()
                self._name_after(model)
                run_index.set_latest(self.run)
                for trained in (*loop_registry.objects_of(call.loop), call.instance, model):
                    run_index.register_model(self.run, trained)
        finally:
            self.call = without_user_objects(call)
        if has_begun:
            self.block_run = active.active_run()
            if self.block_run is not None:
                before_end(self.block_run).append(self.end)

    def begin_step(self, call: TrainingCall) -> None:
        """Begin the run if this is the first step, and take note of what the step trains."""
        if not self._opened:
            self.open(call)
        if type(call.loop) in loop_registry.SEVERAL_OBJECTS:
            self._trained = _Trained(call)

    def record_step(self, step: LoopStep, error: BaseException | None) -> None:
        """Record a step that has returned or raised.

        Args:
            step: The step.
            error: What it raised, or None.
        """
        ended, first_call = perf_counter(), self.call
        first_call.took = (first_call.took or 0.0) + ended - step.started
        number = self.emitter.latest_step = next(self._step_numbers)
        if error is not None:
            self._record_error(step.call or self._call_of(step), error)
        else:
            self._outcome, self._has_learned = _SUCCESS, True
            guard = self._metrics_step
            # not tried again once it has failed: it would fail, with a skip reason, at each step
            if not guard.failed and not self._ended:
                try:
                    if step.record is not None:
                        step.record(step.instance, step.args, step.kwargs, step.returned, number)
                    elif step.call is not None:
                        self._record_metrics(step.call, step.returned, number)
                except BaseException as failure:  # as `with guard` does, which makes two calls more
                    if not guard.__exit__(type(failure), failure, failure.__traceback__):
                        raise
        self._seconds_in_steps += perf_counter() - ended

    def _record_metrics(self, call: TrainingCall, result: Any, number: int) -> None:
        first_call = self.call
        call.cache, call.emit, call.skip, call.result = first_call.cache, first_call.emit, first_call.skip, result
        call.flavor.stepped(call, self.emitter, number)
        are_several = type(call.loop) in loop_registry.SEVERAL_OBJECTS  # of which each step may train others
        record = call.flavor.step_recorder(call, self.emitter) if not are_several else None
        if record is not None:
            surround = functools.partial(LoopStep, self, record)
            loop_registry.know_steps(self, call, surround)

    def _record_error(self, call: TrainingCall, error: BaseException) -> None:
        self._outcome = Outcome.of(error, call)
        if self._has_learned:
            self.ask_whether_to_keep(call, error)
        else:
            self._keeps_incomplete = False if call.settings.keep_incomplete else None

    def _call_of(self, step: LoopStep) -> TrainingCall:
        return replace(
            self.call, instance=step.instance, args=step.args, kwargs=step.kwargs, loop=self._trained.objects()
        )

    # the user saves the model

    def saved(self, call: TrainingCall) -> None:
        """Make or renew the package, unless nothing was trained since the last time.

        Args:
            call: The call with which the user has saved the model.
        """
        if not self._ended and self.has_run:
            with self.step("what the user saves"):
                call.settings, call.cache = self.call.settings, self.call.cache
                call.emit, call.skip = self.emitter, self.writer.skip
                call.flavor.saved(call)
        if not self._ended and self.has_run and self._steps != self._saved_at:
            started = perf_counter()
            self._with_user_objects(self._record_save)
            self._seconds_in_steps += perf_counter() - started

    def _record_save(self) -> None:
        steps = self._steps
        if self.call.loop is None or self._refusal() is not None:
            return  # the end decides, because a loop that is too short so far may go on
        with side_effect_free():
            self.emitter.read_all()
            model = self._find_model()
            record_facts(self)
            package = record_model(self, model, renews=self._package)
            if package is not None:
                self._package, self._package_steps = package, steps
            self._saved_at = steps
            self._register_model(model)
            with self.step("what is known when the model is saved"):
                self.writer.write()  # so that it is on disk even if the process is killed while the loop is at rest

    # the end

    def ended_by(self, error: BaseException) -> None:
        """Take note of an exception outside of the steps, such as one in ``backward``, that has ended the program.

        It belongs to the loop of the latest step. Its model is what the user held then, and is packaged as always.
        """
        if self.has_run and self._outcome is _SUCCESS and run_index.latest_of_process[0] is self.run:
            self._outcome, self._is_cut_short = Outcome.of(error, self.call), True

    def end(self) -> None:
        """Record the result and end the run. Further calls do nothing.

        The package is that of the last save. Without one the model is saved now, if it still exists.
        """
        try:
            if self._claim_end():
                self._end_started = perf_counter()
                self._with_user_objects(lambda: self.conclude(self._outcome))
        except BaseException:
            if self.has_run:
                self.conclude_interrupted(self._outcome)
            raise
        finally:
            self._trained.release()

    def _claim_end(self) -> bool:
        """Return whether the caller is the one that ends the loop, and there is a run to end."""
        loop_registry.remove(self)
        with self._lock:
            is_first, self._ended = not self._ended and self.has_run, True
        if is_first and self.block_run is not None and self.end in before_end(self.block_run):
            before_end(self.block_run).remove(self.end)
        return is_first

    def _record_result(self, outcome: Outcome) -> None:
        has_model = outcome.status == FINISHED or self._is_cut_short
        has_result = self._package is not None or has_model
        if has_result and self._is_refused_afterwards():
            return
        record_metrics(self)
        if has_model and self.call.loop is not None:
            best = record_best(self, renews=self._package)
            if best is not None:
                self._package, self._package_steps = best, self._steps
        steps_since_save = self._steps - self._package_steps
        if self._package is not None and steps_since_save > 0:
            steps = "1 step" if steps_since_save == 1 else f"{steps_since_save:,} steps"
            reason = f"{steps} came after the model was last saved, and the package is of that save"
            self.writer.skip("the model after its last save", "saved", reason)
        if self.call.loop is None:
            if self._package is None:
                reason = "the object was garbage-collected before the loop ended, and had not been saved"
                self.writer.skip("model", "collected", reason)
        elif has_model:
            if self._steps != self._saved_at:
                self._record_model_at_end()
            record_children(self)
        elif self._package is None:
            self._record_incomplete()
        if self._is_cut_short and self.writer.record.models:
            self.writer.add_tags({"incomplete": "true"})

    def _record_model_at_end(self) -> None:
        """Record what has changed since the model was last saved, and the package if there is none yet."""
        model = self._find_model()
        record_facts(self)
        if self._package is None:
            record_model(self, model)
        self._register_model(model)

    def _with_user_objects(self, record: Callable[[], None]) -> None:
        """Record something while the call has its objects, as far as they exist, in a session of its own.

        What the framework calls in order to save its model is no step of the user's.
        """
        scope = call_scope.SessionScope()
        instance = self._instance() if self._instance is not None else None
        self.call = replace(self.call, instance=instance, loop=self._trained.objects())
        try:
            scope.enter()
            record()
            scope.leave()
        except BaseException:
            scope.leave()
            self.call = without_user_objects(self.call)
            raise
        self.call = without_user_objects(self.call)

    def _register_model(self, model: Any) -> None:
        # without making this the latest run: that is the training that began last, not the one that ends last
        run_index.register_model(self.run, model)

    def _recording_seconds(self) -> float:
        since = self._end_started if self._end_started is not None else self._recording_started
        return self._seconds_in_steps + perf_counter() - since


class _Trained:
    """What `Flavor.loop_of` has returned for a step: weak references, and the objects themselves if they are held."""

    def __init__(self, call: TrainingCall) -> None:
        objects = loop_registry.objects_of(call.loop)
        self._are_several = type(call.loop) in loop_registry.SEVERAL_OBJECTS
        self._references = tuple(weakref.ref(part) for part in objects)
        self._held = objects if call.flavor.holds_model else ()

    def objects(self) -> Any:
        """Return the object, or a tuple of several; None if one of them does not exist any more."""
        objects = tuple(reference() for reference in self._references)
        if any(part is None for part in objects):
            return None
        return objects if self._are_several else objects[0]

    def are_abandoned(self) -> bool:
        """Return whether the objects are held here, and nobody else refers to them any more."""
        return bool(self._held) and all(sys.getrefcount(part) <= _REFERENCES_WHEN_ALONE for part in self._held)

    def release(self) -> None:
        """Hold nothing any longer."""
        self._held = ()


_REFERENCES_WHEN_ALONE = max(sys.getrefcount(part) for part in (object(),))
"""What Python counts for an object that only a tuple holds, where it is asked as in `_Trained.are_abandoned`."""


class LoopStep(call_scope.Session):
    """Surrounds one step of a loop, and is the session of that step.

    It is one object, with plain attributes, because a loop pays for it at every step.

    Args:
        loop: The loop.
        record: What records this step, if the flavor has given that for the steps of this object.
        instance: The object whose method is called.
        args: The arguments that were passed by position.
        kwargs: The arguments that were passed by name.
        call: The call, without `record`.
    """

    __slots__ = ("_token", "args", "call", "instance", "kwargs", "loop", "record", "returned", "started")

    def __init__(
        self,
        loop: LoopRecording,
        record: StepRecorder | None,
        instance: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        call: TrainingCall | None = None,
    ) -> None:
        self.open = True
        self.recording = self.run = self.outer_run = None
        self._token: Token[call_scope.Session | None] | None = None
        self.loop = loop
        self.record = record
        self.instance = instance
        self.args = args
        self.kwargs = kwargs
        self.call = call

    def __enter__(self) -> None:
        try:
            self._token = call_scope.enter(self)
            loop = self.loop
            if self.call is not None:
                loop.begin_step(self.call)
            run = self.run = loop.recorded_run
            self.outer_run = loop.block_run
            if run is not None and (latest_of_context() is not run or latest_of_process[0] is not run):
                run_index.set_latest(run)
            self.started = perf_counter()
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            loop = self.loop
            # a child that was forked meanwhile has no run
            if self.run is not None and loop.writer.process is process_state.process:
                loop.record_step(self, error)
            self._leave()
        except BaseException:  # and not `finally`, where an interruption at its very beginning would leave this open
            self._leave()
            raise

    def _leave(self) -> None:
        self.open = False
        # a thread that was started inside the step keeps this session, which must keep nothing of the user's
        self.run = self.outer_run = self.instance = self.returned = None
        self.args, self.kwargs = (), {}
        token = self._token
        if token is not None:
            self._token = None
            call_scope.leave(token)
        call = self.call
        if call is not None:
            call.args, call.kwargs = (), {}
            call.result = call.loop = call.instance = None


def loop_step(call: TrainingCall) -> LoopStep | None:
    """Return what surrounds one step; None if the flavor says that the call belongs to no loop."""
    trained = call.loop = call.flavor.loop_of(call)
    loop = loop_registry.find(trained)
    if loop is None or type(trained) in loop_registry.SEVERAL_OBJECTS:
        if not loop_registry.objects_of(trained):
            return None
        loop = loop_registry.find_or_add(trained, lambda: LoopRecording(call))
    assert isinstance(loop, LoopRecording)
    return LoopStep(loop, None, call.instance, call.args, call.kwargs, call)
