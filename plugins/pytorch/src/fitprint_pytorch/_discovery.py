"""Which modules an optimizer trains: those that the user has called since the last step, and that have its parameters.

They are seen by hooks of all modules. These are registered only from the making of an optimizer to its first step,
because every call of every module pays for them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim import Optimizer

from fitprint.plugin import attempt, is_recording
from fitprint_pytorch import _frames, _samples
from fitprint_pytorch._modules import plain_module

_MOST_CALLS = 10_000
"""After how many calls without the first step of an optimizer the hooks are removed."""


def parameters_of(optimizer: Optimizer) -> set[int]:
    """Return the `id` of each parameter of an optimizer."""
    return {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}


class Called:
    """A module that the user has called, outside of the call of another one."""

    def __init__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._module = weakref.ref(module)
        self.sample = attempt(_samples.of_call, module, args, kwargs)[1] if module.training else None
        self.is_training = module.training

    @property
    def module(self) -> nn.Module | None:
        """The module without wrappers; None if it does not exist any more."""
        return plain_module(self._module())


class Discovery:
    """Sees which modules are called until the first step of each optimizer that is known."""

    def __init__(self) -> None:
        self._waiting: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._handles: list[Any] = []
        self._depths: dict[int, int] = {}
        self._called: dict[int, Called] = {}
        self._calls = 0
        self._has_compiled = False

    def made(self, optimizer: Optimizer) -> None:
        """Take note of an optimizer that has been made."""
        self._waiting.add(optimizer)
        self._calls = 0
        if not self._handles and not self._has_compiled:
            self._depths.clear()
            self._handles = [
                register_module_forward_pre_hook(self._entered),
                register_module_forward_hook(self._left, with_kwargs=True, always_call=True),
            ]

    def compiled(self) -> None:
        """Remove the hooks for good: what `torch.compile` makes of a module warns of them, and would contain them."""
        self._has_compiled = True
        self._remove_hooks()

    def stop(self) -> None:
        """Remove the hooks, and forget all optimizers."""
        self._waiting.clear()
        self._called.clear()
        self._remove_hooks()

    def others_waiting(self, optimizer: Optimizer) -> list[Optimizer]:
        """Return the other optimizers that have made no step yet."""
        return [other for other in self._waiting if other is not optimizer]

    def called(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take note of a call of a module that is not inside the call of another one."""
        self._calls += 1
        if self._calls > _MOST_CALLS:
            self.stop()
        elif torch.is_grad_enabled() and (id(module) not in self._called):
            self._called[id(module)] = Called(module, args, kwargs)

    def modules_of(self, optimizer: Optimizer, is_trained: Callable[[nn.Module], bool]) -> list[Called | nn.Module]:
        """Return the modules that the first step of an optimizer belongs to.

        Args:
            optimizer: The optimizer.
            is_trained: Whether a module is in a loop already: if it was called for this step, in the mode of training,
                the step belongs to that loop.

        Returns:
            The calls of modules that were seen, or a module that was found among the user's variables.
        """
        own = parameters_of(optimizer)
        others = set().union(*map(parameters_of, self._waiting - {optimizer}))
        calls = [(call, module) for call in self._called.values() if (module := call.module) is not None]
        outermost = [(call, module) for call, module in calls if not any(_is_part(module, other) for _, other in calls)]
        chosen: list[Called | nn.Module] = []
        owners: list[set[int]] = []
        for call, module in outermost:
            parameters = {id(parameter) for parameter in module.parameters()}
            joins = call.is_training and (bool(parameters & others) or is_trained(module))
            if parameters & own or joins:
                chosen.append(call)
            if parameters & own:
                owners.append(parameters)
        self._waiting.discard(optimizer)
        self._called.clear()
        if not self._waiting:
            self._remove_hooks()
        if len(owners) == 1 and own <= owners[0]:
            return chosen
        variable = _frames.module_with(own)
        return [variable] if variable is not None else chosen

    def forget_calls(self) -> None:
        """Forget the calls before a step of an optimizer that is known."""
        self._called.clear()

    def _entered(self, module: nn.Module, args: Any) -> None:
        thread = get_ident()
        self._depths[thread] = self._depths.get(thread, 0) + 1

    def _left(self, module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        thread = get_ident()
        depth = self._depths[thread] = max(0, self._depths.get(thread, 0) - 1)
        if depth == 0 and not is_recording():
            attempt(self.called, module, args, kwargs)

    def _remove_hooks(self) -> None:
        for handle in self._handles:
            handle.remove()
            # PyTorch forgets to remove the note that a hook takes keyword arguments, and counts it as a hook
            getattr(module_hooks, "_global_forward_hooks_with_kwargs", {}).pop(handle.id, None)
        self._handles.clear()


def _is_part(module: nn.Module, other: nn.Module) -> bool:
    return other is not module and any(part is module for part in other.modules())
