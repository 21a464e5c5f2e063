"""The weights of modules as users save them: a module, its state dict, or a dict that has one of these in it."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from fitprint.plugin import UNPICKLING_ERRORS, PackageError, TrainingCall
from fitprint_pytorch._frames import is_called_by
from fitprint_pytorch._modules import is_flattened, plain_module

_DEPTH = 4
_OF_FSDP = "_fsdp_wrapped_module."
_SHARDS = ".metadata"
"""The file in a folder that `torch.distributed.checkpoint` has written, which says what is in the others."""
_IN_ANOTHER_THREAD = "torch.distributed.checkpoint._async"
_PREFIXES = ("module.", "_orig_mod.")
"""What wrappers put before the names of weights."""


def given_to(call: TrainingCall) -> Any:
    """Return what a call of ``torch.save``, or of one of ``torch.distributed.checkpoint``, is given to save.

    Args:
        call: The call. What ``async_save`` has saved later by another thread was saved when it was called.
    """
    if "state_dict" not in _names(call):
        return call.argument("obj")
    return None if is_called_by(_IN_ANOTHER_THREAD) else call.argument("state_dict")


def file_of(call: TrainingCall) -> Any:
    """Return the file or the folder that a call saves to, or loads from; None if none is known.

    Args:
        call: A call as of `given_to`, or of the functions with the name ``load``.
    """
    if "state_dict" not in _names(call):
        return call.argument("f")
    store = call.argument("storage_writer" if "save" in call.name else "storage_reader")
    return call.argument("checkpoint_id") or getattr(store, "path", None)


def _names(call: TrainingCall) -> Collection[str]:
    return inspect.signature(call.function).parameters


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
        value = _joined(path) if (path / _SHARDS).is_file() else torch.load(path, "cpu", weights_only=False)
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


def _joined(path: Path) -> Any:
    """Return what `torch.distributed.checkpoint` has written to a folder, put together again from all processes."""
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

    with tempfile.TemporaryDirectory() as folder:
        dcp_to_torch_save(path, f"{folder}/joined.pt")
        return torch.load(f"{folder}/joined.pt", "cpu", weights_only=False)


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
    elif depth and hasattr(value, "state_dict") and not isinstance(value, Optimizer):
        # an object of the user's own, which `torch.distributed.checkpoint` asks for its state
        yield from _parts(getattr(value, "__dict__", {}), depth - 1)


def _state_of(value: Any, module: nn.Module) -> Mapping[str, Any] | None:
    """Return a dict with all weights of a module by their names; None if the value is no such dict."""
    if not isinstance(value, Mapping):
        return None
    if is_flattened(module):
        return value if _is_of_parts(value, module) else None
    names = [name for name, _ in module.named_parameters()]
    for prefix in ("", *_PREFIXES):
        if names and all(f"{prefix}{name}" in value for name in names):
            return {str(key).removeprefix(prefix): part for key, part in value.items()}
    return None


def _is_of_parts(value: Mapping[str, Any], module: nn.Module) -> bool:
    """Return whether a dict has tensors of the parts of a module by name, whose own weights FSDP has put together."""
    parts = {name.replace(_OF_FSDP, "") for name, _ in module.named_modules()}
    return bool(value) and all(
        hasattr(part, "dtype") and str(name).replace(_OF_FSDP, "").rpartition(".")[0] in parts
        for name, part in value.items()
    )
