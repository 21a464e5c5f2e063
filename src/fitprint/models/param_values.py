"""Converting one param's value to its declared type, as MLflow does at prediction and for defaults."""

from __future__ import annotations

import datetime
import sys
from typing import Any

from fitprint._core.isolation import no_warnings_in_context
from fitprint.models.types import DataType, Object

_BUILTINS: dict[DataType, frozenset[type]] = {
    DataType.boolean: frozenset({bool}),
    DataType.integer: frozenset({int}),
    DataType.long: frozenset({int}),
    DataType.float: frozenset({int, float}),
    DataType.double: frozenset({int, float}),
    DataType.string: frozenset({str}),
}
_NUMPY: dict[DataType, frozenset[str]] = {
    DataType.boolean: frozenset({"bool"}),
    DataType.integer: frozenset({"int32"}),
    DataType.long: frozenset({"int32", "int64"}),
    DataType.float: frozenset({"int32", "int64", "float32"}),
    DataType.double: frozenset({"int32", "int64", "float32", "float64"}),
}


def convert_param(
    value: Any, dtype: DataType | Object, shape: tuple[int, ...] | None = None, *, lossless: bool = False
) -> Any:
    """The value as a plain Python value (or datetime) of the type; a list when `shape` is `(-1,)`.

    None passes. With `lossless`, whole floats pass as integers, any numpy number that keeps its value
    passes, and a tuple passes as a list. Raises ValueError saying what was expected and what came.
    """
    if shape is not None:
        if isinstance(dtype, Object):
            raise ValueError("an object param cannot be a list")
        return [_scalar(item, dtype, lossless) for item in _items(value, lossless)]
    if isinstance(dtype, Object):
        from fitprint.models.enforcement_values import enforce_value

        enforce_value(value, dtype, lossless=lossless)  # checks only: the model gets what the caller gave
        return value
    return _scalar(value, dtype, lossless)


def _items(value: Any, lossless: bool) -> Any:
    if isinstance(value, list) or (lossless and isinstance(value, tuple)):
        return value
    if getattr(value, "ndim", None) == 1 and _is_ndarray(value):
        return value
    raise ValueError(f"expected a list, got {type(value).__name__} {value!r}; wrap it as [...]")


def _scalar(value: Any, dtype: DataType, lossless: bool) -> Any:
    if value is None:
        return None
    if dtype is DataType.datetime:
        return _datetime(value)
    if _is_accepted(value, dtype) or (lossless and _keeps_value(value, dtype)):
        try:
            return dtype.to_python()(value)
        except OverflowError:
            pass
    raise ValueError(f"expected {dtype}, got {type(value).__name__} {value!r}")


def _is_accepted(value: Any, dtype: DataType) -> bool:
    if type(value) in _BUILTINS[dtype]:
        return True
    if not _is_numpy_scalar(value):
        return False
    if dtype is DataType.string:
        return bool(value.dtype.kind == "U")
    return value.dtype.name in _NUMPY[dtype]


def _keeps_value(value: Any, dtype: DataType) -> bool:
    numeric = isinstance(value, (int, float)) or (_is_numpy_scalar(value) and value.dtype.kind in "iuf")
    if isinstance(value, bool) or not numeric:
        return False
    if dtype in {DataType.integer, DataType.long}:
        return bool(value == value // 1)  # not for NaN or infinity, which equal nothing here
    return dtype in {DataType.float, DataType.double} and (value != value or float(value) == value)


def _datetime(value: Any) -> datetime.date:
    """A date or datetime from ISO text, a date, a datetime (to naive UTC) or a numpy datetime."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return datetime.datetime.fromisoformat(value.isoformat(timespec="microseconds"))
    import numpy as np

    try:
        with no_warnings_in_context():  # numpy warns of text with a time zone
            found = np.datetime64(value).item()
    except (ValueError, TypeError):
        found = value
    if found is None or isinstance(found, datetime.date):
        return found  # type: ignore[return-value]  # None is NaT
    raise ValueError(
        f"expected a datetime, got {type(value).__name__} {value!r}; give ISO text like '2024-01-02T03:00:00'"
    )


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _is_ndarray(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)
