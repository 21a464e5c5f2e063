"""What Keras says while it trains and evaluates: the metrics of each epoch, and where early stopping ended."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import keras

from fitprint.plugin import CallbackRecording, Emit, Listener, TrainingCall
from fitprint_keras import _params
from fitprint_keras._checkpoints import CheckpointNotes


class EpochListener(Listener, keras.callbacks.Callback):  # type: ignore[misc]
    """Emits what Keras logs of an epoch, under Keras's own names, the learning rate, and checkpoints.

    Args:
        call: The call of `fit`.
        emit: Records values of metrics.
    """

    def __init__(self, call: TrainingCall, emit: Emit) -> None:
        super().__init__(call, emit)
        self._notes = CheckpointNotes(_params.callbacks_of(call), call.cache.setdefault("checkpoints", []))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Emit the metrics of an epoch; Keras calls this, after the user's own callbacks."""
        metrics = logs or {}
        for name, value in metrics.items():
            if _is_number(value):
                self.emit(name, float(value), epoch)
        if "learning_rate" not in metrics:
            rate = _params.learning_rate(getattr(self.model, "optimizer", None))
            if rate is not None:
                self.emit("learning_rate", rate, epoch)
        self._notes.after_epoch(epoch, metrics, self.emit)


class Callback(Listener, keras.callbacks.Callback):  # type: ignore[misc]
    """The callback that users add themselves: it begins a run, and then does what the listener does.

    Args:
        recording: Begins and ends the runs.
    """

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording
        self._listener: EpochListener | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begin a run; Keras calls this."""
        self._listener = None
        self._recording.begin(self._listen, self.model)

    def _listen(self, call: TrainingCall, emit: Emit) -> None:
        self._listener = EpochListener(call, emit)
        self._listener.set_model(self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Emit the metrics of an epoch; Keras calls this."""
        if self._listener is not None:
            self._listener.on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Take note of the end; Keras calls this."""
        self._listener = None
        self._recording.end()


def listen(call: TrainingCall, emit: Emit) -> None:
    """Add the listener behind the user's callbacks, whose own list stays as it is.

    Args:
        call: The call of `fit`.
        emit: Records values of metrics.
    """
    callbacks, listener = call.argument("callbacks"), EpochListener(call, emit)
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        call.replace_argument("callbacks", [*_params.callbacks_of(call), listener])
        return
    own = copy.copy(callbacks)  # a container that the user has made, with the model and params in it
    own.callbacks = [*callbacks.callbacks, listener]
    listener.set_model(call.instance)
    call.replace_argument("callbacks", own)


def of_early_stopping(call: TrainingCall) -> dict[str, float]:
    """Return where early stopping has ended a training, its best epoch, and the one whose weights were restored."""
    metrics: dict[str, float] = {}
    for callback in _params.early_stoppings(call)[:1]:
        if callback.stopped_epoch > 0:
            metrics["stopped_epoch"] = callback.stopped_epoch
        if callback.best is None:  # not a single epoch was compared
            continue
        metrics["best_epoch"] = callback.best_epoch
        if callback.restore_best_weights and callback.best_weights is not None:
            metrics["restored_epoch"] = callback.best_epoch
    return metrics


def named_results(model: Any, result: Any) -> dict[str, float]:
    """Return what `evaluate` or `train_on_batch` has returned, by Keras's names of the losses and metrics.

    Args:
        model: The model.
        result: A number, a list in the order of Keras, or a dict.
    """
    if isinstance(result, Mapping):
        return {str(name): float(value) for name, value in result.items() if _is_number(value)}
    values = list(result) if isinstance(result, (list, tuple)) else [result]
    names = _result_names(model)
    if len(names) != len(values):
        return {}
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _result_names(model: Any) -> list[str]:
    """Return the names of the values in the order in which Keras returns them."""
    known = model.get_metrics_result()
    ordered = [part.name for metric in model.metrics for part in getattr(metric, "metrics", None) or (metric,)]
    return [name for name in ordered if name in known] + sorted(name for name in known if name not in ordered)


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not getattr(value, "shape", ())
