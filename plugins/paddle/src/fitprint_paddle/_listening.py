"""Every metric of every epoch, through PaddlePaddle's own callbacks, and a few rows of the first batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from paddle.callbacks import Callback

from fitprint.plugin import CallbackRecording, Emit, Listener, TrainingCall
from fitprint_paddle._facts import early_stopping_of

ROWS = 5
"""So many rows of the first batch are copied: the signature is inferred from them."""


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None]:
    """Put a listener before the user's callbacks of a call of ``fit``.

    Args:
        call: The call, before it is made.
        emit: Records values of metrics.

    Returns:
        What is to be called when the training has ended.
    """
    callbacks = call.argument("callbacks") or []
    own = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    call.cache["stopping"] = early_stopping_of(own)
    call.replace_argument("callbacks", [_Listener(call, emit), *own])
    return _catch_first_batch(call)


def _catch_first_batch(call: TrainingCall) -> Callable[[], None]:
    """Copy a few rows of the first batch, and return what puts the user's network back into its former state."""
    network, cache = call.instance.network, call.cache
    if paddle.in_dynamic_mode():
        if type(network)._build_once is paddle.nn.Layer._build_once:  # else it means that this function was called
            cache["built"] = network._built
        hook = call.wrap(_FirstBatch(cache), "the rows of the first batch")
        cache["hook"] = network.register_forward_pre_hook(hook)
    return lambda: _put_back(network, cache)


class _FirstBatch:
    """Copies a few rows of the inputs that the network is first called with, and removes itself."""

    def __init__(self, cache: dict[str, Any]) -> None:
        self._cache = cache

    def __call__(self, network: Any, inputs: Sequence[Any]) -> None:
        self._cache.pop("hook").remove()
        self._cache["rows"] = [np.array(tensor[:ROWS].numpy()) for tensor in inputs]


def _put_back(network: Any, cache: dict[str, Any]) -> None:
    """Remove what is left of the hook of the first batch from the user's network."""
    if "hook" in cache:  # no batch was ever trained
        cache.pop("hook").remove()
    if "built" in cache:
        network._built = cache["built"]  # PaddlePaddle notes here that a layer was called under a hook


class _Listener(Listener, Callback):  # type: ignore[misc, unused-ignore]  # paddle has no types
    """Emits what PaddlePaddle tells its callbacks at the end of an epoch and of an evaluation."""

    def __init__(self, call: TrainingCall, emit: Emit) -> None:
        Listener.__init__(self, call, emit)
        self._progress = call.cache.setdefault("progress", {"epoch": 0})
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Emit the learning rate with which the epoch begins, where it changes; PaddlePaddle calls this."""
        self._progress["epoch"] = epoch
        optimizer: Any = self.model._optimizer if self.model is not None else None
        if isinstance(getattr(optimizer, "_learning_rate", None), paddle.optimizer.lr.LRScheduler):
            self.emit("learning_rate", float(optimizer.get_lr()), epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Emit the metrics of the training; PaddlePaddle calls this."""
        self._emit_all("", logs or {})

    def on_eval_end(self, logs: Any = None) -> None:
        """Emit the metrics of the evaluation; PaddlePaddle calls this."""
        self._emit_all("eval_", logs or {})

    def _emit_all(self, prefix: str, logs: Mapping[str, Any]) -> None:
        # the same dict serves every model of the process, and may have the metrics of another one
        names = self.params.get("metrics") or ()
        for name, value in numbers({name: logs[name] for name in names if name in logs}).items():
            self.emit(prefix + name, value, self._progress["epoch"])


class OwnCallback(Listener, Callback):  # type: ignore[misc, unused-ignore]
    """The callback that users add themselves: it begins a run, and then does what the listener does."""

    def __init__(self, recording: CallbackRecording) -> None:
        Listener.__init__(self, recording)
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self._recording = recording
        self._listener: _Listener | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin a run; PaddlePaddle calls this."""
        self._listener = None
        self._recording.begin(self._listen)

    def _listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None]:
        self._listener = _Listener(call, emit)
        self._listener.model, self._listener.params = self.model, self.params
        return _catch_first_batch(call)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Take note of the epoch; PaddlePaddle calls this."""
        if self._listener is not None:
            self._listener.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Emit the metrics of the training; PaddlePaddle calls this."""
        if self._listener is not None:
            self._listener.on_epoch_end(epoch, logs)

    def on_eval_end(self, logs: Any = None) -> None:
        """Emit the metrics of the evaluation; PaddlePaddle calls this."""
        if self._listener is not None:
            self._listener.on_eval_end(logs)


def note_checkpoint(call: TrainingCall) -> None:
    """Take note of a checkpoint that a callback has saved during a training.

    Args:
        call: A call of ``Model.save``, which has the cache of the training if it belongs to one.
    """
    if "progress" not in call.cache:
        return
    path = call.argument("path")
    stopping: Any = call.cache.get("stopping")
    about: dict[str, Any] = {}
    if stopping is not None and os.path.basename(path) == "best_model":
        about = {"score": stopping.best_value, "monitor": f"eval_{stopping.monitor}"}
    call.checkpoint(path, step=call.cache["progress"]["epoch"], **about)


def numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as numbers. Several losses are their sum, which is what is minimised, and each of them."""
    metrics: dict[str, float] = {}
    for name, value in logs.items():
        values = [float(one) for one in np.ravel(value)]
        metrics[name] = sum(values)
        if len(values) > 1:
            metrics.update({f"{name}_{position}": one for position, one in enumerate(values)})
    return metrics
