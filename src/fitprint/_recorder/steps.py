"""The parts that every recording is made of: a guarded step, and the function through which flavors emit metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from fitprint._core.guard import describe, guarded
from fitprint._runs.run import Run
from fitprint._runs.store_breaker import StoreUnavailable
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import TrainingCall


class RecordingStep(guarded):
    """One guarded step of a recording.

    An error of the store becomes a skip reason of the run and no warning, because the store has warned of it already.
    """

    __slots__ = ("writer",)

    def __init__(self, name: str, flavor: str, writer: RunWriter, strict: bool) -> None:
        super().__init__(name, flavor, writer, strict)
        self.writer = writer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        is_store_error = isinstance(error, StoreUnavailable) or (error is not None and error is self.writer.fault)
        if error is None or not is_store_error or self.strict:
            return super().__exit__(kind, error, trace)
        self.failed = True
        self.reason = describe(error)
        self.writer.skip(self.step, "store", self.reason)
        return True


class Recording(Protocol):
    """What the steps of a recording need to know about it."""

    call: TrainingCall
    run: Run

    @property
    def writer(self) -> RunWriter:
        """The writer of the run."""

    def step(self, name: str) -> RecordingStep:
        """Return a guarded step of the recording, to be entered with `with`."""


class Emitter:
    """What flavors call with the values of a metric during the user's training. It never raises."""

    def __init__(self, writer: RunWriter, call: TrainingCall) -> None:
        self._writer = writer
        self._flavor = call.flavor.name
        self._strict = call.settings.strict

    def __call__(self, name: str, value: float, step: int) -> None:
        """Record one value, measured now."""
        self.series(name, (value,), step, (time.time(),))

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Record the values of consecutive steps, each with its time in seconds since the epoch."""
        with guarded("per-iteration metrics", self._flavor, self._writer, self._strict):
            self._writer.add_series(name, values, first_step, times)
            self._writer.flush_if_due()
