"""Predicting with onnxruntime: what is given becomes the graph's inputs, and its outputs what is asked for."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pandas as pd
from onnx import ModelProto, ValueInfoProto

from fitprint.plugin import PackageError
from fitprint_onnx import _graph
from fitprint_onnx._packages import PROVIDERS

_MOST_SESSIONS = 4
_sessions: OrderedDict[str, Any] = OrderedDict()
"""By the digest of the model: making one costs more than a prediction, and a model takes no attribute to keep it in."""


def predict(model: ModelProto, data: Any) -> Any:
    """The outputs by name; for a DataFrame a DataFrame with a column per output, a row per row.

    ``data``: a dict from input to array; for a graph of one input an array, or a DataFrame of its columns; for one of
    several a DataFrame with a column for each. Raises TypeError for anything else, ValueError for a missing input.
    """
    session = _session(model)
    names = [each.name for each in model.graph.output]
    feeds = {each.name: _fitted(given, each) for each, given in _given(model, data)}
    outputs = session.run(names, feeds)
    if isinstance(data, pd.DataFrame):
        return pd.DataFrame({name: _column(found) for name, found in zip(names, outputs, strict=True)})
    return dict(zip(names, outputs, strict=True))


def _session(model: ModelProto) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise PackageError("predicting with an ONNX model needs onnxruntime: pip install onnxruntime") from None
    key = _graph.digest(model)
    found = _sessions.get(key)
    if found is None:
        there = onnxruntime.get_available_providers()
        providers = [each for each in PROVIDERS if each in there]
        found = _sessions[key] = onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)
        while len(_sessions) > _MOST_SESSIONS:
            _sessions.popitem(last=False)
    return found


def _given(model: ModelProto, data: Any) -> list[tuple[ValueInfoProto, Any]]:
    wanted = _graph.inputs(model)
    if isinstance(data, dict) or (isinstance(data, pd.DataFrame) and len(wanted) > 1):
        missing = [each.name for each in wanted if each.name not in data]
        if missing:
            raise ValueError(f"there is no input {', '.join(missing)}; given: {', '.join(map(str, data))}")
        return [(each, data[each.name]) for each in wanted]
    if len(wanted) != 1 or not isinstance(data, (np.ndarray, pd.DataFrame, list)):
        names = ", ".join(each.name for each in wanted)
        raise TypeError(f"give a dict or a DataFrame with the inputs {names}, not {type(data).__name__}")
    return [(wanted[0], data)]


def _fitted(given: Any, wanted: ValueInfoProto) -> Any:
    """An input as an array of the wanted type, where that is one of numbers and so is what was given."""
    array, kind = np.asarray(given), _graph.dtype(wanted)
    if kind is not None and array.dtype != kind and _fits(array, kind):
        array = array.astype(kind)
    is_column = array.ndim == 1 and _graph.shape(wanted)[1:] == (1,)
    return array.reshape(-1, 1) if is_column else array


def _fits(array: Any, kind: np.dtype[Any]) -> bool:
    """Whether values may be given in a type: numbers to floats, whole ones that stay the same, texts as objects."""
    if kind.kind in "iu":
        return array.dtype.kind in "iu" and bool((array.astype(kind) == array).all())
    return array.dtype.kind in {"f": "biuf", "O": "UST"}.get(kind.kind, "")


def _column(output: Any) -> Any:
    """An output as a column: of a table with several columns each row is one value."""
    if not isinstance(output, np.ndarray):
        return output
    rows = output.reshape(len(output), -1) if output.ndim > 1 else output
    return rows if rows.ndim == 1 else rows[:, 0] if rows.shape[1] == 1 else list(rows)
