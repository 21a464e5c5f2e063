"""What the flavor knows between two calls: the optimizers and their loops, losses, loaders and modules."""

from __future__ import annotations

import functools
import weakref
from typing import Any

from torch import is_grad_enabled, nn
from torch.optim import Optimizer

from fitprint.plugin import Emit, StepRecorder, TrainingCall
from fitprint_pytorch import _frames
from fitprint_pytorch._discovery import Called, Discovery
from fitprint_pytorch._facts import steps_before
from fitprint_pytorch._loaders import Loaders
from fitprint_pytorch._loop import Loop
from fitprint_pytorch._losses import PendingLosses, is_plain_scalar, target_of
from fitprint_pytorch._states import holds, holds_itself
from fitprint_pytorch._thread import Thread

_MAKES_STATE = "torch.distributed.checkpoint.state_dict"
"""The module of PyTorch that makes a step without gradients, so that an optimizer has a state to load another into."""


class Trained:
    """What an optimizer trains: modules, or itself where it trains tensors that belong to no module."""

    def __init__(self, optimizer: Optimizer, modules: list[nn.Module], samples: list[Any]) -> None:
        self.optimizer = weakref.ref(optimizer)
        self._modules = tuple(weakref.ref(module) for module in modules)
        self.samples = samples
        self.steps_before = steps_before(optimizer)
        """How many steps had been made before, according to the state that was loaded into the optimizer."""

    def objects(self) -> Any:
        """Return the module, a tuple of several, or the optimizer; None if a module does not exist any more."""
        if len(self._modules) == 1:
            return self._modules[0]()
        if not self._modules:
            return self.optimizer()
        modules = tuple(reference() for reference in self._modules)
        return None if None in modules else modules

    def modules(self) -> tuple[nn.Module, ...]:
        """Return the modules among these objects."""
        return modules_of(self.objects())


class Observer:
    """Takes note of what the user's program does between the steps of its loops."""

    def __init__(self) -> None:
        self.thread = Thread()
        self.losses = PendingLosses(self.thread)
        self.loaders = Loaders(self.thread)
        self.discovery = Discovery()
        self._trained: dict[int, Trained] = {}
        self._modules: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        """All modules that were trained, because they are often saved when their optimizer does not exist any more."""
        self._schedulers: weakref.WeakKeyDictionary[Optimizer, str] = weakref.WeakKeyDictionary()
        self.loaded_from: Any = None
        """The file that `torch.load` has read last."""

    # what is trained

    def trained_by(self, optimizer: Optimizer) -> Trained | None:
        """Return what an optimizer trains: found at its first step, and then known; None for a step that is none."""
        trained = self._trained.get(id(optimizer))
        if trained is None or trained.optimizer() is not optimizer or trained.objects() is None:
            if _frames.is_called_by(_MAKES_STATE):
                return None
            trained = self._find(optimizer)
        self._set_latest(trained)
        return trained

    def objects_of_step(self, optimizer: Optimizer) -> Any:
        """Return the objects of what an optimizer trains: at every step, and so with few calls where it is known."""
        trained = self._trained.get(id(optimizer))
        if trained is not None and trained.optimizer() is optimizer:
            objects = trained.objects()
            if objects is not None:
                self._set_latest(trained)
                return objects
        trained = self.trained_by(optimizer)
        return trained.objects() if trained is not None else None

    def _set_latest(self, trained: Trained) -> None:
        thread = self.thread.state
        if thread.trained is not trained:
            thread.trained, thread.loop = trained, None

    def _find(self, optimizer: Optimizer) -> Trained:
        discovered = self.discovery.modules_of(optimizer, self._is_trained)
        calls = [call for call in discovered if isinstance(call, Called)]
        modules = [call.module if isinstance(call, Called) else call for call in discovered]
        key = id(optimizer)
        trained = Trained(optimizer, [module for module in modules if module is not None], [c.sample for c in calls])
        trained.optimizer = weakref.ref(optimizer, lambda _: self._trained.pop(key, None))
        self._trained[key] = trained
        self._modules.update(trained.modules())
        return trained

    def _is_trained(self, module: nn.Module) -> bool:
        return any(module in trained.modules() for trained in list(self._trained.values()))

    def samples_of(self, optimizer: Optimizer) -> list[Any]:
        """Return what is known of the inputs of the modules that an optimizer trains."""
        samples, self._trained[id(optimizer)].samples = self._trained[id(optimizer)].samples, []
        return samples

    def begin_loop(self) -> Loop:
        """Return the state of a loop that begins."""
        return Loop(self.thread, self.losses, self.loaders, self._schedulers)

    def step_recorder(self, optimizer: Optimizer, loop: Loop, emit: Emit) -> StepRecorder:
        """Return what records the steps of an optimizer in a loop."""
        trained = self._trained[id(optimizer)]
        return functools.partial(loop.step, trained, emit)

    def scheduled(self, scheduler: Any) -> None:
        """Take note of a scheduler of learning rates that has been made."""
        self._schedulers[scheduler.optimizer] = type(scheduler).__name__

    def latest_objects(self) -> Any:
        """Return what the loop trains that has made the latest step; None if there is none."""
        trained = self.thread.state.trained
        return trained.objects() if trained is not None else None

    def saved_objects(self, value: Any) -> list[Any]:
        """Return the modules of loops that something which the user saves is, or has the weights of.

        Copies of weights fit every module of the same architecture: they are those of what this thread trained last.
        """
        fitting = [module for module in list(self._modules) if holds(value, module)]
        own = [module for module in fitting if holds_itself(value, module)]
        latest = self.latest_objects()
        if own or latest is None:
            return own or fitting
        return [module for module in fitting if module in modules_of(latest)]

    # losses

    def computed(self, call: TrainingCall) -> None:
        """Take note of a loss that one of PyTorch's functions has returned."""
        loss = call.result
        if not is_plain_scalar(loss):
            return
        loop = self.thread.state.loop
        if loss.requires_grad and (loop is None or not loop.is_evaluating()):
            self.losses.computed(loss, call.name, target_of(call))
            return
        if loop is not None:
            loop.computed(call, not is_grad_enabled())


def modules_of(objects: Any) -> tuple[nn.Module, ...]:
    """Return the modules among what a loop trains."""
    parts = objects if isinstance(objects, tuple) else (objects,)
    return tuple(part for part in parts if isinstance(part, nn.Module))
