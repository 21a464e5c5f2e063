"""Rows of whatever a model is trained on: DataFrames, Series, arrays, sparse matrices, lists, dicts of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def row_count(data: Any) -> int | None:
    """How many rows, or None for what has no rows that can be counted without consuming it."""
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and shape and isinstance(shape[0], int):
        return shape[0]
    if isinstance(data, (list, tuple)):
        return len(data)
    if isinstance(data, Mapping) and data:
        counts = {row_count(each) for each in data.values()}
        return counts.pop() if len(counts) == 1 else None
    return None


def shape_of(data: Any) -> tuple[int, ...] | None:
    """The shape of data without reading it: an array's own, of a list of rows (rows, columns of the first)."""
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(each, int) for each in shape):
        return shape
    rows = row_count(data)
    if rows is None:
        return None
    columns = len(data) if isinstance(data, Mapping) else row_count(data[0]) if rows else None
    return (rows,) if columns is None else (rows, columns)


def read_once(data: Any) -> bool:
    """Whether data is an iterator or an open file, or a list of these: nobody but the user's model may read it."""
    first = data[0] if isinstance(data, (list, tuple)) and len(data) else data
    return any(hasattr(type(each), name) for each in (data, first) for name in ("__next__", "read"))


def take_rows(data: Any, index: Any) -> Any:
    """The rows of an index (a slice, or an integer array), as the same kind of data."""
    if hasattr(data, "iloc"):
        return data.iloc[index]
    if isinstance(data, Mapping):
        return {name: take_rows(each, index) for name, each in data.items()}
    if isinstance(data, (list, tuple)):
        chosen = data[index] if isinstance(index, slice) else [data[int(i)] for i in index]
        return type(data)(chosen) if type(data) in (list, tuple) else list(chosen)
    return data.tocsr()[index] if hasattr(data, "tocsr") else data[index]  # some sparse formats take no index


def first_rows(data: Any, most: int) -> Any:
    """At most so many rows, from the start."""
    return take_rows(data, slice(0, most))
