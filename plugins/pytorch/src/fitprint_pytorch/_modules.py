"""A module without the wrappers around it, and whether this process has all of its weights."""

from __future__ import annotations

import sys
from typing import Any

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

_WRAPPERS = (DataParallel, DistributedDataParallel)
_FSDP = "torch.distributed.fsdp"


def plain_module(module: Any) -> Any:
    """Return the user's own module: without what `torch.compile` and the training in several processes put around it.

    Args:
        module: A module.
    """
    while True:
        if isinstance(module, _WRAPPERS):
            module = module.module
        elif isinstance(getattr(module, "_orig_mod", None), nn.Module):
            module = module._orig_mod
        else:
            return module


def class_name(module: Any) -> str:
    """Return the name of the user's own class, which FSDP hides: by a wrapper, or by a class that it derives.

    Args:
        module: A module.
    """
    if isinstance(module, _classes(_FSDP, "FullyShardedDataParallel")):
        return type(module.module).__name__  # type: ignore[attr-defined, unused-ignore]  # of a class known by name
    if isinstance(module, _classes(_FSDP, "FSDPModule")):
        return type(module).__bases__[-1].__name__
    return type(module).__name__


def is_flattened(module: nn.Module) -> bool:
    """Return whether the first form of FSDP has put the weights of a module together, and distributed them.

    Args:
        module: A module.
    """
    wrappers = _classes(_FSDP, "FullyShardedDataParallel")
    return any(isinstance(part, wrappers) for part in module.modules())


def is_local(module: nn.Module) -> bool:
    """Return whether this process has all weights of a module, which is not so where FSDP or ZeRO distributes them.

    Args:
        module: A module.
    """
    distributed = _classes("torch.distributed.tensor", "DTensor")
    return not (
        any(isinstance(weight, distributed) or hasattr(weight, "ds_id") for weight in module.parameters())
        or is_flattened(module)
    )


def _classes(module: str, name: str) -> tuple[type, ...]:
    """Return a class of a module if that is imported already: otherwise nothing can be an instance of it."""
    found = getattr(sys.modules.get(module), name, None)
    return (found,) if isinstance(found, type) else ()


def together(modules: tuple[nn.Module, ...]) -> nn.ModuleDict:
    """Return several modules as one, by their classes. They are the same objects."""
    named: dict[str, nn.Module] = {}
    for module in modules:
        name = class_name(module)
        while name in named:
            name += "_"
        named[name] = module
    return nn.ModuleDict(named)
