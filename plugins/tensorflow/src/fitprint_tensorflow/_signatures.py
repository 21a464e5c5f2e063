"""SavedModels that are called through one of their signatures: exported estimators, and models of Keras 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf


def load(path: Path, key: str, tags: Sequence[str] | None = None, names_one: bool = True) -> Any:
    """Return the function of a signature.

    Args:
        path: The folder of the SavedModel.
        key: The name of the signature.
        tags: The tags of its graph.
        names_one: Whether `predict` gives a single output with its name too.

    Raises:
        KeyError: The SavedModel has no such signature.
    """
    loaded = tf.saved_model.load(str(path), tags=tags)
    function = loaded.signatures[key]
    function.fitprint_keeps = loaded  # the function itself holds the variables only weakly
    function.fitprint_names_one = names_one
    return function


def is_one(model: Any) -> bool:
    """Return whether a model is a function that `load` has returned."""
    return hasattr(model, "fitprint_keeps")


def predict(function: Any, data: Any) -> Any:
    """Call the function of a signature, with tensors of the dtypes that it declares.

    Args:
        function: The function.
        data: A table with a column for each input; for one input any table, an array or a list; a dict of arrays.

    Returns:
        A dict of its outputs; for a table a table with a column for each of them, as MLflow returns it. A single output
        that has no name of the user's is an array, or a table for a table.
    """
    specs: Mapping[str, Any] = function.structured_input_signature[1]
    only = next(iter(specs)) if len(specs) == 1 else None
    is_table = hasattr(data, "iloc")
    if is_table and (only is None or only in data):
        given = {name: _column(data[name], spec) for name, spec in specs.items()}
    elif isinstance(data, Mapping):
        given = dict(data)
    else:
        given = {str(only): data.to_numpy() if is_table else data}
    tensors = {name: tf.cast(tf.convert_to_tensor(given[name]), spec.dtype) for name, spec in specs.items()}
    outputs = {name: tensor.numpy() for name, tensor in function(**tensors).items()}
    if len(outputs) > 1 or function.fitprint_names_one:
        return (
            type(data)({name: _cells(array) for name, array in outputs.items()}, index=data.index)
            if is_table
            else outputs
        )
    (output,) = outputs.values()
    return type(data)(output, index=data.index) if is_table and output.ndim <= 2 else output


def _column(values: Any, spec: Any) -> Any:
    array = tf.convert_to_tensor(values.to_list())
    return array[:, tf.newaxis] if spec.shape.rank == array.shape.rank + 1 else array


def _cells(array: Any) -> Any:
    """Return an output as the cells of a column: numbers where each row has one, else lists."""
    return array.reshape(len(array)) if array.size == len(array) else array.tolist()
