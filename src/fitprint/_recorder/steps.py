"""How a recording reaches its run from beside the user's code: steps under the guard, and values of metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from fitprint._core.guard import describe, guarded
from fitprint._runs.run import Run
from fitprint._runs.store_breaker import StoreResting
from fitprint.plugin.flavor import TrainingCall


class Step(guarded):
    """One guarded step of a recording.

    An error of the store becomes a reason of the run and no warning, because the store has warned of it already.
    """

    __slots__ = ("run",)

    def __init__(self, name: str, flavor: str, run: Run, strict: bool) -> None:
        super().__init__(name, flavor, run, strict)
        self.run = run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        is_of_the_store = isinstance(error, StoreResting) or (error is not None and error is self.run.fault)
        if error is None or not is_of_the_store or self.strict:
            return super().__exit__(kind, error, trace)
        self.failed = True
        self.reason = describe(error)
        self.run.skip(self.step, "store", self.reason)
        return True


class RecordedCall(Protocol):
    """What the steps of a recording need to know of it."""

    call: TrainingCall
    run: Run

    def step(self, name: str) -> Step:
        """Return a guarded step of the recording, to be entered with `with`."""


class Emitter:
    """What flavors call with the values of a metric during the user's training. It never raises."""

    def __init__(self, run: Run, call: TrainingCall) -> None:
        self._run = run
        self._flavor = call.flavor.name
        self._strict = call.settings.strict

    def __call__(self, name: str, value: float, step: int) -> None:
        """Record one value, measured now."""
        self.series(name, (value,), step, (time.time(),))

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Record the values of consecutive steps, each with its time in seconds since the epoch."""
        with guarded("per-iteration metrics", self._flavor, self._run, self._strict):
            self._run.add_series(name, values, first_step, times)
            self._run.flush_if_behind()
