"""Every metric of every epoch, through the callbacks of MXNet, and a few rows of the first batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from mxnet.gluon.contrib.estimator.event_handler import (
    BatchBegin,
    EpochEnd,
    EventHandler,
    TrainBegin,
    ValidationHandler,
)
from mxnet.ndarray import NDArray

from fitprint.plugin import CallbackRecording, Emit, Listener, TrainingCall

ROWS = 5
"""So many rows of the first batch are copied: the signature is inferred from them."""


def listen_to_estimator(call: TrainingCall, emit: Emit) -> None:
    """Add a listener to the event handlers of ``Estimator.fit``. What MXNet is going to refuse is left alone.

    Args:
        call: The call, before it is made.
        emit: Records values of metrics.
    """
    passed = call.argument("event_handlers")
    own = [passed] if isinstance(passed, EventHandler) else passed or []
    if not isinstance(own, list) or not all(isinstance(handler, EventHandler) for handler in own):
        return
    listener = _Listener(call, emit)
    handlers = [*own, listener]
    listener.handlers = handlers
    listener.own = passed if isinstance(passed, list) else None
    call.replace_argument("event_handlers", handlers)


class _Listener(Listener, TrainBegin, BatchBegin, EpochEnd):  # type: ignore[misc, unused-ignore]  # mxnet has no types
    """Emits what the estimator has measured at the end of an epoch."""

    priority = np.inf  # after MXNet's own handlers, which measure

    def __init__(self, call: TrainingCall, emit: Emit) -> None:
        Listener.__init__(self, call, emit)
        self.handlers: list[Any] = []
        self.own: list[Any] | None = None
        self._cache = call.cache
        self._cache["epoch"] = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Make the user's list what MXNet makes of it, which adds its own handlers and sorts it; MXNet calls this."""
        if self.own is not None:
            self.own[:] = [handler for handler in self.handlers if handler is not self]

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Copy a few rows of the first batch; MXNet calls this."""
        if "rows" not in self._cache:
            self._cache["rows"] = first_rows(kwargs["batch"][0])

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Emit the metrics of the training, and those of the validation if there was one; MXNet calls this."""
        measured = list(estimator.train_metrics)
        if any(_has_validated(handler) for handler in self.handlers if isinstance(handler, ValidationHandler)):
            measured += estimator.val_metrics
        for name, value in values_of(measured):
            self.emit(name, value, self._cache["epoch"])
        if estimator.trainer.optimizer.lr_scheduler is not None:
            self.emit("learning_rate", float(estimator.trainer.learning_rate), self._cache["epoch"])
        self._cache["epoch"] += 1
        return False


class OwnHandler(Listener, TrainBegin, BatchBegin, EpochEnd):  # type: ignore[misc, unused-ignore]
    """The event handler that users add themselves: it begins a run, and then does what the listener does."""

    priority = np.inf

    def __init__(self, recording: CallbackRecording) -> None:
        Listener.__init__(self, recording)
        self._recording = recording
        self._listener: _Listener | None = None

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Begin a run; MXNet calls this."""
        self._listener = None
        self._recording.begin(self._listen)

    def _listen(self, call: TrainingCall, emit: Emit) -> None:
        self._listener = _Listener(call, emit)
        self._listener.handlers = list(call.argument("event_handlers") or ())

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Copy a few rows of the first batch; MXNet calls this."""
        if self._listener is not None:
            self._listener.batch_begin(estimator, *args, **kwargs)

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Emit the metrics of the epoch; MXNet calls this."""
        return self._listener is not None and self._listener.epoch_end(estimator, *args, **kwargs)


def note_checkpoint(call: TrainingCall) -> None:
    """Take note of a checkpoint that the user's own code saves during a training.

    Args:
        call: A call of ``save_parameters`` of a network or of ``mx.model.save_checkpoint``, which has the cache of the
            training if it belongs to one.
    """
    step = call.cache.get("epoch", call.cache.get("step"))
    if step is None:
        return
    if call.name == "save_checkpoint":
        path = f"{call.argument('prefix')}-{call.argument('epoch'):04d}.params"
    else:
        path = call.argument("filename")
    call.checkpoint(path, step=step)


def _has_validated(handler: ValidationHandler) -> bool:
    """Return whether a handler has validated at the end of the epoch that has just ended."""
    return bool(handler.epoch_period) and handler.current_epoch % handler.epoch_period == 0


def listen_to_module(call: TrainingCall, emit: Emit) -> None:
    """Add functions to the callbacks of ``fit`` of a module.

    Args:
        call: The call, before it is made.
        emit: Records values of metrics.
    """
    cache = call.cache

    def after_batch(state: Any) -> None:
        cache["epoch"] = state.epoch
        if "rows" not in cache:
            cache["rows"] = first_rows(state.locals["data_batch"].data)
        if state.locals["end_of_batch"]:
            for name, value in state.locals["eval_name_vals"]:
                emit(f"training_{name}", float(value), state.epoch)

    def after_evaluation(state: Any) -> None:
        for name, value in state.eval_metric.get_global_name_value():
            emit(f"validation_{name}", float(value), state.epoch)

    for argument, function in (("batch_end_callback", after_batch), ("eval_end_callback", after_evaluation)):
        passed = call.argument(argument)
        own = passed if isinstance(passed, (list, tuple)) else [passed]
        call.replace_argument(argument, [call.wrap(function), *(one for one in own if one is not None)])


def values_of(metrics: Iterable[Any]) -> list[tuple[str, float]]:
    """Return the names and values of metrics of an estimator, with underscores for the spaces in the names."""
    numbers = []
    for metric in metrics:
        names, values = metric.get()
        pairs = zip(names, values, strict=True) if isinstance(names, list) else [(names, values)]
        numbers += [(str(name).replace(" ", "_"), float(value)) for name, value in pairs]
    return numbers


def first_rows(data: Any) -> list[Any] | None:
    """Copy the first rows of the inputs of a batch; None if they are not arrays of MXNet."""
    inputs = data if isinstance(data, (list, tuple)) else [data]
    if not all(isinstance(array, NDArray) for array in inputs):
        return None
    return [array[:ROWS].asnumpy() for array in inputs]
