"""What is recorded of one loop: the losses of its steps and epochs, what validation gives, and learning rates."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import Any

from torch import nn
from torch.optim import Optimizer

from fitprint.plugin import Emit, TrainingCall
from fitprint_pytorch._discovery import parameters_of
from fitprint_pytorch._facts import of_optimizer
from fitprint_pytorch._loaders import Iteration, Loaders
from fitprint_pytorch._losses import PendingLosses, batch_size, is_plain_scalar, is_sum, target_of
from fitprint_pytorch._modules import class_name
from fitprint_pytorch._thread import Thread
from fitprint_pytorch._values import Epoch, StepLoss, WeightedMean, copied

STEP_LOSS, LOSS, VALIDATION, RATE = "loss_step", "loss", "val_loss", "lr"
_rate = methodcaller("get", "lr")
"""Returns the learning rate of a group of parameters, or None if it has none."""


class OptimizerState:
    """One optimizer of a loop: how its metrics are called, and what was last told of it."""

    def __init__(self, suffix: str, parameters: set[int]) -> None:
        self.suffix = suffix
        self.loss_name = STEP_LOSS + suffix
        self.parameters = parameters
        self.epoch: Epoch | None = None
        self.rates: list[float] = []


class Loop:
    """The state of a loop from its first step on.

    Args:
        thread: What is known of each thread. It is told of each step.
        losses: What was computed between the steps.
        loaders: The iterations over data loaders.
        schedulers: The schedulers of learning rates, by their optimizer.
    """

    def __init__(
        self, thread: Thread, losses: PendingLosses, loaders: Loaders, schedulers: Mapping[Optimizer, str]
    ) -> None:
        self._thread = thread
        self._losses = losses
        self._loaders = loaders
        self._schedulers = schedulers
        self.optimizers: dict[int, OptimizerState] = {}
        """The optimizers that have made a step, by their `id`."""
        self._iteration: Iteration | None = None
        self._epochs = 0
        self._validation: WeightedMean | None = None
        self._validation_loader: weakref.ref[Any] | None = None
        self._was_training = False
        self.first_optimizer: weakref.ref[Optimizer] | None = None
        self.first_module: Callable[[], nn.Module | None] = lambda: None
        """Returns the module that was trained first; None if there is none, or if it does not exist any more."""
        self.facts: dict[str, Any] = {}
        """Params that become known while it trains."""
        self.users_names: set[str] = set()
        """Metrics that the user records under the names of this module, which then leaves them to the user."""
        self.latest_step = 0
        """The number of the latest step."""

    # steps

    def step(
        self,
        trained: Any,
        emit: Emit,
        optimizer: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        number: int,
    ) -> None:
        """Record what belongs to a step that has been made: with few calls, because a loop pays for it each time.

        Args:
            trained: What the observer knows of what the optimizer trains.
            emit: Records values of metrics.
            optimizer: The optimizer.
            args: The arguments that were passed to the step by position.
            kwargs: The arguments that were passed to it by name.
            result: What it has returned: with a closure, its loss.
            number: The number of the step.
        """
        thread = self._thread.state
        thread.trained, thread.loop = trained, self
        state = self.optimizers.get(id(optimizer))
        if state is None:  # its first step, or one after those of another optimizer of the same parameters
            state = self._begin(optimizer, trained.modules())
        if self._validation is not None:
            self._emit_validation(emit)
        if thread.iterations or self._iteration is not None:
            iteration = self._loaders.current(self._iteration)
            if iteration is not self._iteration:
                self._end_epoch(emit)
                self._begin_epoch(iteration)
        self.latest_step = number
        module = self.first_module()
        self._was_training = module is None or module.training
        loss, thread.loss = thread.loss, None
        if (args or kwargs) and is_plain_scalar(result):  # of a closure, which may compute many losses
            loss, thread.count = copied(result), 1
        if loss is not None:
            if thread.function is not None or thread.count > 1:
                self._note_loss(thread.function, thread.count)
            if type(loss) is not float:
                loss = StepLoss(loss, state.epoch)
            elif state.epoch is not None:
                state.epoch.add(loss)
            emit(state.loss_name, loss, number)
        rates = list(map(_rate, optimizer.param_groups))
        if rates != state.rates:
            self._emit_rates(rates, state, emit, number)

    def _begin(self, optimizer: Optimizer, modules: tuple[nn.Module, ...]) -> OptimizerState:
        """Take note of an optimizer before its first step in this loop is recorded."""
        if optimizer in self._schedulers:
            self.facts.setdefault("scheduler", self._schedulers[optimizer])
        if not self.optimizers:
            self.first_optimizer = weakref.ref(optimizer)
            if modules:
                self.first_module = weakref.ref(modules[0])
        own = parameters_of(optimizer)
        before = next((key for key, state in self.optimizers.items() if state.parameters & own), None)
        if before is not None:  # a further phase of the training, whose optimizer takes the place of the one before
            state = self.optimizers.pop(before)
            state.parameters = own
        else:
            state = OptimizerState(self._free_suffix(optimizer, modules), own)
        if self.optimizers:
            self.facts.update(of_optimizer(optimizer, f"{state.suffix.lstrip('_')}."))
        self.optimizers[id(optimizer)] = state
        return state

    def _free_suffix(self, optimizer: Optimizer, modules: tuple[nn.Module, ...]) -> str:
        taken = {state.suffix for state in self.optimizers.values()}
        suffix = suffix_of(optimizer, modules) if taken or len(modules) > 1 else ""
        while suffix in taken:
            suffix += "_"
        return suffix

    def _note_loss(self, function: str | None, count: int) -> None:
        facts = self.facts
        if function is not None and "loss" not in facts:
            facts["loss"] = function
        if count > facts.get("accumulated_batches", 1):
            facts["accumulated_batches"] = count

    def _emit_rates(self, rates: list[Any], state: OptimizerState, emit: Emit, number: int) -> None:
        state.rates = rates
        for position, rate in enumerate(rates):
            if rate is not None:
                emit(f"{RATE}{state.suffix}{f'_group{position + 1}' if position else ''}", rate, number)

    # epochs

    def _begin_epoch(self, iteration: Iteration | None) -> None:
        self._iteration = iteration
        if iteration is not None:
            size = getattr(iteration.loader, "batch_size", None)
            if isinstance(size, int):
                self.facts.setdefault("batch_size", size)
            for state in self.optimizers.values():
                state.epoch = Epoch(self._epochs)

    def _end_epoch(self, emit: Emit) -> None:
        if self._iteration is None:
            return
        self._iteration = None
        for state in self.optimizers.values():
            if state.epoch is not None:
                self._emit_own(LOSS + state.suffix, state.epoch, self._epochs, emit)
                state.epoch = None
        self._epochs += 1

    def settle(self, emit: Emit) -> None:
        """Emit the mean of an epoch that has ended, and what a validation has given since."""
        if self._iteration is not None and self._iteration.is_over():
            self._end_epoch(emit)
        if self._validation is not None:
            self._emit_validation(emit)

    def _emit_own(self, name: str, value: Any, step: int, emit: Emit) -> None:
        if name not in self.users_names:
            emit(name, value, step)

    # validation

    def computed(self, call: TrainingCall, is_without_gradients: bool) -> None:
        """Take note of a loss that is not trained on, if it belongs to a validation.

        It is one of the function that computes the loss of the steps; and neither of the training data, nor of a batch
        that is being trained on.
        """
        if call.name != self.facts.get("loss") or not self._is_validation(call, is_without_gradients):
            return
        if self._validation is None:
            self._validation = WeightedMean()
        self._validation.add(copied(call.result), batch_size(call), is_sum(call))

    def is_evaluating(self) -> bool:
        """Return whether the module is in evaluation mode now, and was not at the last step."""
        module = self.first_module()
        return self._was_training and module is not None and not module.training

    def _is_validation(self, call: TrainingCall, is_without_gradients: bool) -> bool:
        is_evaluating = self.is_evaluating()
        if not (is_without_gradients or is_evaluating):
            return False
        current = self._loaders.current(self._iteration)
        if current is None:
            target = self._losses.target
            return target is None or target is not target_of(call)
        if self._iteration is not None and current.is_of_loader_of(self._iteration):
            return is_evaluating and not current.is_over() and current is self._iteration
        known = self._validation_loader() if self._validation_loader is not None else None
        if known is None and current.loader is not None:
            self._validation_loader = weakref.ref(current.loader)
        return known is None or known is current.loader

    def _emit_validation(self, emit: Emit) -> None:
        validation, self._validation = self._validation, None
        if self._iteration is not None and self._iteration.is_over():
            self._end_epoch(emit)
        if self._epochs and self._iteration is None:
            self._emit_own(VALIDATION, validation, self._epochs - 1, emit)
        else:
            self._emit_own(f"{VALIDATION}_step", validation, self.latest_step, emit)


def suffix_of(optimizer: Optimizer, modules: tuple[nn.Module, ...]) -> str:
    """Return what the names of an optimizer's metrics end with, where a loop has several: the class of its module."""
    own = parameters_of(optimizer)
    for module in modules:
        if own & {id(parameter) for parameter in module.parameters()}:
            return f"_{class_name(module)}"
    return f"_{type(optimizer).__name__}"
