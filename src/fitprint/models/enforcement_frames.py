"""Reading what a caller passes to `predict` as a DataFrame, before the columns are enforced."""

from __future__ import annotations

import datetime
from typing import Any

from fitprint.models.errors import SchemaError
from fitprint.models.inference_values import is_missing
from fitprint.models.schema import Schema
from fitprint.models.types import Array, Object


def as_frame(data: Any, schema: Schema, lossless: bool) -> Any:
    """Turn what the caller passes to `predict` into a DataFrame for a schema of columns.

    Args:
        data: A DataFrame; a scalar, which is one row of one column; a list, which is one column or a list of rows; a
            dict, which is one row or a dict of columns; an ndarray, or a Series.
        schema: The schema of the model's inputs.
        lossless: Whether to accept tuples as lists.

    Returns:
        The DataFrame, before any conversion of its columns.

    Raises:
        SchemaError: The data cannot be read as a table.
    """
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if lossless and isinstance(data, tuple):
        data = list(data)
    try:
        if np.isscalar(data):
            return pd.DataFrame([data])
        if isinstance(data, dict):
            return _dict_frame(data, schema, lossless)
        if isinstance(data, (list, np.ndarray, pd.Series)):
            return pd.DataFrame(data)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError) as error:
        raise SchemaError([f"the {type(data).__name__} cannot be read as a table: {error}"]) from error
    raise SchemaError([f"expected a table, got {type(data).__name__}; pass a DataFrame{_columns(schema)}"])


def _columns(schema: Schema) -> str:
    return f" with the columns {schema.input_names()}" if schema.has_input_names() else ""


def _dict_frame(data: dict[Any, Any], schema: Schema, lossless: bool) -> Any:
    import numpy as np
    import pandas as pd

    values = list(data.values())
    if _is_one_row(data, schema, lossless) or all(_is_boxed_text(value) for value in values):
        return pd.DataFrame([data])
    # pandas does not accept an ndarray of several axes as a column; as a list, each of its items becomes a cell
    return pd.DataFrame(
        {
            key: value.tolist() if isinstance(value, np.ndarray) and value.ndim > 1 else value
            for key, value in data.items()
        }
    )


def _is_one_row(data: dict[Any, Any], schema: Schema, lossless: bool) -> bool:
    import numpy as np

    if any(isinstance(spec.type, (Array, Object)) for spec in schema):
        return True
    return all(
        value is None
        or np.isscalar(value)
        or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        or (lossless and (is_missing(value) or isinstance(value, datetime.date)))  # MLflow refuses a row with a time
        for value in data.values()
    )


def _is_boxed_text(value: Any) -> bool:
    """Return whether the value is an ndarray without axes that holds one text, which servers make from text in JSON."""
    import numpy as np

    return isinstance(value, np.ndarray) and value.dtype.type == np.str_ and value.shape == ()
