"""Metrics of a run: checking values, and buffering them until they are written."""

from __future__ import annotations

import math
import time
from collections import Counter
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


class _Column:
    """The values of one metric in a buffer, in three lists of numbers: the garbage collector visits none of these."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.values: list[float] = []
        self.times: list[float] = []


class MetricBuffer:
    """The values of a run that are not written yet, in order. The caller holds the lock of the run."""

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._names: list[str] = []
        """The metric of each value, in the order in which all were added."""
        self.dropped = 0
        """The number of values that were dropped because the store could not be written."""

    def add(self, name: str, values: Sequence[float], steps: Sequence[int], times: Sequence[float]) -> float | None:
        """Add the values of a metric at some steps, either all of them or none.

        Returns:
            The last value, or None if there are no values.
        """
        numbers = list(map(float, values))
        if not math.isfinite(sum(times)):
            raise ValueError("the times of values are numbers of seconds since the epoch")
        if not len(numbers) == len(steps) == len(times):
            raise ValueError("there must be as many steps and times as values")
        if not numbers:
            return None
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = _Column()
        length, total = len(column.times), len(self._names)
        try:
            column.steps += steps
            column.values += numbers
            column.times += times
            self._names += [name] * len(numbers)
        except BaseException:  # interrupted: a column with lists of different lengths could never be written
            del column.steps[length:], column.values[length:], column.times[length:], self._names[total:]
            raise
        return numbers[-1]

    def __len__(self) -> int:
        return len(self._names)

    def text(self, kind: str = "") -> str:
        """Return the lines of all values, those of one metric after those of the other; see `to_lines`."""
        series = (Series(name, column.steps, column.values, column.times) for name, column in self._columns.items())
        return "".join(line for one in series for line in to_lines(one, kind))

    def clear(self) -> None:
        """Forget the values, because they have been written."""
        self._columns.clear()
        self._names.clear()

    def drop_excess(self) -> None:
        """Drop the oldest values if there are more than `MOST_BUFFERED`."""
        excess = len(self) - MOST_BUFFERED
        if excess > 0:
            count = excess + MOST_BUFFERED // 10  # some more, so that this is not done again at the next value
            for name, oldest in Counter(self._names[:count]).items():
                column = self._columns[name]
                del column.steps[:oldest], column.values[:oldest], column.times[:oldest]
                if not column.values:
                    del self._columns[name]
            del self._names[:count]
            self.dropped += count
