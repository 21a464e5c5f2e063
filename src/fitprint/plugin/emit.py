"""What a flavor gives to be recorded: values of a per-iteration metric, and the runs below a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fitprint.models.signature import ModelSignature


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


@dataclass
class Child:
    """A run below another, rebuilt from what a search kept of it."""

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)


Declared = tuple["ModelSignature | None", Sequence[tuple[str, str]]]
"""A signature that a model itself declares, and (what, reason) for each part of it that signatures have no word for."""
