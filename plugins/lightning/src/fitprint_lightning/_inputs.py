"""A few rows of the inputs of a training, from its first batch: the loaders themselves are not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

ROWS = 5


def first_rows(batch: Any) -> Any:
    """Copy the first rows of the inputs in a batch to the CPU.

    Args:
        batch: A batch. Of a tuple or a list, the first part is the inputs.

    Returns:
        A tensor, a dict of tensors by name, or None if the batch has another form.
    """
    inputs = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if isinstance(inputs, torch.Tensor):
        return _copied(inputs)
    if isinstance(inputs, Mapping) and inputs and all(isinstance(value, torch.Tensor) for value in inputs.values()):
        return {str(name): _copied(value) for name, value in inputs.items()}
    return None


def as_arrays(rows: Any) -> Any:
    """Return rows as arrays of numpy, which has no bfloat16."""
    if isinstance(rows, Mapping):
        return {name: as_arrays(value) for name, value in rows.items()}
    return (rows.float() if rows.dtype is torch.bfloat16 else rows).numpy()


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[:ROWS].detach().cpu().clone() if tensor.dim() else tensor.detach().cpu().clone()
