"""Predictions of any kind as plain values of JSON, and these as bytes."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
from collections.abc import Mapping
from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.foreign_tables import as_pandas
from fitprint.serving.errors import RequestError
from fitprint.serving.extra import optional_function

_DEEPEST = 100
_fast_dumps = optional_function("orjson", "dumps")


def to_json(value: Any) -> bytes:
    """Write a plain value as JSON in UTF-8. NaN and the infinities are null, a lone surrogate is its escape."""
    if _fast_dumps is not None:
        done, written = attempt(_fast_dumps, value)  # it writes NaN as null, and refuses long whole numbers
        if done:
            return written  # type: ignore[no-any-return]
    return json.dumps(_finite(value), allow_nan=False, separators=(",", ":")).encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Return predictions as MLflow's server writes them, in values that JSON knows.

    Args:
        value: A table, which becomes a list of records, as does a column; an array, which becomes nested lists; or
            lists, objects and single values, of any depth.

    Returns:
        The plain value. Times are ISO 8601 texts, bytes are base64, missing values are None.
    """
    return _plain(as_pandas(value), 0)


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is str or kind is bool or kind is int:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        raise RequestError(500, "The predictions are nested too deeply for JSON.", "INTERNAL_ERROR")
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    return _array_or_table(value, depth)


def _array_or_table(value: Any, depth: int) -> Any:
    if hasattr(value, "iloc"):
        return _records(value.to_frame() if not hasattr(value, "columns") else value, depth)
    if hasattr(value, "tocsr"):
        value = value.toarray()
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return _array(value, depth)
    return _single(value, depth)


def _array(array: Any, depth: int) -> Any:
    import numpy as np

    kind = getattr(array.dtype, "kind", "O")
    if kind in "biuU":
        return array.tolist()
    if kind == "f":
        array = array.astype(np.float64) if array.dtype.itemsize > 8 else array
        if _fast_dumps is not None or np.isfinite(array).all():
            return array.tolist()
        return _plain(array.tolist(), depth + 1)
    if kind in "mM":
        texts: Any = np.datetime_as_string(array) if kind == "M" else array.astype(str)
        cells: Any = np.where(np.isnat(array), None, texts.astype(object))
        return cells.tolist()
    return _plain(array.tolist(), depth + 1)


def _records(frame: Any, depth: int) -> list[dict[str, Any]]:
    labels = [_key(label) for label in frame.columns]
    columns = [column_values(frame.iloc[:, position], depth) for position in range(len(labels))]
    if not labels:
        return [{} for _ in range(len(frame))]
    return [dict(zip(labels, row, strict=True)) for row in zip(*columns, strict=True)]


def column_values(column: Any, depth: int = 0) -> list[Any]:
    """Return the values of a column of pandas as plain values; times as MLflow writes them, in ISO 8601."""
    if getattr(column.dtype, "kind", "O") in "biuf" and hasattr(column.dtype, "byteorder"):
        return _array(column.to_numpy(), depth)  # type: ignore[no-any-return]
    return [_plain(value, depth + 1) for value in column.tolist()]


def _key(key: Any) -> str:
    return key if type(key) is str else str(_single(key, 0))


def _single(value: Any, depth: int) -> Any:
    """Return a single value that is not one of JSON's."""
    for base in (bool, int, str):
        if isinstance(value, base):  # a subclass, such as an enum
            return base(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, (set, frozenset)) or hasattr(value, "__next__"):
        return [_plain(item, depth + 1) for item in value]
    if hasattr(value, "model_dump"):  # a model of pydantic
        return _plain(value.model_dump(), depth + 1)
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), depth + 1)
    return str(value)
