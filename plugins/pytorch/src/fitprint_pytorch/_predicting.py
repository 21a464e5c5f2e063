"""Predict as MLflow's loader of the pytorch flavor does, and leave no trace in a module that is the user's own."""

from __future__ import annotations

import copy
import types
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from fitprint_pytorch import loader
from fitprint_pytorch._modules import plain_module

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_loaded: weakref.WeakSet[nn.Module] = weakref.WeakSet()


def predicts_itself(module: nn.Module) -> nn.Module:
    """Note that a module comes from a package, so that no copy of it predicts in its place. Return it."""
    _loaded.add(module)
    return module


def predict(module: nn.Module, data: Any, params: Mapping[str, Any] | None = None) -> Any:
    """Predict without gradients.

    Args:
        module: The module.
        data: As for `loader.predict`, which says what is returned too.
        params: Keyword arguments of the module's ``forward``.
    """
    module = plain_module(module)
    if module in _loaded:
        return loader.predict(module, data, params)
    with _undisturbed(module) as stand_in:
        return loader.predict(stand_in, data, params)


@contextmanager
def _undisturbed(module: nn.Module) -> Iterator[nn.Module]:
    """Give a stand-in of a module in evaluation mode, and put the random states of PyTorch back afterwards."""
    device = loader.device_of(module)
    accelerators = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(accelerators, device_type=device.type if accelerators else "cuda"):
        yield _stand_in(module, {}).eval()


def _stand_in(module: nn.Module, made: dict[int, nn.Module]) -> nn.Module:
    """Return a copy of a tree of modules that shares the weights, so that what is done to it leaves the user's alone.

    It has none of the user's hooks, but those of `torch.nn.utils`, which compute weights.
    """
    if isinstance(module, torch.jit.ScriptModule):
        return copy.deepcopy(module)
    if id(module) in made:
        return made[id(module)]
    module_class: Any = type(module)
    stand_in = made[id(module)] = module_class.__new__(module_class)
    state = {name: _rebound(value, module, stand_in) for name, value in vars(module).items()}
    state["_parameters"] = dict(module._parameters)
    state["_buffers"] = {name: None if value is None else value.clone() for name, value in module._buffers.items()}
    state["_modules"] = {
        name: None if part is None else _stand_in(plain_module(part), made) for name, part in module._modules.items()
    }
    for hooks in _HOOKS:
        state[hooks] = type(state[hooks])((key, hook) for key, hook in state[hooks].items() if _is_of_torch(hook))
    state["_compiled_call_impl"] = None
    vars(stand_in).update(state)
    return stand_in


def _rebound(value: Any, module: nn.Module, stand_in: nn.Module) -> Any:
    """Return an attribute for a stand-in: a method that was set on the module is one of the stand-in."""
    if isinstance(value, types.MethodType) and value.__self__ is module:
        return types.MethodType(value.__func__, stand_in)
    return value


def _is_of_torch(hook: Any) -> bool:
    origin = getattr(hook, "__module__", None) or type(hook).__module__
    return str(origin).startswith("torch.nn.utils")
