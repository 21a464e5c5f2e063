"""The histories of the metrics in the folder of a run, as the process that writes the run has written them.

A history may have ten million values: they are read line by line, and of most lines only the name is looked at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from fitprint._core.plain_files import plain_lines
from fitprint._core.signal_handlers import own
from fitprint._runs.series import UNREADABLE, Line, Series
from fitprint.stores import StoreError

FILE = "metrics.jsonl"
LONGEST_LINE = 1_000_000
"""The bytes of the longest line that is read."""


def read_series(folder: Path, name: str) -> Iterator[Series]:
    """Yield the values of one metric, as many at once as share a line.

    Raises:
        StoreError: The file cannot be read.
    """
    for line in _lines(folder, name):
        try:
            series = line.series()
        except UNREADABLE:
            continue
        yield series


def all_series(folder: Path) -> Iterator[Series]:
    """Yield the values of all metrics, as many at once as share a line, in the order in which they were written.

    Raises:
        StoreError: The file cannot be read.
    """
    for line in _lines(folder):
        with contextlib.suppress(*UNREADABLE):
            yield line.series()


def read_points(folder: Path, name: str, most: int) -> list[tuple[int, float]]:
    """Return values of one metric that are spread evenly over its history, the first and the last among them.

    Args:
        folder: The folder of the run.
        name: The name of the metric.
        most: How many values are returned at most. All of them are, if there are no more.

    Returns:
        Each value as (step, value).

    Raises:
        StoreError: The file cannot be read.
    """
    positions = iter(spread(sum(len(line) for line in _lines(folder, name)), most))
    points: list[tuple[int, float]] = []
    start, position = 0, next(positions, None)
    for line in _lines(folder, name):
        end = start + len(line)
        while position is not None and position < end:
            with contextlib.suppress(*UNREADABLE):
                points.append(line.point(position - start))
            position = next(positions, None)
        start = end
    return points


def spread(count: int, most: int) -> list[int]:
    """Return at most so many positions among `count`, evenly spread, with the first and the last."""
    if count <= most:
        return list(range(count))
    if most < 2:
        return [count - 1] * max(most, 0)
    return [round(position * (count - 1) / (most - 1)) for position in range(most)]


def count_values(folder: Path) -> dict[str, int]:
    """Return how many values each metric has.

    Raises:
        StoreError: The file cannot be read.
    """
    counts: dict[str, int] = {}
    for line in _lines(folder):
        counts[line.name] = counts.get(line.name, 0) + len(line)
    return counts


def last_times(folder: Path) -> dict[str, float]:
    """Return when the last value of each metric was logged, in seconds since the epoch.

    Raises:
        StoreError: The file cannot be read.
    """
    times = {}
    for name, line in {line.name: line for line in _lines(folder)}.items():
        try:
            times[name] = line.series().times[-1]
        except UNREADABLE:
            continue
    return times


def _lines(folder: Path, name: str | None = None) -> Iterator[Line]:
    """Yield the lines of one metric, or of all, without those that are seen to be incomplete."""
    path = Path(folder, FILE)
    try:
        for text in plain_lines(path, LONGEST_LINE):
            try:
                line = Line(text)
            except UNREADABLE:
                continue
            if name is None or line.name == name:
                yield line
    except FileNotFoundError:
        return
    except own(OSError) as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
