"""The recording of one run: what a call, a loop and a conversion have in common, from beginning a run to ending it."""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from fitprint._core import call_scope, work_queue
from fitprint._core.guard import guarded
from fitprint._core.isolation import side_effect_free
from fitprint._core.signal_handlers import own
from fitprint._recorder import rules
from fitprint._recorder.collect import record_model, record_results
from fitprint._recorder.error_text import describe_error
from fitprint._recorder.params import add_params
from fitprint._recorder.ranks import rank_tags
from fitprint._recorder.rows_before import RowsBefore
from fitprint._recorder.state import recorder_state
from fitprint._recorder.steps import Emitter, RecordingStep
from fitprint._runs import active, predictions, summary_line
from fitprint._runs import index as run_index
from fitprint._runs.open import begin_run
from fitprint._runs.record import FAILED, FINISHED, KILLED
from fitprint._runs.run import Run, writer_of
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import Flavor, TrainingCall


class Outcome(NamedTuple):
    """How the user's own code ended. It holds no reference to the exception."""

    status: str
    error: dict[str, str] | None = None

    @classmethod
    def of(cls, error: BaseException | None, call: TrainingCall) -> Outcome:
        """Return FINISHED without an error, FAILED for an `Exception`, and KILLED for an interruption."""
        if error is None:
            return cls(FINISHED)
        status = FAILED if isinstance(error, Exception) else KILLED
        return cls(status, describe_error(error, call))


