"""How a flavor records values of a per-iteration metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Emit(Protocol):
    """Records values of a per-iteration metric; never raises."""

    def __call__(self, name: str, value: float, step: int) -> None:
        """One value, of now."""

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Values of consecutive steps, each with its time in seconds of the epoch."""


class Nowhere:
    """The `emit` of a call that is not recorded."""

    def __call__(self, name: str, value: float, step: int) -> None:
        return

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        return
