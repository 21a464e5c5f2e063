"""A few rows like those that a module is called with: the signature is inferred from them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import nn

ROWS = 5
Sample: TypeAlias = torch.Tensor | dict[str, torch.Tensor] | None


def of_call(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sample:
    """Return copies of the first rows of the tensors that a module is called with.

    Args:
        module: The module.
        args: The positional arguments.
        kwargs: The keyword arguments.

    Returns:
        The rows of the only tensor, or those of several by their names; None where anything else is among the
        arguments, and a package could not be called like this.
    """
    given = {name: value for name, value in _named(module, args, kwargs).items() if value is not None}
    if not given or not all(type(value) is torch.Tensor and value.dim() for value in given.values()):
        return None
    rows = {name: value.detach()[:ROWS].clone() for name, value in given.items()}
    return rows if len(rows) > 1 or not args else next(iter(rows.values()))


def _named(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name; those that a ``forward`` does not name have the name ``*``, which no sample has."""
    names = list(inspect.signature(module.forward).parameters.values())
    positional = [p.name for p in names if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(args) > 1 and len(args) > len(positional):
        return {"*": args}
    return {**dict(zip(positional or ["input"], args, strict=False)), **kwargs}


def as_arrays(sample: Sample) -> Any:
    """Return a sample as arrays in main memory."""
    if isinstance(sample, dict):
        return {name: rows.cpu().numpy() for name, rows in sample.items()}
    return sample.cpu().numpy() if sample is not None else None
