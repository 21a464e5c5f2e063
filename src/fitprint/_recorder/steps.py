"""The parts that every recording is made of: a guarded step, and the function through which flavors emit metrics."""

from __future__ import annotations

import numbers
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol

from fitprint._core.guard import describe, guarded
from fitprint._runs.run import Run
from fitprint._runs.store_breaker import StoreUnavailable
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import TrainingCall

MAX_UNREAD, SECONDS_UNREAD = 1000, 1.0
"""How many values that are not plain numbers an `Emitter` keeps, and for how many seconds."""
_NUMBERS = (float, int, numbers.Real)


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
    """What flavors call with the values of a metric during the user's training. It never raises.

    A value that is not a plain number, such as a tensor on a device, is kept as it is and read later together with
    others, because reading each of them at once would make the training wait for the device.
    """

    def __init__(self, writer: RunWriter, call: TrainingCall) -> None:
        self._writer = writer
        self._flavor = call.flavor.name
        self._strict = call.settings.strict
        self._read_values = call.flavor.read_values
        self._unread: list[tuple[str, Any, int, float]] = []
        self._read_at = time.monotonic() + SECONDS_UNREAD

    def __call__(self, name: str, value: Any, step: int) -> None:
        """Record one value, measured now."""
        if isinstance(value, _NUMBERS):
            values: tuple[Any] = (value,)  # converted to float later, under the guard: a large int cannot be
            self.series(name, values, step, (time.time(),))
            return
        self._unread.append((name, value, step, time.time()))
        if len(self._unread) >= MAX_UNREAD or time.monotonic() >= self._read_at:
            self.read_all()

    def read_all(self) -> None:
        """Read the values that were kept as they are, and record them."""
        unread, self._unread = self._unread, []
        self._read_at = time.monotonic() + SECONDS_UNREAD
        if not unread:
            return
        with guarded("per-iteration metrics", self._flavor, self._writer, self._strict):
            values = self._read_values([value for _, value, _, _ in unread])
            for (name, _, step, measured_at), value in zip(unread, values, strict=True):
                self._writer.add_series(name, (float(value),), step, (measured_at,))
            self._writer.flush_if_due()

    def __copy__(self) -> Emitter:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Emitter:
        return self

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Record the values of consecutive steps, each with its time in seconds since the epoch."""
        with guarded("per-iteration metrics", self._flavor, self._writer, self._strict):
            self._writer.add_series(name, values, first_step, times)
            self._writer.flush_if_due()
