"""Checking nested values (lists, dicts, any) against their declared type, one value at a time.

The rules are those of MLflow 3.17. Values come back converted; the caller's own lists and dicts stay.
"""

from __future__ import annotations

from typing import Any

from fitprint.models.enforcement_columns import NUMBERS, convert_column
from fitprint.models.inference_values import is_missing
from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object


def enforce_value(value: Any, dtype: FieldType, required: bool = True, *, lossless: bool = False) -> Any:
    """The value in its declared type: scalars as numpy scalars, lists and dicts converted item by item.

    A missing value passes when it is not required. Raises ValueError saying what was expected and what came.
    """
    if isinstance(dtype, DataType):
        return _enforce_scalar(value, dtype, required, lossless)
    if isinstance(dtype, Array):
        return _enforce_array(value, dtype, required, lossless)
    if isinstance(dtype, Object):
        return _enforce_object(value, dtype, required, lossless)
    if isinstance(dtype, Map):
        return _enforce_map(value, dtype, required, lossless)
    return value


def _enforce_scalar(value: Any, dtype: DataType, required: bool, lossless: bool) -> Any:
    import datetime

    import numpy as np
    import pandas as pd

    if not required and is_missing(value):
        return None
    if dtype is DataType.string and type(value) is str:
        return value
    # MLflow takes no datetime here, as numpy does not call it a scalar
    if not np.isscalar(value) and not (lossless and isinstance(value, datetime.date)):
        raise ValueError(f"expected {dtype}, got {type(value).__name__} {_shown(value)}")
    try:
        return convert_column(pd.Series([value]), dtype, lossless=lossless)[0]
    except ValueError as error:
        raise ValueError(f"expected {dtype}, got {type(value).__name__} {_shown(value)}") from error


def _enforce_array(value: Any, dtype: Array, required: bool, lossless: bool) -> Any:
    import numpy as np

    is_listed = isinstance(value, (list, np.ndarray))
    is_empty = value is None or (is_listed and len(value) == 0)
    if is_empty and (not required or isinstance(dtype.dtype, AnyType)):
        return value
    if lossless and isinstance(value, tuple):
        value, is_listed = list(value), True
    if not is_listed:
        raise ValueError(f"expected a list, got {type(value).__name__} {_shown(value)}")
    if isinstance(dtype.dtype, DataType):
        return _enforce_scalars(value, dtype.dtype, lossless) if len(value) else value
    items = [enforce_value(item, dtype.dtype, required, lossless=lossless) for item in value]
    return np.array(items) if isinstance(value, np.ndarray) else items


def _enforce_scalars(values: Any, dtype: DataType, lossless: bool) -> Any:
    import numpy as np
    import pandas as pd

    converted = convert_column(pd.Series(values), dtype, lossless=lossless)
    if lossless and dtype not in NUMBERS:
        return values  # MLflow would make 'nan' of a missing text and an int of a datetime
    array = converted.to_numpy(dtype=dtype.to_numpy())
    return array if isinstance(values, np.ndarray) else array.tolist()


def _enforce_object(value: Any, dtype: Object, required: bool, lossless: bool) -> Any:
    if not required and (value is None or value == {}):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict with {dtype}, got {type(value).__name__} {_shown(value)}")
    properties = {prop.name: prop for prop in dtype.properties}
    missing = [prop.name for prop in dtype.properties if prop.required and prop.name not in value]
    if missing:
        raise ValueError(f"the keys {missing} are missing from {_shown(value)}")
    unknown = [key for key in value if key not in properties]
    if unknown:
        raise ValueError(f"the keys {unknown} are not in the signature ({dtype}); drop them")
    converted = {}
    for key, item in value.items():
        prop = properties[key]
        converted[key] = _at_key(key, item, prop.dtype, prop.required, lossless)
    return converted


def _enforce_map(value: Any, dtype: Map, required: bool, lossless: bool) -> Any:
    if (not required or isinstance(dtype.value_type, AnyType)) and (value is None or value == {}):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict with text keys, got {type(value).__name__} {_shown(value)}")
    if not all(isinstance(key, str) for key in value):
        raise ValueError(f"expected text keys only, got {list(value)!r}")
    return {key: _at_key(key, item, dtype.value_type, required, lossless) for key, item in value.items()}


def _at_key(key: str, item: Any, dtype: FieldType, required: bool, lossless: bool) -> Any:
    try:
        return enforce_value(item, dtype, required, lossless=lossless)
    except ValueError as error:
        raise ValueError(f"at key {key!r}: {error}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
