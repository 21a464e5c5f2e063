"""Rows in CSV and JSON files: read with the types of a signature; predictions of any kind as a table."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

from fitprint._core.guard import attempt
from fitprint.models.enforcement_values import TEXT_LIKE
from fitprint.models.foreign_tables import as_pandas
from fitprint.models.schema import Schema
from fitprint.models.types import DataType

PREDICTION = "prediction"
"""The name of a column of predictions that has none."""


File = str | os.PathLike[str] | IO[str]
Dtypes = Mapping[Any, Mapping[str, Any]]
"""The exact dtypes of columns, as `exact_dtypes` describes them."""


def read_rows(file: File, schema: Schema | None = None, dtypes: Dtypes | None = None) -> Any:
    """Read the rows of a CSV or a JSON file, which has the ending ``.json``; see `read_csv` and `read_json`."""
    is_json = isinstance(file, (str, os.PathLike)) and str(file).lower().endswith(".json")
    return (read_json if is_json else read_csv)(file, schema, dtypes)


def read_csv(file: File, schema: Schema | None = None, dtypes: Dtypes | None = None) -> Any:
    """Read a CSV file with a header as a DataFrame.

    Columns that are strings in the schema stay strings; times and base64 are decoded. Numbers get the type that they
    are written in, and no value is changed: the check against the signature reports what does not fit.

    Args:
        file: The file.
        schema: The schema of the rows.
        dtypes: The exact dtypes of columns whose types do not tell them.

    Returns:
        The rows and columns.

    Raises:
        ValueError: The file is not CSV.
    """
    import pandas as pd

    return _with_types(pd.read_csv(file, dtype=_text_columns(schema)), schema, dtypes)


def csv_chunks(file: BinaryIO, rows: int, schema: Schema | None = None, dtypes: Dtypes | None = None) -> Iterator[Any]:
    """Yield the rows of a CSV file as `read_csv` reads them, a DataFrame of so many rows at a time.

    Where the schema does not tell the type of a column, each piece has the type that its own values are written in.
    """
    import pandas as pd

    with pd.read_csv(file, dtype=_text_columns(schema), chunksize=rows) as frames:
        for frame in frames:
            yield _with_types(frame, schema, dtypes)


def _text_columns(schema: Schema | None) -> Any:
    """Return what pandas must not read as numbers: ``str`` for all columns, or for each by its name."""
    if schema is not None and not schema.has_input_names() and schema.input_types() == [DataType.string]:
        return str  # one column of texts, whatever its name
    return {str(name): str for name, dtype in _column_types(schema).items() if dtype in TEXT_LIKE}


def _with_types(frame: Any, schema: Schema | None, dtypes: Dtypes | None) -> Any:
    named = _column_types(schema)
    frame = frame.rename(columns={str(name): name for name in named if not isinstance(name, str)})
    return _decoded(frame, named, dtypes)


def read_json(file: File, schema: Schema | None = None, dtypes: Dtypes | None = None) -> Any:
    """Read a JSON file of rows, in the forms that MLflow's scoring server takes: ``dataframe_split`` and the others.

    A list of rows, a list of dicts and ``{"columns": ..., "data": ...}`` are understood too. Times and base64 are
    decoded.

    Args:
        file: The file.
        schema: The schema of the rows.
        dtypes: The exact dtypes of columns whose types do not tell them.

    Returns:
        A DataFrame, or the list or dict that the file holds.

    Raises:
        ValueError: The file is not JSON.
    """
    import pandas as pd

    try:
        content = json.loads(Path(file).read_bytes() if isinstance(file, (str, os.PathLike)) else file.read())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not JSON: {error}") from None
    if isinstance(content, dict) and len(content) in (1, 2):
        wrapped = [name for name in SERVED if name in content and set(content) <= {name, "params"}]
        content = content[wrapped[0]] if wrapped else content
    if isinstance(content, dict) and content.keys() - {"index"} == {"columns", "data"}:
        content = pd.DataFrame(content["data"], columns=content["columns"])
    elif isinstance(content, list) and content and isinstance(content[0], dict):
        content = pd.DataFrame(content)
    return _decoded(content, _column_types(schema), dtypes) if isinstance(content, pd.DataFrame) else content


SERVED = ("dataframe_split", "dataframe_records", "inputs", "instances")
"""The keys under which a scoring server is sent rows."""


def _decoded(frame: Any, named: Mapping[Any, Any], dtypes: Dtypes | None) -> Any:
    """Decode times and bytes in the columns that the schema declares so; what cannot be decoded stays as it is."""
    kinds = {**named, **{name: str(dtype["dtype"])[:9] for name, dtype in (dtypes or {}).items()}}
    for name, kind in kinds.items():
        read = _READERS.get(kind)
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


def _spans(values: Any) -> Any:
    import pandas as pd

    return pd.to_timedelta(values)


def _bytes(values: Any) -> Any:
    return values.map(lambda text: base64.b64decode(text, validate=True), na_action="ignore").astype(object)


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    DataType.datetime: _moments,
    DataType.binary: _bytes,
    "datetime6": _moments,
    "timedelta": _spans,
}


def table(predictions: Any) -> Any:
    """Return predictions of any kind as a DataFrame with a row each; columns without a name are called `PREDICTION`."""
    import numpy as np
    import pandas as pd

    predictions = as_pandas(predictions)
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
