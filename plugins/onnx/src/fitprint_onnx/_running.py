"""Predict with onnxruntime: the data is converted to the graph's inputs, and its outputs to what the caller expects."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pandas as pd
from onnx import ModelProto, ValueInfoProto

from fitprint.plugin import PackageError
from fitprint_onnx import _graph
from fitprint_onnx._packages import PROVIDERS

_MAX_SESSIONS = 4
_sessions: OrderedDict[str, Any] = OrderedDict()
"""By the digest of the model. Making a session takes longer than a prediction, and a model cannot hold one."""


def predict(model: ModelProto, data: Any) -> Any:
    """Return the outputs by name; for a DataFrame, a DataFrame with one column per output.

    Args:
        model: The model.
        data: A dict from the name of an input to an array. For a graph with one input also an array, or a DataFrame of
            its columns; for a graph with several inputs also a DataFrame with one column for each.

    Raises:
        TypeError: The data is something else.
        ValueError: An input is missing.
        PackageError: onnxruntime is not installed.
    """
    session = _session(model)
    names = [output.name for output in model.graph.output]
    feeds = {declared.name: _converted(value, declared) for declared, value in _input_values(model, data)}
    outputs = session.run(names, feeds)
    if isinstance(data, pd.DataFrame):
        return pd.DataFrame({name: _column(output) for name, output in zip(names, outputs, strict=True)})
    return dict(zip(names, outputs, strict=True))


def _session(model: ModelProto) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise PackageError("predicting with an ONNX model needs onnxruntime: pip install onnxruntime") from None
    key = _graph.digest(model)
    session = _sessions.get(key)
    if session is None:
        available = onnxruntime.get_available_providers()
        providers = [provider for provider in PROVIDERS if provider in available]
        session = _sessions[key] = onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)
        while len(_sessions) > _MAX_SESSIONS:
            _sessions.popitem(last=False)
    return session


def _input_values(model: ModelProto, data: Any) -> list[tuple[ValueInfoProto, Any]]:
    declared = _graph.inputs(model)
    if isinstance(data, dict) or (isinstance(data, pd.DataFrame) and len(declared) > 1):
        missing = [value.name for value in declared if value.name not in data]
        if missing:
            raise ValueError(f"the data has no input {', '.join(missing)}; it has {', '.join(map(str, data))}")
        return [(value, data[value.name]) for value in declared]
    if len(declared) != 1 or not isinstance(data, (np.ndarray, pd.DataFrame, list)):
        names = ", ".join(value.name for value in declared)
        raise TypeError(f"pass a dict or a DataFrame with the inputs {names}, not {type(data).__name__}")
    return [(declared[0], data)]


def _converted(value: Any, declared: ValueInfoProto) -> Any:
    """Return an input as an array of the declared type, if its values can be converted to that without loss."""
    array, dtype = np.asarray(value), _graph.dtype(declared)
    if dtype is not None and array.dtype != dtype and _fits(array, dtype):
        array = array.astype(dtype)
    is_column = array.ndim == 1 and _graph.shape(declared)[1:] == (1,)
    return array.reshape(-1, 1) if is_column else array


def _fits(array: Any, dtype: np.dtype[Any]) -> bool:
    """Return whether values may be converted: numbers to floats, integers that stay the same, texts to objects."""
    if dtype.kind in "iu":
        return array.dtype.kind in "iu" and bool((array.astype(dtype) == array).all())
    return array.dtype.kind in {"f": "biuf", "O": "UST"}.get(dtype.kind, "")


def _column(output: Any) -> Any:
    """Return an output as a column; if it has several columns itself, each of its rows becomes one value."""
    if not isinstance(output, np.ndarray):
        return output
    rows = output.reshape(len(output), -1) if output.ndim > 1 else output
    return rows if rows.ndim == 1 else rows[:, 0] if rows.shape[1] == 1 else list(rows)
