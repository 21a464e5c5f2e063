"""What is recorded as one run, whatever calls it consists of: from its first moment to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from fitprint import _rules
from fitprint._flavor import TrainingCall
from fitprint._guard import guarded, message
from fitprint._quiet import unseen
from fitprint._recorder import line, steps
from fitprint._recorder.emitter import Emitter
from fitprint._recorder.step import Step
from fitprint._recorder.switch import switch
from fitprint._run import active, remembered
from fitprint._run.opening import begin_run
from fitprint._run.record import FAILED, FINISHED, KILLED
from fitprint._run.run import Run


class Outcome(NamedTuple):
    """How the user's own code ended, without keeping hold of its exception."""

    status: str
    error: dict[str, str] | None = None

    @classmethod
    def of(cls, error: BaseException | None) -> Outcome:
        """FINISHED, FAILED by an error, or KILLED by an interruption."""
        if error is None:
            return cls(FINISHED)
        status = FAILED if isinstance(error, Exception) else KILLED
        return cls(status, {"type": type(error).__name__, "message": message(error)})


class Recorded:
    """One run of recording. Each step of it fails alone, and none reaches the user."""

    run: Run
    """There from `begin` on, unless the store cannot be written."""

    def __init__(self, call: TrainingCall) -> None:
        self.call = call
        self.own = True
        """Whether the run was begun for this call, and ends with it; else it is the user's, of `start_run`."""
        self._unwanted = self._counted = False
        self._last_words: list[Callable[[], None]] = []
        self._began = time.perf_counter()

    @property
    def begun(self) -> bool:
        """Whether there is a run of this process: a child that was forked in the call goes on without one."""
        return hasattr(self, "run") and self.run.written_here

    def step(self, name: str) -> Step:
        """A guarded step of this recording."""
        return Step(name, self.call.flavor.name, self.run, self.call.settings.strict)

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
        self._prepare()
        return True

    def _prepare(self) -> None:
        call, run = self.call, self.run
        self.emitter = Emitter(run, call)
        call.emit, call.skip = self.emitter, run.skip
        run.record.flavor = call.flavor.name
        version = call.flavor.framework_version
        about = {"flavor": call.flavor.name, "class": call.class_name}
        run.add(tags={**about, "framework_version": version} if version else about)
        with self.step("params"):
            run.add(params=steps.params(call, call.flavor.params(call), run))
        self._subscribe()
        with self.step("what is known before the call"):
            run.write()  # whatever kills the process while it trains, this is kept

    def _subscribe(self) -> None:
        """Lets the flavor subscribe to the framework's callbacks."""

    # after it

    def conclude(self, outcome: Outcome) -> None:
        """Records what the user's code came to and ends the run. An interruption of it leaves no run open."""
        try:
            with unseen():
                self._finish(outcome)
        except BaseException:  # what the guard lets pass: the user's interruption of our work, or `strict`
            if not self._unwanted and not self.run.closed:
                self.run.skip("the rest of the recording", "interrupted", "interrupted while it was being recorded")
            self.cut_short(outcome)
            raise

    def _finish(self, outcome: Outcome) -> None:
        for last_word in self._last_words:
            with self.step("per-iteration metrics"):
                last_word()
        self.run.record.error = outcome.error or self.run.record.error
        if self._has_a_model(outcome):
            self._record_success()
        else:
            self._remember(self.call.instance)
        if self._put_away(outcome.status) and not self._unwanted and not self.call.settings.quiet:
            line.tell_run(self.run)

    def _has_a_model(self, outcome: Outcome) -> bool:
        return outcome.status == FINISHED

    def _record_success(self) -> None:
        call = self.call
        refused = self._refused()
        if refused is not None:
            switch.count_skip(call.flavor.name, refused[0])
            self._unwanted = self.own
            if self._unwanted:
                return
        model = None
        with self.step("the model"):
            model = call.flavor.model(call)
        steps.record(self, model)
        self._remember(model)
        if call.instance is not None and call.instance is not model:
            self._remember(call.instance)

    def _remember(self, model: Any) -> None:
        remembered.remember(self.run, model)

    def _refused(self) -> tuple[str, str] | None:
        """(rule, reason) why it is not recorded after all."""
        return _rules.after(self.call)

    def _put_away(self, status: str) -> bool:
        """Ends the run, or removes one that is not wanted; a second time does what was interrupted at the first."""
        run, call = self.run, self.call
        if not run.closed:
            recording = self._recording_seconds()
            run.record.seconds = {"training": round(call.seconds, 6), "recording": round(recording, 6)}
        with self.step("removing the run" if self._unwanted else "the end of the run") as step:
            if self._unwanted:
                remembered.forget(run)
                run.discard()
            elif self.own:
                run.end(status)
            else:
                run.write()
        if not self._unwanted and not self._counted:
            self._counted = True
            if step.failed:
                switch.count_skip(call.flavor.name, "store")
            else:
                switch.count_run(call.flavor.name)
        return not step.failed

    def _recording_seconds(self) -> float:
        return time.perf_counter() - self._began - self.call.seconds

    def cut_short(self, outcome: Outcome) -> None:
        """Leaves no run open where an interruption kept the rest from being done; else does nothing."""
        if self.begun and hasattr(self, "call"):
            if outcome.error is not None and self.own and not self.run.closed:
                self.run.record.error = outcome.error
            self._put_away(outcome.status)


def _begin_own(call: TrainingCall) -> Run:
    settings, flavor = call.settings, call.flavor
    name = ""
    with guarded("the run's name", flavor.name, strict=settings.strict):
        name = flavor.run_name(call)
    return begin_run(settings, name or call.name, flavor.name, active.parent_id())
