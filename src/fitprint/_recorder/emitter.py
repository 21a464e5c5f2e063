"""Per-iteration metrics on their way into a run, from inside the user's training: nothing here reaches it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fitprint._core.guard import guarded
from fitprint._runs.run import Run
from fitprint.plugin.contract import TrainingCall


class Emitter:
    """What flavors call with the values of a metric."""

    def __init__(self, run: Run, call: TrainingCall) -> None:
        self._run = run
        self._flavor = call.flavor.name
        self._strict = call.settings.strict

    def __call__(self, name: str, value: float, step: int) -> None:
        """One value, of now."""
        self.series(name, (value,), step, (time.time(),))

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Values of consecutive steps, each with its time."""
        with guarded("per-iteration metrics", self._flavor, self._run, self._strict):
            self._run.add_series(name, values, first_step, times)
            self._run.flush_if_behind()
