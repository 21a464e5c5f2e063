"""What the listener among a trainer's callbacks does: it emits the metrics that the module logs, and keeps a few rows.

Only values that Lightning has computed already are read. `Trainer.callback_metrics` computes what it is asked for,
which may wait for the other processes of a distributed training: it must not be asked by one of them alone.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from fitprint.plugin import Emit, Listener, TrainingCall
from fitprint_lightning._checkpoints import note_kept
from fitprint_lightning._inputs import first_rows

NAMES = ("lightning.pytorch", "pytorch_lightning")
"""The two packages in which Lightning is published. They have the same modules."""


class WithoutIdleHooks:
    """A callback without the hooks of single batches in which it has nothing to do.

    Lightning surrounds each hook of each callback with its profiler, also those that the base class leaves empty, which
    takes a few microseconds for each of them at every step. It passes over what cannot be called.
    """

    on_before_zero_grad = on_before_backward = on_after_backward = on_before_optimizer_step = None
    on_train_batch_end = on_validation_batch_start = on_validation_batch_end = None


class MetricsListener(WithoutIdleHooks, Listener):
    """Emits metrics of steps and epochs. Beside it stands the `Callback` of the package that the trainer is from.

    Metrics of steps have the number of optimizer steps before them as their step, and metrics of epochs the epoch. A
    new value is known by its memory: Lightning makes a new tensor for it, and the one before is kept until then.
    """

    def __init__(self, call: TrainingCall, emit: Emit, rank: int) -> None:
        super().__init__(call, emit)
        self.rows: Any = None
        """A few rows of the first batch, copied to the CPU."""
        self._rank, self._process = rank, os.getpid()
        self._is_of_rank = True
        """False for a copy of the listener in a spawned process whose rank is not the recorded one."""
        self._checkpoints: set[str] = set()
        self._epoch: int | None = None
        self._steps = 0
        self._values: dict[str, Any] = {}
        self._emitted_at: dict[str, int] = {}
        self._best: Any = None
        self._best_epoch: int | None = None

    def on_train_start(self, trainer: Any, module: Any) -> None:
        """Take note of what a resumed training begins with."""
        self._is_of_rank = trainer.global_rank == self._rank
        self._steps, self._best = trainer.global_step, _best_score(trainer)

    def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
        """Emit the metrics of the epoch before: they are complete when all hooks of its end have been called."""
        self._emit_epoch(trainer)
        self._epoch = trainer.current_epoch

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_index: int) -> None:
        """Emit the metrics of the step before; at an epoch's first batch, the learning rates if they are monitored."""
        if self.rows is None:
            self.rows = first_rows(batch)
        if batch_index > 0:
            self._emit_steps(trainer)
        else:
            self._emit_new(trainer, trainer.global_step)

    def on_validation_start(self, trainer: Any, module: Any) -> None:
        """Emit the metrics of the last step before the validation."""
        self._emit_before_pause(trainer)

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Emit the metrics of the validation; if there are several in an epoch, each with its optimizer step."""
        if not trainer.sanity_checking:
            self._emit_new(trainer, trainer.current_epoch if _validates_once(trainer) else trainer.global_step - 1)

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Emit the metrics of the last step of the epoch."""
        self._emit_before_pause(trainer)

    def on_train_end(self, trainer: Any, module: Any) -> None:
        """Emit the metrics of the last epoch, and what is known of the best one."""
        self._emit_epoch(trainer)
        if self._is_of_rank:
            for name, value in self._best_of(trainer).items():
                self.emit(name, value, 0)

    def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
        """Emit the metrics of the last step."""
        self._emit_before_pause(trainer)

    def _emit_epoch(self, trainer: Any) -> None:
        if self._epoch is None:
            return
        self._emit_new(trainer, self._epoch)
        self.emit.read_all()
        if self._is_of_rank and os.getpid() != self._process:
            note_kept(self.emit, trainer, self._checkpoints)
        best = _best_score(trainer)
        if best is not self._best:
            self._best, self._best_epoch = best, self._epoch
        self._epoch = None

    def _emit_before_pause(self, trainer: Any) -> None:
        """Emit what the last step has logged, and have all values read: it may take long until there are others."""
        self._emit_steps(trainer)
        self.emit.read_all()

    def _emit_steps(self, trainer: Any) -> None:
        """Emit what a step has logged. While gradients are accumulated, the last batch before the step counts."""
        if self._epoch is None:
            return
        taken = trainer.global_step  # Lightning adds it up from several counters, each time
        if taken > self._steps:
            self._steps = taken
            self._emit_new(trainer, taken - 1, of_step=True)

    def _emit_new(self, trainer: Any, step: int, of_step: bool = False) -> None:
        """Emit the values that are new since the last time.

        Args:
            trainer: The trainer.
            step: Their step.
            of_step: Whether they are values of a step. A metric of both steps and epochs has two names then.
        """
        if not self._is_of_rank:
            return
        metrics, values = computed_metrics(trainer), self._values
        for name, value in metrics.items():
            before = values.get(name)
            if before is value:
                continue
            values[name] = value
            if before is not None and before.data_ptr() == value.data_ptr():
                continue
            if of_step and f"{name}_step" in metrics:
                continue
            if self._emitted_at.get(name) != step:
                self._emitted_at[name] = step
                self.emit(name, value.item() if value.is_cpu else value, step)

    def _best_of(self, trainer: Any) -> dict[str, float]:
        """Return where early stopping has ended the training, and the best epoch with its score."""
        known: dict[str, float] = {}
        stopping = getattr(trainer, "early_stopping_callback", None)
        if stopping is not None and (stopping.stopped_epoch or trainer.should_stop):
            known["stopped_epoch"] = stopping.stopped_epoch
        if self._best_epoch is not None:
            known["best_epoch"] = self._best_epoch
        if self._best is not None:
            known["best_score"] = float(self._best)
        return known


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None]:
    """Put a listener first among the callbacks of the trainer.

    Args:
        call: The call of `Trainer.fit`.
        emit: Records values of metrics.

    Returns:
        What removes it from there.
    """
    trainer = call.instance
    listener = _listener_class(str(package_of(type(trainer))))(call, emit, trainer.global_rank)
    call.cache["listener"] = listener
    own = trainer.callbacks
    own.insert(0, listener)
    return functools.partial(_remove, trainer, own, listener)


