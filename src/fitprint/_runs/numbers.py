"""The numbers that metrics are made of, as users give them."""

from __future__ import annotations

from typing import Any


def number(name: str, value: Any) -> float:
    """A metric's value. Raises ValueError, naming the metric, for what is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"metric {name!r} is no number: {value!r}") from None


def whole_step(step: Any) -> int:
    """A step; None is 0. Raises ValueError for what is no whole number."""
    try:
        if int(step or 0) == (step or 0):
            return int(step or 0)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"a step is a whole number, not {step!r}")
