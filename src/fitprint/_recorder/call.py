"""A training call being recorded: its run from its first moment to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._recorder.base import Outcome, Recorded
from fitprint.plugin.flavor import TrainingCall


class Recording(Recorded):
    """Surrounds one outermost training call.

    Nothing is begun before `__enter__`, and whatever interrupts it after that leaves no run open, and no session.
    """

    def __init__(self, call: TrainingCall) -> None:
        super().__init__(call)
        self.listening = False
        self.returned: Any = None
        self._inside = call_scope.SessionScope()

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

    def result(self) -> Any:
        result, self.returned = self.returned, None
        return result

    def __enter__(self) -> None:
        call = self.call
        try:
            self._inside.enter()
            with guarded("the start of a run", call.flavor.name, strict=call.settings.strict):
                if self.begin():
                    self._inside.session.recording = self
            self._started = time.perf_counter()
        except BaseException as error:
            self._abandon(error, self.cut_short)
            raise

    def _subscribe(self) -> None:
        self.listen(self.call)

    def listen(self, call: TrainingCall) -> None:
        """Lets the flavor subscribe to the framework's callbacks, in this call or in one inside it."""
        with self.step("per-iteration metrics"):
            last_words = call.flavor.listen(call, self.emitter)
            if last_words is not None:
                self.listening = True
                self._last_words.append(last_words)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.begun:
                self.call.took = time.perf_counter() - self._started
                if error is None:
                    self.call.result = self.returned
                self.conclude(Outcome.of(error, self.call))
            self._leave()
        except BaseException:
            self._abandon(error, self.interrupted)
            raise

    def _abandon(self, error: BaseException | None, how: Callable[[Outcome], None]) -> None:
        try:
            if self.begun and hasattr(self, "call"):
                how(Outcome.of(error, self.call))
        finally:
            self._leave()

    def _leave(self) -> None:
        self._inside.session.recording = None
        self._inside.leave()
        self._last_words.clear()
        self.__dict__.pop("call", None)  # nothing of the user's is kept alive
