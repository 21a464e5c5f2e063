"""Rows and predictions as JSON, for golden packages and other processes.

Interpreters in which fitprint is not installed read this file too, so it imports nothing of fitprint.
"""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any


def write(path: str | Path, value: Any) -> None:
    """Write rows or predictions to a file."""
    Path(path).write_text(json.dumps(encode(value), ensure_ascii=False), "utf-8")


def read(path: str | Path) -> Any:
    """Read what `write` wrote."""
    return decode(json.loads(Path(path).read_text("utf-8")))


def encode(value: Any) -> dict[str, Any]:
    """Return a value as JSON; what JSON cannot hold is pickled."""
    if value is None or (isinstance(value, (bool, int, float, str)) and type(value).__module__ == "builtins"):
        return {"kind": "value", "value": value}
    if type(value) in (list, tuple):
        return {"kind": type(value).__name__, "items": [encode(item) for item in value]}
    if type(value) is dict:
        return {"kind": "dict", "items": [[encode(key), encode(item)] for key, item in value.items()]}
    top, name = type(value).__module__.partition(".")[0], type(value).__name__
    if top == "pandas" and name == "DataFrame":
        columns = [_column(value.iloc[:, at]) for at in range(value.shape[1])]
        return {"kind": "frame", "names": [encode(name) for name in value.columns], "columns": columns}
    if top == "pandas" and name == "Series":
        return {"kind": "series", "name": encode(value.name), "column": _column(value)}
    if top == "numpy" and name == "ndarray" and value.dtype.kind in "biufU":
        return {"kind": "array", "dtype": value.dtype.str, "shape": list(value.shape), "values": value.ravel().tolist()}
    if top == "numpy" and value.ndim == 0 and value.dtype.kind in "biuf":
        return {"kind": "value", "value": value.item()}
    return {"kind": "pickle", "value": base64.b64encode(pickle.dumps(value, 4)).decode("ascii")}


def decode(encoded: dict[str, Any]) -> Any:
    """Return the value that `encode` was given."""
    kind = encoded["kind"]
    if kind == "value":
        return encoded["value"]
    if kind in ("list", "tuple"):
        items = [decode(item) for item in encoded["items"]]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {decode(key): decode(item) for key, item in encoded["items"]}
    if kind == "pickle":
        return pickle.loads(base64.b64decode(encoded["value"]))
    if kind == "array":
        import numpy as np

        return np.array(encoded["values"], dtype=encoded["dtype"]).reshape(encoded["shape"])
    import pandas as pd

    if kind == "series":
        return _series(encoded["column"]).rename(decode(encoded["name"]))
    columns = [_series(column) for column in encoded["columns"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = pd.Index([decode(name) for name in encoded["names"]])
    return frame


def _column(series: Any) -> dict[str, Any]:
    """Encode a column of a DataFrame, without its index."""
    dtype = str(series.dtype)
    if dtype == "category":
        categories, codes = series.cat.categories.tolist(), series.cat.codes.tolist()
        return {"dtype": dtype, "categories": [encode(value) for value in categories], "codes": codes}
    if dtype.startswith(("datetime64", "timedelta64")):
        return {"dtype": dtype, "values": [None if missing else str(value) for value, missing in _with_missing(series)]}
    return {"dtype": dtype, "values": [encode(None if missing else value) for value, missing in _with_missing(series)]}


def _with_missing(series: Any) -> Any:
    return zip(series.tolist(), series.isna().tolist(), strict=True)


def _series(column: dict[str, Any]) -> Any:
    import pandas as pd

    dtype = column["dtype"]
    if dtype == "category":
        categories = [decode(category) for category in column["categories"]]
        return pd.Series(pd.Categorical.from_codes(column["codes"], categories=categories))
    if dtype.startswith("datetime64"):
        return pd.Series(pd.to_datetime(column["values"])).astype(dtype)
    if dtype.startswith("timedelta64"):
        return pd.Series(pd.to_timedelta(column["values"])).astype(dtype)
    values = [decode(value) for value in column["values"]]
    try:
        return pd.Series(values, dtype=dtype)
    except TypeError:  # a string dtype that this version of pandas does not know
        return pd.Series(values, dtype=object)
