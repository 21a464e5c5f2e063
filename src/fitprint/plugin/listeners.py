"""Per-iteration metrics from inside the user's training, at next to no cost per iteration."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from fitprint._core.guard import guarded
from fitprint.plugin.flavor import Emit, TrainingCall

SECONDS_BEHIND = 1.0

Log = Mapping[str, Sequence[float]]
"""Every metric's values from the first iteration on, by its name."""


class GrowingLog:
    """Emits what a log of metrics has grown by: once a second while it is trained, and at the end.

    ``read`` gives the log as it stands; it is called when something is due, not at every iteration. The i-th value of
    a metric is of step ``first_step + i * every``, though of none after ``last_step``.
    """

    def __init__(self, call: TrainingCall, emit: Emit, read: Callable[[], Log]) -> None:
        self.first_step = 0
        self.every = 1
        self.last_step: int | None = None
        self._emit = emit
        self._read = read
        self._flavor, self._strict = call.flavor.name, call.settings.strict
        self._emitted: dict[str, int] = {}
        self._times: list[float] = []
        self._due = time.monotonic() + SECONDS_BEHIND

    @property
    def iterations(self) -> int:
        """How many iterations there were, as far as a metric tells."""
        return max(self._emitted.values(), default=0)

    def after_iteration(self) -> None:
        """One iteration has ended. An error of ours does not reach the training."""
        self._times.append(time.time())
        if time.monotonic() >= self._due:
            with guarded("per-iteration metrics", self._flavor, strict=self._strict):
                self.drain()

    def drain(self) -> None:
        """Emits what has not been emitted yet."""
        self._due = time.monotonic() + SECONDS_BEHIND
        for name, values in self._read().items():
            start = self._emitted.get(name, 0)
            self._emitted[name] = len(values)
            self._emit_values(name, values[start:], start)

    def _emit_values(self, name: str, values: Sequence[float], start: int) -> None:
        now = time.time()
        times = self._times[start * self.every :: self.every][: len(values)]
        times += [now] * (len(values) - len(times))
        if self.every == 1:
            self._emit.series(name, values, self.first_step + start, times)
            return
        for position, (value, stamp) in enumerate(zip(values, times, strict=True), start):
            step = self.first_step + position * self.every
            self._emit.series(name, (value,), step if self.last_step is None else min(step, self.last_step), (stamp,))
