"""Whether the weights of a module are distributed over several processes, and code that must not wait for others."""

from __future__ import annotations

from itertools import chain
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_COLLECTIVE = ("c10d", "_c10d_functional", "c10d_functional")
"""The namespaces of the operators that exchange tensors with other processes."""
_MARKS = ("ds_id", "_fsdp_flattened")
"""The attributes by which DeepSpeed (ZeRO, stage 3) and FSDP know the parameters that they have distributed."""
_STRATEGIES = ("FSDPStrategy",)
"""The strategies that distribute all weights, whatever the parameters look like afterwards."""


def is_sharded(module: Any) -> bool:
    """Return whether this process has only a part of some weights: with FSDP, FSDP2, DTensor or DeepSpeed ZeRO.

    Args:
        module: The Lightning module.
    """
    strategy = getattr(getattr(module, "_trainer", None), "strategy", None)
    if any(base.__name__ in _STRATEGIES for base in type(strategy).__mro__):
        return True
    return any(map(_is_part, chain(module.parameters(), module.buffers())))


def _is_part(tensor: Any) -> bool:
    """Return whether a tensor is a part of one. A `DTensor` has a mesh of the devices that it is spread over."""
    return hasattr(tensor, "device_mesh") or any(hasattr(tensor, mark) for mark in _MARKS)


def in_several_processes() -> bool:
    """Return whether this process is one of several that train together, and could wait for the others."""
    distributed = torch.distributed
    return bool(distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1)


class NoCollectives(TorchDispatchMode):  # type: ignore[misc]  # PyTorch is not type-checked
    """Refuses operators that exchange tensors with other processes: here one process calls a module alone."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call an operator of torch, unless it would wait for other processes."""
        if func.namespace in _COLLECTIVE:
            raise NotImplementedError(
                f"the module exchanges tensors with other processes when it predicts ({func.name()}), "
                "and one process alone would wait for them"
            )
        return func(*args, **(kwargs or {}))
