"""Every metric of every epoch, through PaddlePaddle's own callbacks, and a few rows of the first batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from paddle.callbacks import Callback

from fitprint.plugin import Emit, Listener, TrainingCall

ROWS = 5
"""So many rows of the first batch are copied: the signature is inferred from them."""


def listen(call: TrainingCall, emit: Emit) -> None:
    """Put a listener before the user's callbacks of a call of ``fit``.

    Args:
        call: The call, before it is made.
        emit: Records values of metrics.
    """
    given = call.argument("callbacks") or []
    own = list(given) if isinstance(given, (list, tuple)) else [given]
    call.replace_argument("callbacks", [_Listener(call, emit), *own])
    call.cache["rows"] = None
    hook = call.wrap(_FirstBatch(call.cache), "the rows of the first batch")
    call.cache["hook"] = call.instance.network.register_forward_pre_hook(hook) if paddle.in_dynamic_mode() else None


class _FirstBatch:
    """Copies a few rows of the inputs that the network is first called with, and removes itself."""

    def __init__(self, cache: dict[str, Any]) -> None:
        self._cache = cache

    def __call__(self, network: Any, inputs: Sequence[Any]) -> None:
        remove_hook(self._cache)
        self._cache["rows"] = [np.array(tensor[:ROWS].numpy()) for tensor in inputs]


def remove_hook(cache: dict[str, Any]) -> None:
    """Remove the hook of the first batch from the user's network, if it is still there."""
    hook = cache.pop("hook", None)
    if hook is not None:
        hook.remove()


class _Listener(Listener, Callback):  # type: ignore[misc, unused-ignore]  # paddle has no types
    """Emits what PaddlePaddle tells its callbacks at the end of an epoch and of an evaluation."""

    def __init__(self, call: TrainingCall, emit: Emit) -> None:
        Listener.__init__(self, call, emit)
        self._epoch = 0
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Emit the metrics of the training, and the learning rate where it changes; PaddlePaddle calls this."""
        self._epoch = epoch
        self._emit_all("", logs or {})
        optimizer = self.model._optimizer if self.model is not None else None
        if isinstance(getattr(optimizer, "_learning_rate", None), paddle.optimizer.lr.LRScheduler):
            self.emit("learning_rate", float(optimizer.get_lr()), epoch)

    def on_eval_end(self, logs: Any = None) -> None:
        """Emit the metrics of the evaluation; PaddlePaddle calls this."""
        self._emit_all("eval_", logs or {})

    def _emit_all(self, prefix: str, logs: Mapping[str, Any]) -> None:
        # the same dict serves every model of the process, and may have the metrics of another one
        names = self.params.get("metrics") or ()
        for name, value in numbers({name: logs[name] for name in names if name in logs}).items():
            self.emit(prefix + name, value, self._epoch)


def numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as numbers. Several losses are their sum, which is what is minimised, and each of them."""
    found: dict[str, float] = {}
    for name, value in logs.items():
        values = [float(one) for one in np.ravel(value)]
        found[name] = sum(values)
        if len(values) > 1:
            found.update({f"{name}_{position}": one for position, one in enumerate(values)})
    return found
