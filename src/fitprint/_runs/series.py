"""Consecutive values of one metric as one line of strict JSON: how they are written, and how they are read.

Why several values share a line: docs/adr/0013-many-values-on-a-line.md.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fitprint._core.jsonable import number, to_json

MOST_ON_A_LINE = 1_000
"""The values on one line."""
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""The errors with which a line turns out to hold no values."""
_HEAD = re.compile(rb'\{"name": "([^"\\]*)", ')
_VALUES = b', "values": ['


class Series(NamedTuple):
    """Values of one metric, in the order in which they were logged."""

    name: str
    steps: Sequence[int]
    values: Sequence[float]
    times: Sequence[float]
    """When each was logged, in seconds since the epoch."""


def to_lines(series: Series, kind: str = "") -> list[str]:
    """Return the lines of a series, each with its line feed.

    Args:
        series: The series.
        kind: What the line is marked with; empty in ``metrics.jsonl``, which holds nothing else.
    """
    head = f'{{"kind": {to_json(kind)}, ' if kind else "{"
    head += f'"name": {to_json(series.name)}, '
    lines = []
    for start in range(0, len(series.values), MOST_ON_A_LINE):
        part = slice(start, start + MOST_ON_A_LINE)
        lines.append(head + _body(series.steps[part], series.values[part], series.times[part]) + "}\n")
    return lines


def _body(steps: Sequence[int], values: Sequence[float], times: Sequence[float]) -> str:
    texts = list(map(repr if math.isfinite(sum(values)) else to_json, values))  # to_json writes NaN as a word
    if len(values) == 1:
        return f'"step": {steps[0]}, "value": {texts[0]}, "time": {times[0]:.3f}'
    stride = steps[1] - steps[0]
    if all(after - before == stride for before, after in pairwise(steps)):
        body = f'"step": {steps[0]}, "stride": {stride}, '
    else:
        body = f'"steps": [{",".join(map(str, steps))}], '
    milliseconds = [round(time * 1000) for time in times]
    body += f'"time": {milliseconds[0] / 1000:.3f}'
    if milliseconds.count(milliseconds[0]) < len(milliseconds):
        body += f', "waits": [{",".join(str(after - before) for before, after in pairwise(milliseconds))}]'
    return f"{body}{_VALUES.decode()}{','.join(texts)}]"


def from_document(document: Mapping[str, Any]) -> Series:
    """Return the series that a line holds.

    Args:
        document: The line, as JSON has it: with one ``value``, as all lines were in format 2, or with several
            ``values``. ``waits`` are the milliseconds from each value to the next one.

    Raises:
        Exception: One of `UNREADABLE`, if it holds none.
    """
    name, time = str(document["name"]), float(number(document.get("time", 0.0)))
    if "values" not in document:
        return Series(name, [int(document["step"])], [float(number(document["value"]))], [time])
    values = [float(value) for value in document["values"]]
    steps = _steps(document, len(values))
    times, elapsed = [time], 0
    for wait in document.get("waits", [0] * (len(values) - 1)):
        elapsed += int(wait)
        times.append(time + elapsed / 1000)
    if not values or not len(steps) == len(values) == len(times):
        raise ValueError("it has not as many steps and times as values")
    return Series(name, steps, values, times)


def _steps(document: Mapping[str, Any], count: int) -> list[int]:
    if "steps" in document:
        return [int(step) for step in document["steps"]]
    step, stride = int(document["step"]), int(document["stride"])
    return list(range(step, step + stride * count, stride)) if stride else [step] * count


class Line:
    """A line of ``metrics.jsonl`` that is read only as far as it is asked for.

    Most lines of a large history are of another metric, or are only counted.
    """

    __slots__ = ("_parsed", "_text", "_values_at", "name")

    def __init__(self, text: bytes) -> None:
        """Look at a line, without its line feed.

        Raises:
            Exception: One of `UNREADABLE`, if it is seen at once that it holds no values.
        """
        head = _HEAD.match(text)
        is_usual = head is not None and text.endswith(b"}")
        self._text = text
        self._values_at = text.find(_VALUES) if is_usual else -1
        self._parsed = None if is_usual else self._parse()
        self.name = head[1].decode("utf-8") if head is not None and is_usual else self.series().name

    def __len__(self) -> int:
        if self._parsed is not None:
            return len(self._parsed.values)
        return self._text.count(b",", self._values_at + len(_VALUES)) + 1 if self._values_at >= 0 else 1

    def series(self) -> Series:
        """Return what the line holds.

        Raises:
            Exception: One of `UNREADABLE`, if it holds no values, such as the last line of a process that was killed.
        """
        return self._parsed or self._parse()

    def point(self, position: int) -> tuple[int, float]:
        """Return the step and the value at one position, without reading the other values.

        Raises:
            Exception: One of `UNREADABLE`, if there is none.
        """
        if self._values_at < 0:
            series = self.series()
            return series.steps[position], series.values[position]
        head = json.loads(self._text[: self._values_at] + b"}")
        value = self._text[self._values_at + len(_VALUES) : -2].split(b",", position + 1)[position]
        steps = _steps(head, len(self))
        if len(steps) != len(self):
            raise ValueError("it has not as many steps as values")
        return steps[position], float(value.strip(b'"'))

    def _parse(self) -> Series:
        return from_document(json.loads(self._text))
