"""The signature of a model whose inputs have other open axes than that of the rows, such as the length of a sequence.

Data cannot show them: an array has one length. The model declares them, and the data the dtypes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fitprint.plugin import DeclaredSignature, ModelSignature, Schema, TensorSpec
from fitprint_keras import _inputs, loader

_dtypes: weakref.WeakKeyDictionary[Any, dict[str | None, Any]] = weakref.WeakKeyDictionary()
"""The dtypes of the data that a model was trained on, by the names of its inputs."""


def remember_dtypes(model: Any, data: Any) -> None:
    """Remember the dtypes of a training's data.

    Args:
        model: The model that is trained.
        data: An array, or a dict of arrays by the names of the inputs; of anything else nothing is remembered.
    """
    named = data if isinstance(data, Mapping) else {None: data}
    _dtypes[model] = {name: part.dtype for name, part in named.items() if isinstance(part, np.ndarray)}


def declared(model: Any) -> DeclaredSignature | None:
    """Return the signature that a model declares; None where the data says as much as the model.

    Args:
        model: The model.
    """
    inputs = list(getattr(model, "inputs", None) or ())
    if not any(_says_more(tuple(tensor.shape)) for tensor in inputs) or any(_is_text(tensor) for tensor in inputs):
        return None
    names = _inputs.names_of(model, "input_names", len(inputs)) if len(inputs) > 1 else [None]
    if names is None:
        return None
    dtypes = _dtypes.get(model, {})
    specs = [_spec(tensor, name, dtypes.get(name)) for tensor, name in zip(inputs, names, strict=True)]
    outputs = [_spec(tensor, name, None) for name, tensor in _outputs(model)]
    return ModelSignature(Schema(specs), Schema(outputs)), []


def _says_more(shape: tuple[int | None, ...]) -> bool:
    """Return whether an input has another open axis than that of the rows, or predicts a fixed number of rows alone."""
    return None in shape[1:] or shape[0] is not None


def _outputs(model: Any) -> Iterator[tuple[str | None, Any]]:
    described = getattr(model, "_outputs_struct", None)
    named = loader.named(model, described if isinstance(described, dict) else list(model.outputs))
    yield from named.items() if isinstance(named, dict) else [(None, named)]


def _spec(tensor: Any, name: str | None, dtype: Any) -> TensorSpec:
    shape = tuple(-1 if length is None else int(length) for length in tuple(tensor.shape)[1:])
    return TensorSpec(dtype if dtype is not None else np.dtype(tensor.dtype), (-1, *shape), name)


def _is_text(tensor: Any) -> bool:
    return str(tensor.dtype) == "string"