def _remove(trainer: Any, own: list[Any], listener: Any) -> None:
    """Remove a listener from a trainer's list of callbacks, and from the list that has perhaps taken its place."""
    for callbacks in (own, trainer.callbacks):
        callbacks[:] = [callback for callback in callbacks if callback is not listener]


@functools.cache
def _listener_class(package: str) -> type[MetricsListener]:
    """Return the listener whose base is the `Callback` of a package of Lightning."""
    listener: type[MetricsListener] = importlib.import_module(
        f"fitprint_lightning._listener_of_{package.replace('.', '_')}"
    ).FitprintListener
    return listener


def package_of(cls: type) -> str | None:
    """Return the package of Lightning that a class of trainers or modules is from; None if it is from neither."""
    modules = [base.__module__ for base in cls.__mro__]
    return next((name for module in modules for name in NAMES if module.startswith(f"{name}.")), None)


def computed_metrics(trainer: Any) -> Mapping[str, Any]:
    """Return the metrics that are computed already, without those of the batch or epoch that is going on."""
    metrics: Mapping[str, Any] = trainer._logger_connector._callback_metrics
    return metrics


def _validates_once(trainer: Any) -> bool:
    """Return whether there is at most one validation in an epoch, at its end."""
    if trainer.check_val_every_n_epoch is None:
        return False
    return bool(trainer.val_check_batch >= trainer.num_training_batches)


def _best_score(trainer: Any) -> Any:
    """Return the best value of the metric that early stopping or a checkpoint callback monitors; None without one.

    It is another object after each epoch that was better.
    """
    stopping = getattr(trainer, "early_stopping_callback", None)
    if stopping is not None:
        return stopping.best_score
    scores = (getattr(callback, "best_model_score", None) for callback in trainer.checkpoint_callbacks)
    return next((score for score in scores if score is not None), None)


def read_values(values: Sequence[Any]) -> list[float]:
    """Read the numbers of tensors that are on a device, in one go for each device and dtype.

    Args:
        values: The tensors.
    """
    groups: dict[Any, list[int]] = {}
    for position, value in enumerate(values):
        groups.setdefault((value.device, value.dtype), []).append(position)
    read = [0.0] * len(values)
    for positions in groups.values():
        numbers = torch.stack([values[position].reshape(()) for position in positions]).tolist()
        for position, number in zip(positions, numbers, strict=True):
            read[position] = float(number)
    return read
