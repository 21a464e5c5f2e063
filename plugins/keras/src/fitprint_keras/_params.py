"""The params of a training: the arguments of `fit`, what the model was compiled with, and its callbacks' settings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from fitprint.plugin import Params, TrainingCall, default_values, unchanged

_OF_FIT = (
    *("epochs", "initial_epoch", "steps_per_epoch", "shuffle", "class_weight"),
    *("validation_split", "validation_steps", "validation_batch_size", "validation_freq"),
)
_OF_EARLY_STOPPING = ("monitor", "min_delta", "patience", "baseline", "restore_best_weights", "start_from_epoch")
_OF_COMPILE = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution")
_BATCH_SIZE = 32
"""What Keras takes for arrays where the user gives no size."""


def of_training(call: TrainingCall) -> Params:
    """Return the params that are known before a training.

    Args:
        call: The call of `fit` or of the first `train_on_batch`.
    """
    model = call.instance
    params: dict[str, Any] = {}
    defaults: Mapping[str, Any] = {}
    if call.name == "fit":
        params = {name: call.argument(name) for name in _OF_FIT}
        defaults = default_values(call.function)
        size = _batch_size(call)
        params |= {"batch_size": size} if size is not None else {}
    own = unchanged(params, defaults)
    params |= dict(_of_compile(model))
    for callback in early_stoppings(call)[:1]:
        params |= {name: getattr(callback, name, None) for name in _OF_EARLY_STOPPING}
    return Params(params, own)


def early_stoppings(call: TrainingCall) -> list[Any]:
    """Return the callbacks among those of the user that stop a training early."""
    return [callback for callback in callbacks_of(call) if isinstance(callback, keras.callbacks.EarlyStopping)]


def callbacks_of(call: TrainingCall) -> list[Any]:
    """Return the user's callbacks, which Keras accepts as one, as a list, nested, or in a container of its own."""
    callbacks = call.argument("callbacks") if call.name == "fit" else None
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return keras.tree.flatten(callbacks) if callbacks else []


def of_model(model: Any) -> dict[str, Any]:
    """Return the numbers of weights, which are known once the model is built."""
    return {"total_params": model.count_params(), "trainable_params": _count(model.trainable_weights)}


def learning_rate(optimizer: Any) -> float | None:
    """Return the learning rate at this moment, or None if the optimizer has none."""
    rate = getattr(optimizer, "learning_rate", None)
    return float(rate) if rate is not None else None


def _batch_size(call: TrainingCall) -> int | None:
    """Return the size of a batch, where it is known without reading data."""
    batch_size, data = call.argument("batch_size"), call.argument("x")
    if batch_size is not None:
        return int(batch_size)
    described = getattr(data, "element_spec", None)
    if described is not None:
        return _rows_of_batch(data, described)
    size = getattr(data, "batch_size", None)  # of a data loader of torch
    if size is not None:
        return size if isinstance(size, int) else None
    return _BATCH_SIZE if hasattr(data, "shape") or isinstance(data, (list, tuple, Mapping)) else None


def _rows_of_batch(dataset: Any, described: Any) -> int | None:
    first = keras.tree.flatten(described)[0].shape
    length = first[0] if len(first) else None
    if length is None:
        length = getattr(dataset, "_batch_size", None)
    return int(length) if length is not None else None


def _of_compile(model: Any) -> Iterator[tuple[str, Any]]:
    compiled = model.get_compile_config() or {}
    yield from _of_optimizer(compiled.get("optimizer"))
    for name in _OF_COMPILE:
        if compiled.get(name) is not None:
            yield name, _named(compiled[name])


def _of_optimizer(described: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(described, Mapping):
        yield "optimizer", described
        return
    yield "optimizer", described.get("class_name")
    for name, value in (described.get("config") or {}).items():
        if name == "name":
            continue
        if isinstance(value, Mapping) and "class_name" in value:  # a schedule, or an optimizer inside another one
            yield f"optimizer_{name}", value["class_name"]
            inner = value.get("config") or {}
            yield from ((f"optimizer_{name}.{key}", _named(part)) for key, part in inner.items() if key != "name")
        else:
            yield f"optimizer_{name}", _shortened(value)


def _shortened(value: Any) -> Any:
    """Return a number without the digits that come from single precision: 0.001 instead of 0.0010000000474974513."""
    return float(str(np.float32(value))) if isinstance(value, float) else value


def _named(described: Any) -> Any:
    """Return the description of losses and metrics as names: that of a class, of a function, or the text itself."""
    if isinstance(described, Mapping):
        if "class_name" not in described:
            return {str(name): _named(value) for name, value in described.items()}
        if described["class_name"] == "function":
            return described.get("config")
        return "lambda" if described["class_name"] == "__lambda__" else described["class_name"]
    return [_named(value) for value in described] if isinstance(described, (list, tuple)) else described


def _count(weights: Any) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
