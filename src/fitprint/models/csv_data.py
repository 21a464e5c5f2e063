"""Rows in CSV files: read with the types of a signature; predictions of any kind as a table."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from typing import IO, Any

from fitprint._core.guard import attempt
from fitprint.models.schema import Schema
from fitprint.models.types import DataType

PREDICTION = "prediction"
"""The name of a column of predictions that has none."""


def read_csv(file: str | os.PathLike[str] | IO[str], schema: Schema | None = None) -> Any:
    """Read a CSV file with a header as a DataFrame.

    Columns that are strings in the schema stay strings; times and base64 are decoded. Numbers get the type that they
    are written in, and no value is changed: the check against the signature reports what does not fit.

    Args:
        file: The file.
        schema: The schema of the rows.

    Returns:
        The rows and columns.

    Raises:
        ValueError: The file is not CSV.
    """
    import pandas as pd

    named = _column_types(schema)
    texts = {str(name): str for name, dtype in named.items() if dtype in (DataType.string, DataType.binary)}
    frame = pd.read_csv(file, dtype=texts)
    frame = frame.rename(columns={str(name): name for name in named if not isinstance(name, str)})
    for name, dtype in named.items():
        read = _READERS.get(dtype)
        if read is not None and name in frame:
            could, values = attempt(read, frame[name])
            frame[name] = values if could else frame[name]
    return frame


def _column_types(schema: Schema | None) -> Mapping[Any, Any]:
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return {}
    return {spec.name: spec.type for spec in schema if isinstance(spec.type, DataType)}


def _moments(values: Any) -> Any:
    import pandas as pd

    return pd.to_datetime(values)


def _decoded(values: Any) -> Any:
    return values.map(lambda text: base64.b64decode(text, validate=True), na_action="ignore").astype(object)


_READERS: Mapping[Any, Callable[[Any], Any]] = {DataType.datetime: _moments, DataType.binary: _decoded}


def table(predictions: Any) -> Any:
    """Return predictions of any kind as a DataFrame with a row each; columns without a name are called `PREDICTION`."""
    import numpy as np
    import pandas as pd

    if isinstance(predictions, pd.DataFrame):
        return predictions
    if isinstance(predictions, pd.Series):
        return predictions.to_frame(PREDICTION if predictions.name is None else predictions.name)
    if isinstance(predictions, Mapping):
        return pd.concat([_numbered(table(values), str(name)) for name, values in predictions.items()], axis=1)
    if hasattr(predictions, "toarray"):
        predictions = predictions.toarray()
    if isinstance(predictions, np.ndarray) and predictions.ndim == 2:
        return _numbered(pd.DataFrame(predictions), PREDICTION)
    several = isinstance(predictions, (list, tuple, np.ndarray)) and np.ndim(predictions) != 0
    return pd.DataFrame({PREDICTION: list(predictions) if several else [predictions]})


def _numbered(frame: Any, name: str) -> Any:
    """Name the columns after the whole, and number them if there are several."""
    count = len(frame.columns)
    return frame.set_axis([name] if count == 1 else [f"{name}_{number}" for number in range(count)], axis=1)
