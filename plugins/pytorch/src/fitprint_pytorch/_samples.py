"""A few rows like those that a module is called with: the signature is inferred from them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
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
        The rows of the only tensor, or those of several by their names: those of the arguments, of the parts of the one
        dict that is given, or ``0``, ``1`` and so on in a tuple. None where anything else is among the arguments, and
        a package could not be called like this.
    """
    given = {name: value for name, value in _named(module, args, kwargs).items() if value is not None}
    if not given or not all(type(value) is torch.Tensor and value.dim() for value in given.values()):
        return None
    if len({len(value) for value in given.values()}) > 1:
        return None  # such as the texts of a batch in one row, and where each begins
    rows = {name: value.detach()[:ROWS].clone() for name, value in given.items()}
    is_one = len(rows) == 1 and len(args) == 1 and isinstance(args[0], torch.Tensor)
    return next(iter(rows.values())) if is_one else rows


def _named(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments by name, as `loader.call` gives them to the module again."""
    names = inspect.signature(module.forward).parameters.values()
    positional = [p.name for p in names if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(args) == 1 and not kwargs and isinstance(args[0], (tuple, list, Mapping)):
        return {str(name): part for name, part in _parts(args[0])}
    if len(args) > max(1, len(positional)) or (args and not positional):
        return {"*": args} if kwargs or positional else {str(position): part for position, part in enumerate(args)}
    return {**dict(zip(positional or ["input"], args, strict=False)), **kwargs}


def _parts(inputs: Any) -> Iterable[tuple[Any, Any]]:
    return inputs.items() if isinstance(inputs, Mapping) else enumerate(inputs)


def as_arrays(sample: Sample) -> Any:
    """Return a sample as arrays in main memory."""
    if isinstance(sample, dict):
        return {name: _as_array(rows) for name, rows in sample.items()}
    return _as_array(sample) if sample is not None else None


def _as_array(rows: torch.Tensor) -> Any:
    # numpy has no bfloat16
    return (rows.float() if rows.dtype is torch.bfloat16 else rows).cpu().numpy()
