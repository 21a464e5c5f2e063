"""Predict with a model: with its own `predict` if it was loaded, and without a trace if somebody trains it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from fitprint.plugin import row_count, take_rows
from fitprint_keras import _packages, loader

_BATCH = 256


def predict(model: Any, data: Any) -> Any:
    """Return what a model predicts, as the package's generic `predict` does.

    Args:
        model: The model, or a SavedModel with the endpoint `serve`.
        data: A table, an array, a list of arrays, or a dict of arrays by the names of the inputs.
    """
    if not isinstance(model, keras.Model):
        return loader.predict(model, data, lambda rows: _as_arrays(model.serve(rows)))
    if _packages.is_loaded(model):
        return loader.predict(model, data, lambda rows: model.predict(rows, verbose=0))
    return loader.predict(model, data, lambda rows: _without_a_trace(model, rows))


def _without_a_trace(model: Any, data: Any) -> Any:
    """Return the predictions of a model that stays as it is: `predict` would leave a compiled function in it.

    Its variables stay too: those of a stateful layer, and the states of its random numbers.
    """
    count = row_count(data)
    starts = range(0, count, _BATCH) if count else range(1)
    parts = []
    with _no_gradients():
        for start in starts:
            rows = take_rows(data, slice(start, start + _BATCH)) if count and count > _BATCH else data
            parts.append(_as_arrays(_call(model, rows)))
    return parts[0] if len(parts) == 1 else keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def _call(model: Any, rows: Any) -> Any:
    training = {"training": False} if model._call_has_training_arg else {}
    rows = keras.tree.map_structure(_tensor, rows)
    outputs, _ = model.stateless_call(model.trainable_variables, model.non_trainable_variables, rows, **training)
    return outputs


def _tensor(array: Any) -> Any:
    return array if keras.ops.is_tensor(array) else keras.ops.convert_to_tensor(array)


def _no_gradients() -> AbstractContextManager[Any]:
    torch = sys.modules.get("torch") if keras.backend.backend() == "torch" else None
    return torch.no_grad() if torch is not None else nullcontext()


def _as_arrays(outputs: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)
