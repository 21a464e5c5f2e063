"""The values of metrics on their way to ``metrics.jsonl``: kept in order until they are written."""

from __future__ import annotations

from collections.abc import Sequence

from fitprint._core.jsonable import dumps
from fitprint.stores import OpenRun

MOST_KEPT = 10_000
"""Values kept for a store that cannot be written; of more than these the oldest are given up."""


class History:
    """Lines that are to be written. Its caller holds the run's lock."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.given_up = 0

    def add(self, name: str, values: Sequence[float], first_step: int, stamps: Sequence[float]) -> float | None:
        """Adds the values of consecutive steps, all or none. Returns the last one, None for no values."""
        head = f'{{"name": {dumps(name)}, "step": '
        lines, value = [], None
        for step, (given, stamp) in enumerate(zip(values, stamps, strict=True), first_step):
            value = float(given)
            shown = repr(value) if value - value == 0 else dumps(value)  # NaN and infinities in words
            lines.append(f'{head}{step}, "value": {shown}, "time": {stamp:.3f}}}\n')
        self._lines += lines
        return value

    @property
    def waits(self) -> bool:
        """Whether there is something to write."""
        return bool(self._lines)

    def write(self, writer: OpenRun) -> None:
        """Writes what is kept. Raises OSError; then it is kept on."""
        if self._lines:
            writer.append_metrics("".join(self._lines))
            self._lines.clear()

    def bound(self) -> None:
        """Gives up the oldest values where there are too many to keep."""
        over = len(self._lines) - MOST_KEPT
        if over > 0:
            del self._lines[: over + MOST_KEPT // 10]  # some more, for this is not to be done at each value
            self.given_up += over + MOST_KEPT // 10
