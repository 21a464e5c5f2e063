"""A training call being recorded: its run from its first moment to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any

from fitprint import _rules, _session
from fitprint._flavor import TrainingCall
from fitprint._guard import guarded, message
from fitprint._quiet import unseen
from fitprint._recorder import line, steps
from fitprint._recorder.emitter import Emitter
from fitprint._recorder.switch import switch
from fitprint._run import active, remembered
from fitprint._run.opening import StoreResting, begin_run, rest
from fitprint._run.record import FAILED, FINISHED, KILLED
from fitprint._run.run import Run


class Recording:
    """Surrounds one outermost training call. Each step of it fails alone, and none reaches the user."""

    def __init__(self, call: TrainingCall, run: Run, own: bool) -> None:
        self.call = call
        self.run = run
        self.own = own
        """Whether the run was begun for this call, and ends with it; else it is the user's, of `start_run`."""
        self.listening = False
        self.result: Any = None
        self._emitter = Emitter(run, call)
        self._last_words: list[Callable[[], None]] = []
        self._session = _session.Session(self)
        self._began = time.perf_counter()

    @property
    def args(self) -> tuple[Any, ...]:
        return self.call.args

    @property
    def kwargs(self) -> dict[str, Any]:
        return self.call.kwargs

    @classmethod
    def start(cls, call: TrainingCall) -> Recording | None:
        """Begins the run. None while the store cannot be written: then the model is not even pickled."""
        user_run = active.active_run()
        try:
            if user_run is not None and active.claim(user_run):
                run, own = user_run, False
            else:
                run, own = _begin_own(call), True
        except StoreResting:
            switch.count_skip(call.flavor.name, "store")
            return None
        except OSError as error:
            switch.count_skip(call.flavor.name, "store")
            rest(call.settings.store, error)
            return None
        recording = cls(call, run, own)
        recording._prepare()
        return recording

    def _prepare(self) -> None:
        call, run = self.call, self.run
        call.emit, call.skip = self._emitter, run.skip
        run.record.flavor = call.flavor.name
        version = call.flavor.framework_version
        about = {"flavor": call.flavor.name, "class": call.class_name}
        run.add(tags={**about, "framework_version": version} if version else about)
        with self.step("params"):
            run.add(params=steps.params(call, call.flavor.params(call), run))
        self.listen(call)

    def step(self, name: str) -> guarded:
        """A guarded step of this recording."""
        return guarded(name, self.call.flavor.name, self.run, self.call.settings.strict)

    def listen(self, call: TrainingCall) -> None:
        """Lets the flavor subscribe to the framework's callbacks, in this call or in one inside it."""
        with self.step("per-iteration metrics"):
            last_words = call.flavor.listen(call, self._emitter)
            if last_words is not None:
                self.listening = True
                self._last_words.append(last_words)

    def __enter__(self) -> None:
        self._token: Token[_session.Session | None] = _session.enter(self._session)
        self._started = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call.seconds = time.perf_counter() - self._started
        try:
            with unseen():
                self._finish(error)
        finally:
            self._session.open = False
            self._session.recording = None
            _session.leave(self._token)
            del self.call, self._last_words  # nothing of the user's is kept alive

    def give(self) -> Any:
        result, self.result = self.result, None
        return result

    def _finish(self, error: BaseException | None) -> None:
        status = FINISHED if error is None else FAILED if isinstance(error, Exception) else KILLED
        complete = wanted = False
        try:
            for last_word in self._last_words:
                with self.step("per-iteration metrics"):
                    last_word()
            if error is None:
                wanted = self._record_success()
            else:
                self.run.record.error = {"type": type(error).__name__, "message": message(error)}
                wanted = True
            complete = True
        finally:
            if not complete:  # what the guard lets pass: the user's interruption of our work, or `strict`
                self.run.skip("the rest of the recording", "interrupted", "interrupted while it was being recorded")
            if wanted or not complete:
                self._close(status)

    def _record_success(self) -> bool:
        call = self.call
        call.result = self.result
        refused = _rules.after(call)
        if refused is not None:
            switch.count_skip(call.flavor.name, refused[0])
            if self.own:
                with self.step("removing the run"):
                    self.run.discard()
                return False
        model = None
        with self.step("the model"):
            model = call.flavor.model(call)
        steps.record(self, model)
        remembered.remember(self.run, model)
        if call.instance is not None and call.instance is not model:
            remembered.remember(self.run, call.instance)
        return True

    def _close(self, status: str) -> None:
        run, call = self.run, self.call
        recording = time.perf_counter() - self._began - call.seconds
        run.record.seconds = {"training": round(call.seconds, 6), "recording": round(recording, 6)}
        if run.error is not None:
            remembered.remember(run, call.instance)
        with self.step("the end of the run") as step:
            if self.own:
                run.end(status)
            else:
                run.write()
        if step.failed:
            return
        switch.count_run(call.flavor.name)
        if not call.settings.quiet:
            line.tell_run(run)


def _begin_own(call: TrainingCall) -> Run:
    settings, flavor = call.settings, call.flavor
    name = ""
    with guarded("the run's name", flavor.name, strict=settings.strict):
        name = flavor.run_name(call)
    return begin_run(settings, name or call.name, flavor.name, active.parent_id())
