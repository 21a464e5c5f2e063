"""Which modules an optimizer trains: those that the user has called since the last step, and that have its parameters.

They are seen by hooks of all modules. These are registered only from the making of an optimizer to its first step,
because every call of every module pays for them.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

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


class _Calls(threading.local):
    """The calls of modules in a thread since its last step."""

    def __init__(self) -> None:
        self.depth = self.count = 0
        self.modules: dict[int, Called] = {}


class Discovery:
    """Sees which modules are called until the first step of each optimizer that is known."""

    def __init__(self) -> None:
        self._waiting: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._handles: list[Any] = []
        self._lock = threading.Lock()
        """Held while the hooks are registered or removed, which threads that train at the same time share."""
        self._calls = _Calls()
        self._next_hook = 0
        self._has_compiled = False

    def made(self, optimizer: Optimizer) -> None:
        """Take note of an optimizer that has been made."""
        self._calls.count = 0
        with self._lock:
            self._waiting.add(optimizer)
            if not self._handles and not self._has_compiled:
                self._next_hook = RemovableHandle.next_id
                self._handles = [
                    register_module_forward_pre_hook(self._entered),
                    register_module_forward_hook(self._left, with_kwargs=True, always_call=True),
                ]

    def compiled(self) -> None:
        """Remove the hooks for good: what `torch.compile` makes of a module warns of them, and would contain them."""
        self._has_compiled = True
        with self._lock:
            self._remove_hooks()

    def stop(self) -> None:
        """Remove the hooks, and forget all optimizers."""
        self._calls.modules.clear()
        with self._lock:
            self._waiting.clear()
            self._remove_hooks()

    def others_waiting(self, optimizer: Optimizer) -> list[Optimizer]:
        """Return the other optimizers that have made no step yet."""
        return [other for other in self._waiting if other is not optimizer]

    def called(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take note of a call of a module that is not inside the call of another one."""
        calls = self._calls
        calls.count += 1
        if calls.count > _MOST_CALLS:
            self.stop()
        elif torch.is_grad_enabled() and id(module) not in calls.modules:
            calls.modules[id(module)] = Called(module, args, kwargs)

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
        calls = [(call, module) for call in self._calls.modules.values() if (module := call.module) is not None]
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
        self._calls.modules.clear()
        with self._lock:
            self._waiting.discard(optimizer)
            if not self._waiting:
                self._remove_hooks()
        if len(owners) == 1 and own <= owners[0]:
            return chosen
        variable = _frames.module_with(own)
        return [variable] if variable is not None else chosen

    def _entered(self, module: nn.Module, args: Any) -> None:
        self._calls.depth += 1

    def _left(self, module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        calls = self._calls
        calls.depth = max(0, calls.depth - 1)
        if calls.depth == 0 and not is_recording():
            attempt(self.called, module, args, kwargs)

    def _remove_hooks(self) -> None:
        for handle in self._handles:
            handle.remove()
            # PyTorch forgets to remove the note that a hook takes keyword arguments, and counts it as a hook
            getattr(module_hooks, "_global_forward_hooks_with_kwargs", {}).pop(handle.id, None)
        if self._handles and RemovableHandle.next_id == self._next_hook + len(self._handles):
            RemovableHandle.next_id = self._next_hook  # as it was: nobody else has registered a hook meanwhile
        self._handles.clear()


def _is_part(module: nn.Module, other: nn.Module) -> bool:
    return other is not module and any(part is module for part in other.modules())
