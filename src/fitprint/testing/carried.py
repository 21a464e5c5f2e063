"""Rows and predictions as JSON, for golden packages and other processes.

This file is also read, as it is, by interpreters in which fitprint is not installed: it imports nothing of it.
"""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any


def write(path: str | Path, value: Any) -> None:
    """Writes rows or predictions."""
    Path(path).write_text(json.dumps(encode(value), ensure_ascii=False), "utf-8")


def read(path: str | Path) -> Any:
    """What `write` wrote."""
    return decode(json.loads(Path(path).read_text("utf-8")))


def encode(value: Any) -> dict[str, Any]:
    """A value in words that JSON has; what has none is pickled."""
    if value is None or (isinstance(value, (bool, int, float, str)) and type(value).__module__ == "builtins"):
        return {"kind": "value", "value": value}
    if type(value) in (list, tuple):
        return {"kind": type(value).__name__, "items": [encode(each) for each in value]}
    if type(value) is dict:
        return {"kind": "dict", "items": [[encode(key), encode(each)] for key, each in value.items()]}
    top, name = type(value).__module__.partition(".")[0], type(value).__name__
    if top == "pandas" and name == "DataFrame":
        columns = [_column(value.iloc[:, at]) for at in range(value.shape[1])]
        return {"kind": "frame", "names": [encode(each) for each in value.columns], "columns": columns}
    if top == "pandas" and name == "Series":
        return {"kind": "series", "name": encode(value.name), "column": _column(value)}
    if top == "numpy" and name == "ndarray" and value.dtype.kind in "biufU":
        return {"kind": "array", "dtype": value.dtype.str, "shape": list(value.shape), "values": value.ravel().tolist()}
    if top == "numpy" and value.ndim == 0 and value.dtype.kind in "biuf":
        return {"kind": "value", "value": value.item()}
    return {"kind": "pickle", "value": base64.b64encode(pickle.dumps(value, 4)).decode("ascii")}


def decode(found: dict[str, Any]) -> Any:
    """The value that `encode` was given."""
    kind = found["kind"]
    if kind == "value":
        return found["value"]
    if kind in ("list", "tuple"):
        items = [decode(each) for each in found["items"]]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {decode(key): decode(each) for key, each in found["items"]}
    if kind == "pickle":
        return pickle.loads(base64.b64decode(found["value"]))
    if kind == "array":
        import numpy as np

        return np.array(found["values"], dtype=found["dtype"]).reshape(found["shape"])
    import pandas as pd

    if kind == "series":
        return _series(found["column"]).rename(decode(found["name"]))
    columns = [_series(each) for each in found["columns"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = pd.Index([decode(each) for each in found["names"]])
    return frame


def _column(series: Any) -> dict[str, Any]:
    """A column; its index is left behind."""
    dtype = str(series.dtype)
    if dtype == "category":
        categories, codes = series.cat.categories.tolist(), series.cat.codes.tolist()
        return {"dtype": dtype, "categories": [encode(each) for each in categories], "codes": codes}
    if dtype.startswith(("datetime64", "timedelta64")):
        return {"dtype": dtype, "values": [None if missing else str(each) for each, missing in _with_missing(series)]}
    return {"dtype": dtype, "values": [encode(None if missing else each) for each, missing in _with_missing(series)]}


def _with_missing(series: Any) -> Any:
    return zip(series.tolist(), series.isna().tolist(), strict=True)


def _series(column: dict[str, Any]) -> Any:
    import pandas as pd

    dtype = column["dtype"]
    if dtype == "category":
        categories = [decode(each) for each in column["categories"]]
        return pd.Series(pd.Categorical.from_codes(column["codes"], categories=categories))
    if dtype.startswith("datetime64"):
        return pd.Series(pd.to_datetime(column["values"])).astype(dtype)
    if dtype.startswith("timedelta64"):
        return pd.Series(pd.to_timedelta(column["values"])).astype(dtype)
    values = [decode(each) for each in column["values"]]
    try:
        return pd.Series(values, dtype=dtype)
    except TypeError:  # a type of text that this pandas does not know
        return pd.Series(values, dtype=object)
