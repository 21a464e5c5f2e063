"""The inputs of a training as arrays, without reading what can be read only once, and rows like them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from fitprint.plugin import TrainingCall

ROWS = 2
"""How many rows a sample has that is made up: one alone would not show which axis is that of the rows."""


def arrays_of(model: Any, data: Any, names: str = "input_names") -> Any:
    """Return data that was given as arrays; several inputs or targets by their names.

    Args:
        model: The model.
        data: What was passed to `fit`, `evaluate` or `train_on_batch`.
        names: `input_names` or `output_names`.

    Returns:
        A table as it is, an array, or a dict of arrays. None for anything that would have to be read: a generator, a
        `tf.data.Dataset`, a data loader.
    """
    if isinstance(data, Mapping):
        arrays = {str(name): _array(part) for name, part in data.items()}
        return arrays if arrays and all(array is not None for array in arrays.values()) else None
    if not isinstance(data, (list, tuple)):
        return data if hasattr(data, "iloc") else _array(data)
    parts = [_array(part) for part in data]
    if not parts or any(part is None for part in parts):
        return None
    if len(parts) == 1:
        return parts[0]
    known = names_of(model, names, len(parts))
    return dict(zip(known, parts, strict=True)) if known is not None else None


def names_of(model: Any, names: str, count: int) -> list[str] | None:
    """Return the names of a model's inputs or outputs; None if it does not say so many."""
    its_names = getattr(model, names, None)
    if its_names is None and names == "input_names":
        its_names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]
    return list(its_names) if its_names and len(its_names) == count else None


def _array(value: Any) -> Any:
    """Return an array or a dense tensor of this machine's memory as an array; None for anything else."""
    if isinstance(value, np.ndarray):
        return value
    if not keras.ops.is_tensor(value) or not hasattr(value, "__array__"):
        return None
    if getattr(getattr(value, "device", None), "type", "cpu") != "cpu":  # a tensor of torch on a device
        return None
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def sample(call: TrainingCall) -> Any:
    """Return rows like the inputs of a training whose data was not given as arrays: zeros.

    Their shape is that of the model's inputs, and their dtype that of a `tf.data.Dataset`, which says it, or else that
    of the model's inputs.
    """
    model, data = call.instance, call.argument("x")
    described = getattr(data, "element_spec", None)
    if described is not None:
        inputs = described[0] if isinstance(described, tuple) else described
        return _like(inputs, model, lambda spec: _zeros(spec.shape, spec.dtype.as_numpy_dtype))
    inputs = getattr(model, "inputs", None)
    if inputs:
        structure = getattr(model, "_inputs_struct", None)
        chosen = structure if isinstance(structure, dict) else inputs
        return _like(chosen, model, lambda spec: _zeros(spec.shape, spec.dtype))
    return _of_built(model.get_build_config() or {})


def _like(described: Any, model: Any, make: Callable[[Any], Any]) -> Any:
    """Return the arrays that `make` makes of descriptions: one, or several by name."""
    if isinstance(described, Mapping):
        return {str(name): make(spec) for name, spec in described.items()}
    if not isinstance(described, (list, tuple)):
        return make(described)
    if len(described) == 1:
        return make(described[0])
    names = names_of(model, "input_names", len(described))
    return {name: make(spec) for name, spec in zip(names, described, strict=True)} if names else None


def _of_built(config: Mapping[str, Any]) -> Any:
    """Return rows for a model of a user's class, which says only the shapes that it was built with."""
    shape = config.get("input_shape")
    if isinstance(shape, (list, tuple)) and all(length is None or isinstance(length, int) for length in shape):
        return _zeros(shape, keras.config.floatx())
    return None


def _zeros(shape: Any, dtype: Any) -> Any:
    lengths = [1 if length is None else int(length) for length in tuple(shape)[1:]]
    name = dtype if isinstance(dtype, type) else str(dtype)
    if name in ("string", bytes, object, np.bytes_, np.object_):
        return np.array([""] * (ROWS * math.prod(lengths)), dtype=object).reshape(ROWS, *lengths)
    return np.zeros((ROWS, *lengths), dtype="float32" if name == "bfloat16" else name)
