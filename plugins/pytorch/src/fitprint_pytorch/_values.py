"""Values of metrics that are read later: losses that may be on a device, and means that are made of them.

Nothing here waits for a device before `read` is called, which fitprint does about once a second, for at most 1,000
values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch

Scalar = Any
"""A number, or a tensor with one value on a device."""


class Value(Protocol):
    """Something that becomes a number once its scalar is read."""

    scalar: Scalar

    def number(self, read: float) -> float:
        """Return the number, given what was read of the scalar."""


class StepLoss:
    """The loss of a step that is on a device; it also counts for the mean of its epoch."""

    __slots__ = ("epoch", "scalar")

    def __init__(self, scalar: Scalar, epoch: Epoch | None) -> None:
        self.scalar = scalar
        self.epoch = epoch

    def number(self, read: float) -> float:
        if self.epoch is not None:
            self.epoch.add(read)
        return read


class Epoch:
    """One iteration over the training data, and the mean of the losses in it, which have all been read before it."""

    scalar = 0.0

    def __init__(self, number: int) -> None:
        self.index = number
        self.total, self.count = 0.0, 0

    def add(self, loss: float) -> None:
        """Add the loss of a step."""
        self.total += loss
        self.count += 1

    def number(self, read: float) -> float:
        return self.total / self.count if self.count else float("nan")


class WeightedMean:
    """The mean over the rows of several batches, of each of which the mean or the sum is known."""

    def __init__(self) -> None:
        self._total: Scalar = 0.0
        self._weight = 0

    def add(self, loss: Scalar, rows: int, is_sum: bool) -> None:
        """Add the loss of a batch."""
        self._total = self._total + (loss if is_sum else loss * rows)
        self._weight += rows

    @property
    def scalar(self) -> Scalar:
        return self._total

    def number(self, read: float) -> float:
        return read / self._weight


def copied(loss: torch.Tensor) -> Scalar:
    """Return a copy of a tensor's only value: a number if it is in main memory, else a tensor on its device."""
    if loss.is_cpu:
        return loss.item()
    copy = loss.detach().reshape(())
    return copy.float() if copy.dtype in (torch.float16, torch.bfloat16) else copy.clone()


def read(values: Sequence[Any]) -> Iterator[float]:
    """Yield the numbers of values, with one copy from each device for all of them.

    Args:
        values: Tensors with one value each, or what this module has made.
    """
    scalars = [value if isinstance(value, torch.Tensor) else value.scalar for value in values]
    on_device: dict[torch.device, list[int]] = {}
    for position, scalar in enumerate(scalars):
        if isinstance(scalar, torch.Tensor):
            on_device.setdefault(scalar.device, []).append(position)
    for positions in on_device.values():
        stacked = torch.stack([scalars[position].detach().reshape(()).float() for position in positions])
        for position, number in zip(positions, stacked.tolist(), strict=True):
            scalars[position] = number
    for value, scalar in zip(values, scalars, strict=True):
        yield scalar if isinstance(value, torch.Tensor) else value.number(float(scalar))
