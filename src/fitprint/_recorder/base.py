"""What is recorded as one run, whatever calls it consists of: from its first moment to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from fitprint._core.guard import guarded
from fitprint._core.isolation import side_effect_free
from fitprint._recorder import collect
from fitprint._recorder import rules as _rules
from fitprint._recorder.error_text import describe_error
from fitprint._recorder.params import add_params
from fitprint._recorder.state import switch
from fitprint._recorder.steps import Emitter, Step
from fitprint._runs import active, summary_line
from fitprint._runs import index as run_index
from fitprint._runs.open import begin_run
from fitprint._runs.record import FAILED, FINISHED, KILLED
from fitprint._runs.run import Run, writer_of
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import TrainingCall


class Outcome(NamedTuple):
    """How the user's own code ended, without keeping hold of its exception."""

    status: str
    error: dict[str, str] | None = None

    @classmethod
    def of(cls, error: BaseException | None, call: TrainingCall) -> Outcome:
        """FINISHED, FAILED by an error, or KILLED by an interruption."""
        if error is None:
            return cls(FINISHED)
        status = FAILED if isinstance(error, Exception) else KILLED
        return cls(status, describe_error(error, call))


class Recorded:
    """One run of recording. Each step of it fails alone, and none reaches the user."""

    run: Run
    writer: RunWriter
    """The run and its writer: set by `begin`, unless the store cannot be written."""

    def __init__(self, call: TrainingCall) -> None:
        self.call = call
        self.own = True
        """Whether the run was begun for this call, and ends with it; else it is the user's, of `start_run`."""
        self._unwanted = self._counted = False
        self._skipped_before = 0
        """Of a run that is the user's: how many reasons stood in it before this call."""
        self._last_words: list[Callable[[], None]] = []
        self._began = time.perf_counter()

    @property
    def begun(self) -> bool:
        """Whether there is a run of this process: a child that was forked in the call goes on without one."""
        return hasattr(self, "writer") and self.writer.written_here

    def step(self, name: str) -> Step:
        """A guarded step of this recording."""
        return Step(name, self.call.flavor.name, self.writer, self.call.settings.strict)

    # before the user's call

    def begin(self) -> bool:
        """Begins the run. False while the store cannot be written: then the model is not even pickled."""
        user_run = active.active_run()
        try:
            if user_run is not None and active.claim(user_run):
                self.own = False
                self.run = user_run
            else:
                self.run = _begin_own(self.call)
        except OSError:
            switch.count_skip(self.call.flavor.name, "store")
            return False
        self.writer = writer_of(self.run)
        self._prepare()
        return True

    def _prepare(self) -> None:
        call, writer = self.call, self.writer
        self._skipped_before = len(writer.record.skipped)
        self.emitter = Emitter(writer, call)
        call.emit, call.skip = self.emitter, writer.skip
        writer.record.flavor = call.flavor.name
        version = call.flavor.framework_version
        about = {"flavor": call.flavor.name, "class": call.class_name}
        writer.add_tags({**about, "framework_version": version} if version else about)
        with self.step("params"):
            add_params(writer, call, call.flavor.params(call))
        self._subscribe()
        with self.step("what is known before the call"):
            writer.write()  # whatever kills the process while it trains, this is kept

    def _subscribe(self) -> None:
        """Lets the flavor subscribe to the framework's callbacks."""

    # after it

    def conclude(self, outcome: Outcome) -> None:
        """Records what the user's code came to and ends the run. An interruption of it leaves no run open."""
        try:
            with side_effect_free():
                self._finish(outcome)
        except BaseException:  # what the guard lets pass: the user's interruption of our work, or `strict`
            self.interrupted(outcome)
            raise

    def interrupted(self, outcome: Outcome) -> None:
        """Ends the run of a recording that was interrupted; nothing where it has ended already."""
        if not self._unwanted and not self.writer.closed:
            self.writer.skip("the rest of the recording", "interrupted", "interrupted while it was being recorded")
        self.cut_short(outcome)

    def _finish(self, outcome: Outcome) -> None:
        for last_word in self._last_words:
            with self.step("per-iteration metrics"):
                last_word()
        self.writer.record.error = outcome.error or self.writer.record.error
        if self._has_a_model(outcome):
            self._record_success()
        else:
            self._remember(self.call.instance)
        if self._put_away(outcome.status) and not self._unwanted and not self.call.settings.quiet:
            summary_line.log_run(self.writer)

    def _has_a_model(self, outcome: Outcome) -> bool:
        return outcome.status == FINISHED

    def _record_success(self) -> None:
        call = self.call
        refused = self._refused()
        if refused is not None:
            if self.own:
                switch.count_skip(call.flavor.name, refused[0])
                self._unwanted = True
            else:
                self.writer.skip(f"the training by {call.name}", *refused)
            return
        model = None
        with self.step("the model"):
            model = call.flavor.model(call)
        self._name_after(model)
        collect.record(self, model)
        self._remember(model)
        trained = None
        with self.step("the model"):
            trained = call.flavor.loop_of(call)
        for each in (call.instance, trained):
            if each is not None and each is not model:
                self._remember(each)

    def _name_after(self, model: Any) -> None:
        """Names the run after its model, now that there is one, unless the user has named it."""
        if model is not None and self.own and not self.call.settings.run_name:
            with self.step("the run's name"):
                self.writer.record.name = self.call.flavor.run_name(self.call, model) or self.writer.record.name

    def _remember(self, model: Any) -> None:
        run_index.set_last_run(self.run, model)

    def _refused(self) -> tuple[str, str] | None:
        """(rule, reason) why it is not recorded after all."""
        return _rules.after(self.call)

    def _put_away(self, status: str) -> bool:
        """Ends the run, or removes one that is not wanted; a second time does what was interrupted at the first."""
        writer, call = self.writer, self.call
        if not writer.closed:
            training, recording = call.took or 0.0, self._recording_seconds()
            writer.record.seconds = {"training": round(training, 6), "recording": round(recording, 6)}
        with self.step("removing the run" if self._unwanted else "the end of the run") as step:
            if self._unwanted:
                run_index.drop_run(self.run)
                writer.discard()
            elif self.own:
                writer.end(status)
            else:
                writer.write()
        if not self._unwanted and not self._counted:
            self._counted = True
            if step.failed:
                switch.count_skip(call.flavor.name, "store")
            else:
                switch.count_run(call.flavor.name)
                self._count_skips()
        return not step.failed

    def _count_skips(self) -> None:
        """Counts the rules that left something out of the run, each once, but for what is in the model's nature."""
        rules = {skip.rule for skip in self.writer.record.skipped[self._skipped_before :]}
        for rule in rules.difference(summary_line.INHERENT_RULES):
            switch.count_skip(self.call.flavor.name, rule)

    def _recording_seconds(self) -> float:
        return time.perf_counter() - self._began - (self.call.took or 0.0)

    def cut_short(self, outcome: Outcome) -> None:
        """Leaves no run open where an interruption kept the rest from being done; else does nothing."""
        if self.begun and hasattr(self, "call"):
            if outcome.error is not None and self.own and not self.writer.closed:
                self.writer.record.error = outcome.error
            self._put_away(outcome.status)


def _begin_own(call: TrainingCall) -> Run:
    settings, flavor = call.settings, call.flavor
    name = ""
    with guarded("the run's name", flavor.name, strict=settings.strict):
        name = flavor.run_name(call)
    return begin_run(settings, name or call.name, flavor.name, active.parent_id())
