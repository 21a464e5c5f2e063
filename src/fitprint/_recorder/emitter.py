"""Per-iteration metrics on their way into a run, from inside the user's training: nothing here reaches it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fitprint._core.guard import guarded
from fitprint._runs.writer import RunWriter
from fitprint.plugin.flavor import TrainingCall


class Emitter:
    """What flavors call with the values of a metric."""

    def __init__(self, writer: RunWriter, call: TrainingCall) -> None:
        self._writer = writer
        self._flavor = call.flavor.name
        self._strict = call.settings.strict

    def __call__(self, name: str, value: float, step: int) -> None:
        """One value, of now."""
        self.series(name, (value,), step, (time.time(),))

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Values of consecutive steps, each with its time."""
        with guarded("per-iteration metrics", self._flavor, self._writer, self._strict):
            self._writer.add_series(name, values, first_step, times)
            self._writer.flush_if_due()
