"""The weights of modules as users save them: a module, its state dict, or a dict that has one of these in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fitprint.plugin import UNPICKLING_ERRORS, PackageError
from fitprint_pytorch._modules import plain_module

_DEPTH = 4
_PREFIXES = ("module.", "_orig_mod.")
"""What wrappers put before the names of weights."""


def holds(value: Any, module: nn.Module) -> bool:
    """Return whether a value is a module, or has its weights in it."""
    return any(part is module or _state_of(part, module) is not None for part in _parts(value))


def holds_itself(value: Any, module: nn.Module) -> bool:
    """Return whether a value is a module, or has its weights themselves in it and not copies, or another module's."""
    return any(part is module or _has_memory_of(_state_of(part, module), module) for part in _parts(value))


def _has_memory_of(state: Mapping[str, Any] | None, module: nn.Module) -> bool:
    name, parameter = next(iter(module.named_parameters()), ("", None))
    saved = state.get(name) if state is not None else None
    return parameter is not None and isinstance(saved, torch.Tensor) and saved.data_ptr() == parameter.data_ptr()


def load_checkpoint(path: Path, model: Any) -> nn.Module:
    """Return the module in a checkpoint.

    Args:
        path: The file.
        model: A module of the same architecture, into which a state dict is loaded; or None.

    Raises:
        PackageError: The file cannot be read, or holds a state dict of another module, or there is no module for it.
    """
    try:
        value = torch.load(path, map_location="cpu", weights_only=False)
    except (*UNPICKLING_ERRORS, RuntimeError, OSError) as error:
        raise PackageError(
            f"{path} cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())}"
        ) from error
    modules = [part for part in _parts(value) if isinstance(part, nn.Module)]
    if modules:
        found: nn.Module = modules[0]
        return found
    if not isinstance(model, nn.Module):
        raise PackageError(f"{path} holds weights without their module: give a package of a module of the same class")
    for part in _parts(value):
        state = _state_of(part, model)
        if state is not None:
            model.load_state_dict(state)
            return model
    raise PackageError(f"{path} has no state dict with the weights of a {type(model).__name__}")


def _parts(value: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """Yield the modules and the dicts in something that is saved."""
    if isinstance(value, nn.Module):
        yield plain_module(value)
    elif isinstance(value, Mapping):
        yield value
        if depth:
            for part in value.values():
                yield from _parts(part, depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for part in value:
            yield from _parts(part, depth - 1)


def _state_of(value: Any, module: nn.Module) -> Mapping[str, Any] | None:
    """Return a dict with all weights of a module by their names; None if the value is no such dict."""
    if not isinstance(value, Mapping):
        return None
    names = [name for name, _ in module.named_parameters()]
    for prefix in ("", *_PREFIXES):
        if names and all(f"{prefix}{name}" in value for name in names):
            return {str(key).removeprefix(prefix): part for key, part in value.items()}
    return None
