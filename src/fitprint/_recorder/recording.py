"""A training call being recorded: its run from its first moment to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any

from fitprint import _rules, _session
from fitprint._flavor import TrainingCall
from fitprint._guard import guarded
from fitprint._quiet import unseen
from fitprint._recorder import line, steps
from fitprint._recorder.emitter import Emitter
from fitprint._recorder.errors import told
from fitprint._recorder.params import add_params
from fitprint._recorder.step import Step
from fitprint._recorder.switch import switch
from fitprint._run import active, remembered
from fitprint._run.opening import begin_run
from fitprint._run.record import FAILED, FINISHED, KILLED
from fitprint._run.run import Run


class Recording:
    """Surrounds one outermost training call. Each step of it fails alone, and none reaches the user.

    Nothing is begun before `__enter__`, and whatever interrupts it after that leaves no run open, and no session.
    """

    run: Run
    """There from `__enter__` on, unless the store cannot be written: then the call is passed on, and that is all."""

    def __init__(self, call: TrainingCall) -> None:
        self.call = call
        self.own = True
        """Whether the run was begun for this call, and ends with it; else it is the user's, of `start_run`."""
        self.listening = False
        self.result: Any = None
        self._unwanted = self._counted = False
        self._skipped_before = 0
        """Of a run that is the user's: how many reasons stood in it before this call."""
        self._last_words: list[Callable[[], None]] = []
        self._session = _session.Session()
        self._token: Token[_session.Session | None] | None = None
        self._began = time.perf_counter()

    @classmethod
    def start(cls, call: TrainingCall) -> Recording:
        """What surrounds a call that is to be recorded."""
        return cls(call)

    @property
    def args(self) -> tuple[Any, ...]:
        return self.call.args

    @property
    def kwargs(self) -> dict[str, Any]:
        return self.call.kwargs

    @property
    def begun(self) -> bool:
        """Whether there is a run of this process: a child that was forked in the call goes on without one."""
        return hasattr(self, "run") and self.run.written_here

    # before the call

    def __enter__(self) -> None:
        call = self.call
        try:
            self._token = _session.enter(self._session)
            with guarded("the start of a run", call.flavor.name, strict=call.settings.strict):
                self._begin()
            self._started = time.perf_counter()
        except BaseException as error:
            self.cut_short(error)
            raise

    def _begin(self) -> None:
        """Begins the run. Without one while the store cannot be written: then the model is not even pickled."""
        user_run = active.active_run()
        try:
            if user_run is not None and active.claim(user_run):
                self.own = False
                self.run = user_run
            else:
                self.run = _begin_own(self.call)
        except OSError:
            switch.count_skip(self.call.flavor.name, "store")
        else:
            self._prepare()
            self._session.recording = self

    def _prepare(self) -> None:
        call, run = self.call, self.run
        self._skipped_before = len(run.skipped)
        self._emitter = Emitter(run, call)
        call.emit, call.skip = self._emitter, run.skip
        run.record.flavor = call.flavor.name
        version = call.flavor.framework_version
        about = {"flavor": call.flavor.name, "class": call.class_name}
        run.add_tags({**about, "framework_version": version} if version else about)
        with self.step("params"):
            add_params(run, call, call.flavor.params(call))
        self.listen(call)
        with self.step("what is known before the call"):
            run.write()  # whatever kills the process while it trains, this is kept

    def step(self, name: str) -> Step:
        """A guarded step of this recording."""
        return Step(name, self.call.flavor.name, self.run, self.call.settings.strict)

    def listen(self, call: TrainingCall) -> None:
        """Lets the flavor subscribe to the framework's callbacks, in this call or in one inside it."""
        with self.step("per-iteration metrics"):
            last_words = call.flavor.listen(call, self._emitter)
            if last_words is not None:
                self.listening = True
                self._last_words.append(last_words)

    # after it

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.begun:
                self.call.took = time.perf_counter() - self._started
                with unseen():
                    self._finish(error)
            self._leave()
        except BaseException:  # what the guard lets pass: the user's interruption of our work, or `strict`
            if self.begun and not self._unwanted and not self.run.closed:
                self.run.skip("the rest of the recording", "interrupted", "interrupted while it was being recorded")
            self.cut_short(error)
            raise

    def give(self) -> Any:
        result, self.result = self.result, None
        return result

    def _finish(self, error: BaseException | None) -> None:
        for last_word in self._last_words:
            with self.step("per-iteration metrics"):
                last_word()
        if error is None:
            self._record_success()
        else:
            self.run.record.error = told(error, self.call)
            remembered.remember(self.run, self.call.instance)
        if self._put_away(_status(error)) and not self._unwanted and not self.call.settings.quiet:
            line.tell_run(self.run)

    def _record_success(self) -> None:
        call = self.call
        call.result = self.result
        refused = _rules.after(call)
        if refused is not None:
            if self.own:
                switch.count_skip(call.flavor.name, refused[0])
                self._unwanted = True
            else:
                self.run.skip(f"the training by {call.name}", *refused)
            return
        model = None
        with self.step("the model"):
            model = call.flavor.model(call)
        steps.record(self, model)
        remembered.remember(self.run, model)
        if call.instance is not None and call.instance is not model:
            remembered.remember(self.run, call.instance)

    def _put_away(self, status: str) -> bool:
        """Ends the run, or removes one that is not wanted; a second time does what was interrupted at the first."""
        run, call = self.run, self.call
        if not run.closed:
            training = call.took or 0.0
            recording = time.perf_counter() - self._began - training
            run.record.seconds = {"training": round(training, 6), "recording": round(recording, 6)}
        with self.step("removing the run" if self._unwanted else "the end of the run") as step:
            if self._unwanted:
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
                self._count_skips()
        return not step.failed

    def _count_skips(self) -> None:
        """Counts the rules that left something out of the run, each once, but for what is in the model's nature."""
        rules = {each.rule for each in self.run.skipped[self._skipped_before :]}
        for rule in rules.difference(line.IN_ITS_NATURE):
            switch.count_skip(self.call.flavor.name, rule)

    def cut_short(self, error: BaseException | None) -> None:
        """Leaves nothing open where an interruption kept the rest from being done; else does nothing."""
        try:
            if self.begun and hasattr(self, "call"):
                if error is not None and self.own and not self.run.closed:
                    self.run.record.error = told(error, self.call)
                self._put_away(_status(error))
        finally:
            self._leave()

    def _leave(self) -> None:
        self._session.open = False
        self._session.recording = None
        token, self._token = self._token, None
        if token is not None:
            _session.leave(token)
        self._last_words.clear()
        self.__dict__.pop("call", None)  # nothing of the user's is kept alive


def _begin_own(call: TrainingCall) -> Run:
    settings, flavor = call.settings, call.flavor
    name = ""
    with guarded("the run's name", flavor.name, strict=settings.strict):
        name = flavor.run_name(call)
    return begin_run(settings, name or call.name, flavor.name, active.parent_id())


def _status(error: BaseException | None) -> str:
    return FINISHED if error is None else FAILED if isinstance(error, Exception) else KILLED
