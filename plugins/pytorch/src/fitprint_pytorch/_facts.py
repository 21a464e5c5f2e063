"""What is known about a training before it begins: params of the module and of the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.optim import Optimizer

from fitprint.plugin import Params, default_values, unchanged
from fitprint_pytorch import _modules

_NOT_SETTINGS = ("params", "initial_lr")


def of_modules(modules: tuple[nn.Module, ...]) -> dict[str, Any]:
    """Return the classes of the modules, and how many weights they have."""
    model = "+".join(map(_modules.class_name, modules))
    if any(map(_modules.is_flattened, modules)):
        return {"model": model}  # this process knows only its own part
    weights = [weight for module in modules for weight in module.parameters() if not nn.parameter.is_lazy(weight)]
    return {
        "model": model,
        "weights": sum(weight.numel() for weight in weights),
        "trainable_weights": sum(weight.numel() for weight in weights if weight.requires_grad),
    }


def of_optimizer(optimizer: Optimizer, prefix: str = "") -> Params:
    """Return the class and the settings of an optimizer: those of its first group, and what the others differ in."""
    groups = optimizer.param_groups
    settings = {name: plain(value) for name, value in groups[0].items() if name not in _NOT_SETTINGS}
    same = unchanged(settings, default_values(type(optimizer)))
    params = {f"{prefix}optimizer_name": type(optimizer).__name__}
    params |= {f"{prefix}{name}": value for name, value in settings.items()}
    for position, group in enumerate(groups[1:], 2):
        for name, value in group.items():
            if name not in _NOT_SETTINGS and plain(value) != settings.get(name):
                params[f"{prefix}{name}_group{position}"] = plain(value)
    return Params(params, {f"{prefix}{name}" for name in same})


def plain(value: Any) -> Any:
    """Return a setting as it is recorded: a tensor on the CPU as a number, and one on a device not at all."""
    if hasattr(value, "device"):
        return value.item() if value.device.type == "cpu" and value.numel() == 1 else None
    return list(value) if isinstance(value, tuple) else value


def precision(modules: tuple[nn.Module, ...]) -> Mapping[str, str]:
    """Return the device and the dtype of the weights, as tags."""
    for module in modules:
        for weight in module.parameters():
            return {"device": weight.device.type, "precision": str(weight.dtype).removeprefix("torch.")}
    return {}


def steps_before(optimizer: Optimizer) -> int:
    """Return how many steps an optimizer had made before its state was loaded from a checkpoint."""
    for state in optimizer.state.values():
        step = state.get("step") if isinstance(state, Mapping) else None
        if step is not None:
            return int(plain(step) or 0)
    return 0
