"""Turning what a caller passes to predict into the DataFrame a schema of columns is about.

The rules are those of MLflow 3.17, down to a dict being one row or several columns by its values.
"""

from __future__ import annotations

from typing import Any

from fitprint.models.errors import SchemaError
from fitprint.models.schema import Schema
from fitprint.models.types import Array, Object


def as_frame(data: Any, schema: Schema, lossless: bool) -> Any:
    """A DataFrame of the data: a scalar is 1 x 1, a list one column or rows, a dict one row or columns.

    Raises SchemaError for data that is no table.
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
            return _dict_frame(data, schema)
        if isinstance(data, (list, np.ndarray, pd.Series)):
            return pd.DataFrame(data)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError) as error:
        raise SchemaError([f"a {type(data).__name__} that is no table: {error}"]) from error
    raise SchemaError([f"expected a table, got {type(data).__name__}; give a DataFrame{_columns(schema)}"])


def _columns(schema: Schema) -> str:
    return f" with the columns {schema.input_names()}" if schema.has_input_names() else ""


def _dict_frame(data: dict[Any, Any], schema: Schema) -> Any:
    import numpy as np
    import pandas as pd

    values = list(data.values())
    if _is_one_row(data, schema):
        return pd.DataFrame([data])
    if all(_is_boxed_text(value) for value in values):
        return pd.DataFrame([data])
    # pandas takes no ndarray of several axes as a column; as lists, they become cells
    return pd.DataFrame(
        {
            key: value.tolist() if isinstance(value, np.ndarray) and value.ndim > 1 else value
            for key, value in data.items()
        }
    )


def _is_one_row(data: dict[Any, Any], schema: Schema) -> bool:
    import numpy as np

    if any(isinstance(spec.type, (Array, Object)) for spec in schema):
        return True
    return all(
        value is None
        or np.isscalar(value)
        or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        for value in data.values()
    )


def _is_boxed_text(value: Any) -> bool:
    """An ndarray without axes that holds one text, as servers make of a text in JSON."""
    import numpy as np

    return isinstance(value, np.ndarray) and value.dtype.type == np.str_ and value.shape == ()
