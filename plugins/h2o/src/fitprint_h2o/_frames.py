"""Frames of the cluster: their columns and first rows, without pulling more than that, and predictions of these rows.

Everything here goes to the cluster by single requests. The methods of `h2o.H2OFrame` and of the models would print
progress bars, wait for jobs in steps of 0.2 seconds, and count up the numbers in the names of the user's own frames.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import h2o
import pandas as pd

from fitprint_h2o.loader import as_table

ROWS = 5
"""How many rows of a frame the signature is inferred from."""
MOST_COLUMNS = 2_000
"""How many columns of a frame are described."""


def describe(frame_id: str) -> Mapping[str, Any]:
    """Return what the cluster knows of a frame: for each column its type and its missing values, and the first rows.

    Args:
        frame_id: The key of the frame.
    """
    answer = h2o.api(f"GET /3/Frames/{_quoted(frame_id)}/light", data={"row_count": ROWS})
    described: Mapping[str, Any] = answer["frames"][0]
    return described


def facts_of(frame: Mapping[str, Any], target: str | None) -> dict[str, Any]:
    """Return the facts about a training frame, in the form of the other flavors, but without a digest of its rows.

    Args:
        frame: What `describe` returned.
        target: The name of the response column; None for a model that is trained without one.
    """
    columns = {column["label"]: column for column in frame["columns"]}
    about = {
        name: {"name": name, "dtype": column["type"], "missing": column["missing_count"]}
        for name, column in columns.items()
    }
    inputs = [facts for name, facts in about.items() if name != target][:MOST_COLUMNS]
    facts: dict[str, Any] = {"inputs": {"kind": "h2o.H2OFrame", "rows": frame["rows"], "columns": inputs}}
    if target in columns:
        facts["target"] = {"kind": "h2o.H2OFrame", "rows": frame["rows"], **about[target]}
    return facts


def first_rows(frame: Mapping[str, Any], names: Sequence[str], dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """Return the first rows of a frame as the table that a user would predict.

    Args:
        frame: What `describe` returned.
        names: The columns to take.
        dtypes: The dtypes of the table that the frame was made from, as far as they are known. H2O itself forgets
            them: whole numbers are `int` for it, whether they were integers or floats.
    """
    columns = {column["label"]: column for column in frame["columns"]}
    return pd.DataFrame({name: _as_before(_values(columns[name]), dtypes.get(name)) for name in names})


def _values(column: Mapping[str, Any]) -> pd.Series[Any]:
    """Return the first values of a column with the dtype that they have in a table of pandas."""
    kind, data = column["type"], column["data"]
    if kind in ("string", "uuid"):
        return pd.Series(column["string_data"], dtype=object).astype("str")
    numbers = pd.Series([float(value) for value in data or ()], dtype="float64")
    if kind == "enum":
        levels = column["domain"]
        texts = pd.Series([None if pd.isna(code) else levels[int(code)] for code in numbers], dtype=object)
        as_numbers = pd.to_numeric(pd.Series(levels, dtype=object), errors="coerce")
        # a table that is read from a file has numbers there, and H2O takes them for the levels of these names
        return pd.to_numeric(texts) if len(levels) and not as_numbers.isna().any() else texts.astype("str")
    if kind == "time":
        return pd.to_datetime(numbers, unit="ms")
    return numbers.astype("int64") if kind == "int" and not column["missing_count"] else numbers


def _as_before(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    """Return the values with the dtype that they had before they became a frame, if they fit it."""
    if dtype is None:
        return values
    if getattr(dtype, "kind", "") == "b":
        truths = values.astype("str").str.lower().map({"true": True, "false": False, "1": True, "0": False})
        return values if truths.isna().any() else truths.astype(bool)
    if isinstance(dtype, pd.StringDtype):
        return values.astype("str") if values.dtype.kind in "iuf" and not values.isna().any() else values
    is_number = getattr(dtype, "kind", "") in ("i", "u", "f")
    if is_number and values.dtype.kind in "iuf" and not (dtype.kind != "f" and values.isna().any()):
        return values.astype(dtype)
    return values


def predict_first(model: Any, frame: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """Return what a model predicts for the first rows of a frame, in the cluster. No frame stays behind there.

    Args:
        model: The model.
        frame: What `describe` returned.
        names: The columns to predict with.
    """
    positions = {column["label"]: position for position, column in enumerate(frame["columns"])}
    chosen = " ".join(str(positions[name]) for name in names)
    key, mark = frame["frame_id"]["name"], uuid.uuid4().hex
    rows, predicted = f"fitprint_rows_{mark}", f"fitprint_predicted_{mark}"
    try:
        h2o.rapids(f"(tmp= {rows} (rows (cols_py {key} [{chosen}]) [0:{min(ROWS, frame['rows'])}]))")
        endpoint = f"POST /3/Predictions/models/{_quoted(model.model_id)}/frames/{rows}"
        h2o.api(endpoint, data={"predictions_frame": predicted})
        return as_table(predicted)
    finally:
        for frame_id in (predicted, rows):
            remove(frame_id)


def remove(frame_id: str) -> None:
    """Remove a frame of our own; one that was not made is no error.

    Rapids counts which columns several frames share, so that those of the user's frames stay as they are.

    Args:
        frame_id: The key of the frame.
    """
    h2o.rapids(f"(rm {frame_id})")


def _quoted(key: str) -> str:
    return quote(key, safe="")