class RecordingBase:
    """Records one run. Each step of it fails by itself, and no error reaches the user."""

    run: Run
    """The run. `begin` sets it, unless the store cannot be written."""
    rows_before: RowsBefore | None = None
    """A few rows of the data as they were before the training; None if they were not copied."""

    def __init__(self, call: TrainingCall) -> None:
        self.call = call
        self.owns_run = True
        """Whether the run was begun for this call and ends with it. If not, the user opened it with `start_run`."""
        self._discards_run = False
        """Whether a rule refused the training after it had returned, so that its run is removed."""
        self._keeps_incomplete: bool | None = None
        """Whether the model of a failed training is to be kept; None if the flavor was not asked, or did not answer."""
        self._is_resumed = False
        """Whether it is known what the training goes on with."""
        self._counted = False
        self._skips_before = 0
        """How many skip reasons the run had before this call."""
        self._later: list[Callable[[], None]] = []
        """What is done in the background before the run ends there; if nothing is, the call returns after its end."""
        self._recording_took: float | None = None
        """The seconds of the recording, as soon as the rest of it is done in the background."""
        self._at_training_end: list[Callable[[], None]] = []
        """What the flavor wants to be called when the training has ended, successfully or not."""
        self._recording_started = time.perf_counter()
        self._is_in_group = call_scope.innermost() is not None
        """Whether a call that groups others is around this one."""

    @property
    def has_run(self) -> bool:
        """Whether there is a run that this process writes. A child forked during the call goes on without one."""
        return hasattr(self, "run") and self.writer.written_here

    @cached_property
    def writer(self) -> RunWriter:
        """The writer of the run: found when first needed, so that an interruption never leaves a run without it."""
        return writer_of(self.run)

    def step(self, name: str) -> RecordingStep:
        """Return a guarded step of this recording, to be entered with `with`."""
        return RecordingStep(name, self.call.flavor.name, self.writer, self.call.settings.strict)

    # before the user's call

    def begin(self) -> bool:
        """Begin the run.

        Returns:
            False if the store cannot be written. Then nothing is recorded, and the model is not even pickled.
        """
        try:
            self._choose_run()
        except own(OSError):
            recorder_state.count_skip(self.call.flavor.name, "store")
            return False
        self._subscribe()
        return True

    def _choose_run(self) -> None:
        """Take the run of the user's block if no other call has it, or begin one."""
        user_run = active.active_run()
        if user_run is not None and active.claim(user_run):
            self.owns_run = False
            self._go_on_with(user_run)
        else:
            self.run = _begin_named_run(self.call, self._record_before_call)

    def _go_on_with(self, run: Run) -> None:
        self.run = run
        self._record_before_call(self.writer)
        with self.step("what is known before the call"):
            self.writer.write()  # so that it is on disk even if the process is killed while it trains

    def _record_before_call(self, writer: RunWriter) -> None:
        """Record what is known before the call; of a run of its own, before the record is written the first time."""
        call, self.writer = self.call, writer
        self._skips_before = len(writer.record.skipped)
        flavor = call.flavor
        self.emitter = Emitter(writer, flavor.name, flavor.read_values, call.settings.strict)
        call.emit, call.skip = self.emitter, writer.skip
        if self._logs_line():
            writer.when_long = functools.partial(summary_line.log_start, writer)
        writer.record.flavor = call.flavor.name
        version = call.flavor.framework_version
        tags = {"flavor": call.flavor.name, "class": call.class_name}
        writer.add_tags({**tags, "framework_version": version} if version else tags)
        with self.step("the rank"):
            writer.add_tags(rank_tags(call))
        self._ask_what_is_resumed()
        with self.step("params"):
            add_params(writer, call, call.flavor.params(call))

    def _ask_what_is_resumed(self) -> None:
        """Note what the training goes on with; again after the call, if it was not known before that."""
        if self._is_resumed or type(self.call.flavor).resumes is Flavor.resumes:
            return
        from fitprint._recorder.resumed import note_resumed

        with self.step("what the training goes on with"):
            self._is_resumed = note_resumed(self)

    def _subscribe(self) -> None:
        """Let the flavor subscribe to the framework's callbacks, if there are any in this kind of recording."""

    # after the user's call

    def conclude(self, outcome: Outcome) -> None:
        """Record how the user's code ended, and end the run. An interruption of this leaves no run open."""
        try:
            with side_effect_free():
                self._record_outcome(outcome)
        except BaseException:  # what the guard lets through: the user interrupted our work, or `strict` is set
            self.conclude_interrupted(outcome)
            raise

    def conclude_interrupted(self, outcome: Outcome) -> None:
        """End the run of a recording that was interrupted. Do nothing if the run has ended already."""
        if not self._discards_run and not self.writer.closed:
            self.writer.skip("the rest of the recording", "interrupted", "it was interrupted while it was written")
        self.ensure_ended(outcome)

    def ensure_ended(self, outcome: Outcome) -> None:
        """End the run if it is still open because an interruption kept the recording from ending it."""
        if self.has_run and hasattr(self, "call"):
            if outcome.error is not None and self.owns_run and not self.writer.closed:
                self.writer.record.error = outcome.error
            self._end_run(outcome.status)

    def _record_outcome(self, outcome: Outcome) -> None:
        self.emitter.read_all()
        for at_end in self._at_training_end:
            with self.step("per-iteration metrics"):
                at_end()
        self._ask_what_is_resumed()
        self.emitter.complete_checkpoints(self.call.took or 0.0)
        self.writer.record.error = outcome.error or self.writer.record.error
        self._record_result(outcome)
        self.emitter.read_all()  # what `Flavor.metrics` has emitted
        if self._later:
            self._end_later(outcome.status)
        else:
            self._end_and_tell(outcome.status)

    @property
    def may_finish_later(self) -> bool:
        """Whether the package may be written in the background."""
        return False

    def finish_later(self, step: RecordingStep, work: Callable[[], object]) -> None:
        """Have something done in the background, as a guarded step, before the run ends there."""

        def take_step() -> None:
            with step:
                work()

        self._later.append(take_step)

    def _end_later(self, status: str) -> None:
        """Have the rest done in the background, by a copy of this recording that has none of the user's objects."""
        self._recording_took = self._recording_seconds()
        rest = copy.copy(self)
        rest.call, rest.rows_before, rest._at_training_end = without_user_objects(self.call), None, []
        for work in (*self._later, lambda: rest._end_and_tell(status)):
            work_queue.do_later(work, self.writer.run_id)

    def _end_and_tell(self, status: str) -> None:
        if self._end_run(status) and not self._discards_run and self._logs_line():
            summary_line.log_run(self.writer)

    def _logs_line(self) -> bool:
        return not self.call.settings.quiet and not self._is_in_group  # the outermost group has a line

    def _record_result(self, outcome: Outcome) -> None:
        """Record what the user's code has left: the results of a success, with the package."""
        if outcome.status != FINISHED:
            self._record_incomplete()
            self._register_model(self.call.instance)
            return
        if self._is_refused_afterwards():
            return
        model = self._find_model()
        self._name_after(model)
        record_results(self, model)
        self._register_model(model)
        loop_object = None
        with self.step("the model"):
            loop_object = self.call.flavor.loop_of(self.call)
        for trained in (self.call.instance, loop_object):
            if trained is not None and trained is not model:
                self._register_model(trained)

    def ask_whether_to_keep(self, call: TrainingCall, error: BaseException) -> None:
        """Ask the flavor whether the model of a training that has raised an error is to be kept."""
        self._keeps_incomplete = None
        if call.settings.keep_incomplete:
            with self.step("the model of a failed training"):
                self._keeps_incomplete = bool(call.flavor.keeps_on_failure(call, error))

    def _record_incomplete(self) -> None:
        """Write the package of a training that has failed, if it is to be kept; if it was asked for, say why not."""
        if self._keeps_incomplete and record_model(self, self._find_model()) is not None:
            self.writer.add_tags({"incomplete": "true"})
        elif self._keeps_incomplete is False and self.call.settings.log_models:
            reason = f"{self.call.flavor.name} finds no model to keep of this failed training"
            self.writer.skip("model", "flavor", reason)

    def _name_after(self, model: Any) -> None:
        """Name the run after its model, now that there is one, unless the user has named it."""
        if model is not None and self.owns_run and not self.call.settings.run_name:
            with self.step("the run's name"):
                self.writer.record.name = self.call.flavor.run_name(self.call, model) or self.writer.record.name

    def _is_refused_afterwards(self) -> bool:
        """Return whether a rule refuses the training now. Then its run is to be removed, or has the reason."""
        refusal = self._refusal()
        if refusal is None:
            return False
        if self.owns_run:
            recorder_state.count_skip(self.call.flavor.name, refusal[0])
            self._discards_run = True
        else:
            self.writer.skip(f"the training by {self.call.name}", *refusal)
        return True

    def _find_model(self) -> Any:
        """Return what was trained; None if the flavor does not find it."""
        with self.step("the model"):
            return self.call.flavor.model(self.call)
        return None

    def _register_model(self, model: Any) -> None:
        """Make the run the latest one, and the one that `run_of(model)` returns."""
        run_index.set_last_run(self.run, model)

    def _refusal(self) -> tuple[str, str] | None:
        """Return the rule that refuses the training now that it has returned, and its reason; or None."""
        return rules.refusal_after(self.call)

    def _end_run(self, status: str) -> bool:
        """End the run, or remove it if it is not wanted. A second call does what an interruption left undone.

        Returns:
            Whether the store took it.
        """
        writer, call = self.writer, self.call
        if not writer.closed:
            training, recording = call.took or 0.0, self._recording_seconds()
            writer.record.seconds = {"training": round(training, 6), "recording": round(recording, 6)}
        with self.step("removing the run" if self._discards_run else "the end of the run") as step:
            if self._discards_run:
                run_index.drop_run(self.run)
                predictions.forget_run(self.run)
                writer.discard()
            elif self.owns_run:
                writer.end(status)
            else:
                writer.write()
        if not self._discards_run and not self._counted:
            self._counted = True
            if step.failed:
                recorder_state.count_skip(call.flavor.name, "store")
            else:
                recorder_state.count_run(call.flavor.name)
                self._count_skips()
        return not step.failed

    def _count_skips(self) -> None:
        """Count each rule that left something out of the run once, except rules that follow from the kind of model."""
        names = {skip.rule for skip in self.writer.record.skipped[self._skips_before :]}
        for name in names.difference(summary_line.INHERENT_RULES):
            recorder_state.count_skip(self.call.flavor.name, name)

    def _recording_seconds(self) -> float:
        if self._recording_took is not None:
            return self._recording_took
        return time.perf_counter() - self._recording_started - (self.call.took or 0.0)


def without_user_objects(call: TrainingCall) -> TrainingCall:
    """Return a copy of a call that keeps only facts, and so none of the user's objects alive."""
    plain_function = getattr(call.function, "__func__", call.function)
    return replace(call, function=plain_function, instance=None, args=(), kwargs={}, result=None, loop=None)


def _begin_named_run(call: TrainingCall, fill: Callable[[RunWriter], None]) -> Run:
    settings, flavor = call.settings, call.flavor
    name = ""
    with guarded("the run's name", flavor.name, strict=settings.strict):
        name = flavor.run_name(call)
    return begin_run(settings, name or call.name, flavor.name, active.parent_id(), fill=fill)
