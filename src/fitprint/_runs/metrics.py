"""Metrics of a run: checking values, and buffering them until they are written."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from fitprint._runs.series import Series, to_lines

MOST_BUFFERED = 10_000
"""The number of values that are buffered. They are written then; if that fails, the oldest are dropped."""


def metric_value(name: str, value: Any) -> float:
    """Convert a value that a user logs to a float: a number, or an array or tensor of one element.

    Raises:
        ValueError: If the value is not a number. The message names the metric.
    """
    try:
        return float(value.item() if getattr(value, "ndim", 0) and hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError):  # torch raises RuntimeError for a tensor of several elements
        raise ValueError(f"the value of metric {name!r} must be a number, not {value!r}") from None


def metric_step(step: Any) -> int:
    """Convert a step that a user gives to an int; None is step 0.

    Raises:
        ValueError: If the step is not a whole number.
    """
    try:
        if int(step or 0) == (step or 0):
            return int(step or 0)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"a step must be a whole number, not {step!r}")


def metric_time(milliseconds: Any) -> float:
    """Convert a time that a user gives in milliseconds since the epoch to seconds; None is now.

    Raises:
        ValueError: If the time is not a number.
    """
    if milliseconds is None:
        return time.time()
    try:
        seconds = float(milliseconds) / 1000
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"a timestamp is a number of milliseconds since the epoch, not {milliseconds!r}")
    return seconds


class MetricBuffer:
    """The values of a run that are not written yet, in order. The caller holds the lock of the run."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, int, float, float]] = []
        self.dropped = 0
        """The number of values that were dropped because the store could not be written."""

    def add(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> float | None:
        """Add the values of consecutive steps, either all of them or none.

        Returns:
            The last value, or None if there are no values.
        """
        numbers = list(map(float, values))
        if not math.isfinite(sum(times)):
            raise ValueError("the times of values are numbers of seconds since the epoch")
        self._entries += [
            (name, step, value, measured)
            for step, (value, measured) in enumerate(zip(numbers, times, strict=True), first_step)
        ]
        return numbers[-1] if numbers else None

    def __len__(self) -> int:
        return len(self._entries)

    def text(self, kind: str = "") -> str:
        """Return the lines of all values, those of one metric after those of the other; see `to_lines`."""
        columns: dict[str, list[tuple[str, int, float, float]]] = {}
        for entry in self._entries:
            columns.setdefault(entry[0], []).append(entry)
        lines: list[str] = []
        for name, entries in columns.items():
            _, steps, values, times = zip(*entries, strict=True)
            lines += to_lines(Series(name, steps, values, times), kind)
        return "".join(lines)

    def clear(self) -> None:
        """Forget the values, because they have been written."""
        self._entries.clear()

    def drop_excess(self) -> None:
        """Drop the oldest values if there are more than `MOST_BUFFERED`."""
        excess = len(self._entries) - MOST_BUFFERED
        if excess > 0:
            count = excess + MOST_BUFFERED // 10  # some more, so that this is not done again at the next value
            del self._entries[:count]
            self.dropped += count
