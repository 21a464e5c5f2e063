"""Metrics of a run: checking values, buffering them until they are written, and reading the history back."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fitprint._core.jsonable import number, to_json
from fitprint._core.plain_files import plain_lines
from fitprint._core.signal_handlers import own
from fitprint.stores import OpenRun, StoreError

FILE = "metrics.jsonl"
LONGEST_LINE = 1_000_000
"""The bytes of the longest line that is read."""
MOST_BUFFERED = 10_000
"""The number of values that are buffered while the store cannot be written. Above it the oldest are dropped."""


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
        return float(milliseconds) / 1000
    except (TypeError, ValueError):
        raise ValueError(f"a timestamp is a number of milliseconds since the epoch, not {milliseconds!r}") from None


class MetricBuffer:
    """The lines of ``metrics.jsonl`` that are not written yet, in order. The caller holds the lock of the run."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.dropped = 0
        """The number of values that were dropped because the store could not be written."""

    def add(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> float | None:
        """Add the values of consecutive steps, either all of them or none.

        Returns:
            The last value, or None if there are no values.
        """
        head = f'{{"name": {to_json(name)}, "step": '
        numbers = list(map(float, values))
        texts = list(map(repr if math.isfinite(sum(numbers)) else to_json, numbers))  # to_json writes NaN as a word
        self._lines += [
            f'{head}{step}, "value": {text}, "time": {measured:.3f}}}\n'
            for step, (text, measured) in enumerate(zip(texts, times, strict=True), first_step)
        ]
        return numbers[-1] if numbers else None

    def __bool__(self) -> bool:
        """Return whether there is something to write."""
        return bool(self._lines)

    def write(self, open_run: OpenRun) -> None:
        """Write all lines. If this raises OSError, the lines stay in the buffer."""
        if self._lines:
            open_run.append_metrics("".join(self._lines))
            self._lines.clear()

    def drop_excess(self) -> None:
        """Drop the oldest values if there are more than `MOST_BUFFERED`."""
        excess = len(self._lines) - MOST_BUFFERED
        if excess > 0:
            count = excess + MOST_BUFFERED // 10  # some more, so that this is not done again at the next value
            del self._lines[:count]
            self.dropped += count


class MetricEntry(NamedTuple):
    """One value of a metric."""

    name: str
    step: int
    value: float
    time: float
    """When it was logged, in seconds since the epoch."""


def read_entries(folder: Path, name: str | None = None) -> list[MetricEntry]:
    """Read the values of one metric, or of all, from the file of the process that writes the run.

    A line that is not complete, because its process was killed while writing it, is left out.

    Raises:
        StoreError: The file cannot be read.
    """
    entries = []
    path = Path(folder, FILE)
    try:
        for line in plain_lines(path, LONGEST_LINE):
            entry = _entry(line)
            if entry is not None and name in (None, entry.name):
                entries.append(entry)
    except FileNotFoundError:
        return []
    except own(OSError) as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    return entries


def _entry(line: bytes) -> MetricEntry | None:
    """Return the value that a line holds, or None if it holds none."""
    try:
        entry = json.loads(line)
        time = float(number(entry.get("time", 0.0)))
        return MetricEntry(str(entry["name"]), int(entry["step"]), float(number(entry["value"])), time)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
