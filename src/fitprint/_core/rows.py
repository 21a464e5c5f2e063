"""The rows of training data of any kind: tables, columns, arrays, sparse matrices, lists, dicts of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def row_count(data: Any) -> int | None:
    """Count the rows of data.

    Args:
        data: Training data of any kind.

    Returns:
        The number of rows, or None where there are none that can be counted without consuming the data.
    """
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and shape and isinstance(shape[0], int):
        return shape[0]
    if isinstance(data, (list, tuple)) or hasattr(data, "to_pylist"):  # an array of pyarrow has no shape
        return len(data)
    if isinstance(data, Mapping) and data:
        counts = {row_count(column) for column in data.values()}
        return counts.pop() if len(counts) == 1 else None
    return None


def shape_of(data: Any) -> tuple[int, ...] | None:
    """Return the shape of data without reading it.

    Args:
        data: Training data of any kind.

    Returns:
        The shape of an array; for a list of rows, their number and the length of the first; None if unknown.
    """
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(length, int) for length in shape):
        return shape
    rows = row_count(data)
    if rows is None:
        return None
    columns = len(data) if isinstance(data, Mapping) else row_count(data[0]) if rows else None
    return (rows,) if columns is None else (rows, columns)


def read_once(data: Any) -> bool:
    """Return True for an iterator or an open file, or a list of these: only the user's model may read them.

    Args:
        data: Training data of any kind.
    """
    first = data[0] if isinstance(data, (list, tuple)) and len(data) else data
    return any(hasattr(type(value), name) for value in (data, first) for name in ("__next__", "read"))


def take_rows(data: Any, index: Any) -> Any:
    """Select rows of data.

    Args:
        data: Training data of any kind.
        index: A slice, or an array of row numbers.

    Returns:
        The rows, as the same kind of data.
    """
    if hasattr(data, "iloc"):
        return data.iloc[index]
    if hasattr(data, "tocsr"):  # some sparse formats cannot be indexed, and one is a dict by its class
        return data.tocsr()[index]
    if hasattr(data, "to_pylist"):  # pyarrow takes rows by methods of their own
        return data.take(_positions(index, len(data)))
    if isinstance(data, Mapping):
        return {name: take_rows(column, index) for name, column in data.items()}
    if isinstance(data, (list, tuple)):
        rows = data[index] if isinstance(index, slice) else [data[int(i)] for i in index]
        return type(data)(rows) if type(data) in (list, tuple) else list(rows)
    return data[index]


def _positions(index: Any, count: int) -> list[int]:
    return list(range(count)[index]) if isinstance(index, slice) else [int(position) for position in index]


def first_rows(data: Any, most: int) -> Any:
    """Select the first rows of data.

    Args:
        data: Training data of any kind.
        most: How many rows at most.

    Returns:
        The rows, as the same kind of data.
    """
    return take_rows(data, slice(0, most))


def same_data(converted: Any, rows: Any) -> bool:
    """Return whether a conversion left data as it was; False if a comparison would cost more than a prediction.

    Args:
        converted: What the conversion made of the rows.
        rows: The rows.
    """
    if converted is rows:
        return True
    if type(converted) is not type(rows):
        return False
    if hasattr(rows, "columns"):
        same = list(converted.columns) == list(rows.columns) and (converted.dtypes == rows.dtypes).all()
        return bool(same) and bool(converted.equals(rows))
    if isinstance(rows, list):
        return all(type(value) is str for value in rows) and converted == rows
    if hasattr(rows, "iloc"):
        return bool(converted.dtype == rows.dtype and converted.equals(rows))
    return hasattr(rows, "dtype") and rows.shape == converted.shape and rows.dtype == converted.dtype
