"""The types of the columns of a DataFrame are inferred from their dtypes, and from the values where dtypes do not tell.

The rules are those of MLflow 3.17, except that a column without a type gets the type `any`, while MLflow would give up
on the whole DataFrame.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from fitprint.models.inference_values import ANY, NoTypeError, is_missing, items_type
from fitprint.models.schema import ColSpec, Schema, schema_of_columns
from fitprint.models.types import DataType, FieldType

_KINDS = {"b": DataType.boolean, "U": DataType.string, "S": DataType.binary, "M": DataType.datetime}
_INTEGERS = {1: DataType.integer, 2: DataType.integer, 4: DataType.integer, 8: DataType.long}
_UNSIGNED = {1: DataType.integer, 2: DataType.integer, 4: DataType.long}
_FLOATS = {2: DataType.float, 4: DataType.float, 8: DataType.double}
_PLAIN_LABELS = {str, int, float, bool, type(None)}
MISSING_COUNTS = "missing counts"
"""The key in the cache of a new schema for what was counted to make it: looking at all values again takes as long."""
_SIZED = {"i": _INTEGERS, "u": _UNSIGNED, "f": _FLOATS}


def frame_schema(frame: Any) -> Schema:
    """Infer the schema of a DataFrame.

    Args:
        frame: The DataFrame.

    Returns:
        A schema with a named column for each column.

    Raises:
        ValueError: There are no columns, a label repeats, or JSON cannot express a label.
    """
    labels = column_labels(frame)
    if not set(map(type, labels)) <= _PLAIN_LABELS:
        labels = [column_label(label) for label in labels]
    if not frame.columns.is_unique:
        raise ValueError("duplicate column labels")
    missing = missing_counts(frame)
    required = [not count for count in missing]
    types: list[FieldType] = []
    for dtype, positions in dtype_runs(frame):
        known = dtype_type(dtype)
        if known is not None and dtype.kind != "O":
            types += [known] * len(positions)
            continue
        for position in positions:
            inferred: FieldType | None = known
            if known is None or missing[position]:
                column = frame.iloc[:, position]
                inferred = column_type(column)
                required[position] = not missing[position] or not _has_missing(column)
            types.append(inferred or ANY)
    schema = schema_of_columns(types, labels, required)
    schema.cache[MISSING_COUNTS] = missing
    return schema


def series_schema(series: Any) -> Schema:
    """Infer the schema of a Series, which is one column with the name of the Series.

    Args:
        series: The Series.

    Returns:
        The schema.

    Raises:
        ValueError: The Series has missing values and no name, or JSON cannot express the name.
    """
    name = None if series.name is None else column_label(series.name)
    return Schema([ColSpec(column_type(series), name, required=not _has_missing(series))])


def column_type(column: Any) -> FieldType:
    """Infer the type of one column, which is `any` if a schema has no type for it."""
    import pandas as pd

    if column.dtype.kind != "O":
        return dtype_type(column.dtype) or ANY
    if isinstance(column.dtype, pd.StringDtype):
        return ANY if len(column) and column.isna().all() else DataType.string
    if column.dtype == "object":
        inferred = column.infer_objects()
        if inferred.dtype != column.dtype:
            return column_type(inferred)
    try:
        return items_type(_distinct(column))
    except (NoTypeError, ValueError):
        # the texts are of a subclass of str, or there are no rows
        return DataType.string if pd.api.types.is_string_dtype(column) else ANY


def _distinct(column: Any) -> list[Any]:
    """Return the values that decide the type: all of them, but those of a categorical column once each."""
    import numpy as np
    import pandas as pd

    if not isinstance(column.dtype, pd.CategoricalDtype):
        values: list[Any] = column.to_list()
        return values
    codes = np.unique(column.array.codes)  # -1 stands for a missing value
    used = column.array.categories[codes[codes >= 0]].to_list()
    return [*used, None] if len(codes) > len(used) else used


def dtype_type(dtype: Any) -> DataType | None:
    """Return the type of a column of this numpy or pandas dtype.

    Returns:
        The type, or None if the values decide it (objects) or there is none (uint64, timedelta and others).
    """
    if type(dtype).__name__ == "StringDtype":
        return DataType.string
    if dtype.kind in _SIZED:
        return _SIZED[dtype.kind].get(getattr(dtype, "itemsize", 0))  # a sparse dtype has no itemsize
    return _KINDS.get(dtype.kind)


def column_label(label: Any) -> Any:
    """Return a label in the form in which JSON can express it, for example an int for a numpy integer.

    Raises:
        NoTypeError: There is no such form.
    """
    if label is None or isinstance(label, (str, int, float)):
        return label
    if isinstance(label, tuple):
        return tuple(map(column_label, label))
    if type(label).__module__ == "numpy" and hasattr(label, "item"):
        return column_label(label.item())
    raise NoTypeError(f"the label {label!r} cannot be written as JSON")


def column_labels(frame: Any) -> list[Any]:
    """The labels of the columns as Python objects. An index of texts alone would be asked for them one by one."""
    labels = frame.columns
    if type(labels.dtype).__name__ == "StringDtype":
        labels = labels.to_numpy(dtype=object)
    listed: list[Any] = labels.tolist()
    return listed


def dtype_runs(frame: Any) -> Iterator[tuple[Any, range]]:
    """Yield each run of neighbouring columns that share one dtype object, with their positions.

    Dtypes are compared by identity, because the hash of a categorical dtype is that of all its categories.
    """
    start = 0
    for _, run in groupby(frame.dtypes.tolist(), key=id):
        dtypes = list(run)
        yield dtypes[0], range(start, start + len(dtypes))
        start += len(dtypes)


def columns_by_dtype(frame: Any) -> tuple[list[tuple[Any, list[int]]], list[int]]:
    """Group the columns of a DataFrame by dtype, because columns of one numpy dtype can be read as one array.

    Args:
        frame: The DataFrame.

    Returns:
        Each numpy dtype with the positions of its columns, in the order of the first column; then the positions of the
        other columns, which hold objects or have a dtype of pandas.
    """
    import numpy as np

    alike: dict[Any, list[int]] = {}
    others: list[int] = []
    for dtype, positions in dtype_runs(frame):
        if isinstance(dtype, np.dtype) and dtype.kind != "O":
            alike.setdefault(dtype, []).extend(positions)
        else:
            others.extend(positions)
    return list(alike.items()), others


def columns_at(frame: Any, positions: list[int]) -> Any:
    """Return the columns at these positions as a DataFrame, which is `frame` itself if these are all of its columns."""
    return frame if len(positions) == frame.shape[1] else frame.iloc[:, positions]


def missing_counts(frame: Any) -> list[int]:
    """Count the missing values of each column. Columns of one dtype are looked at together, which is quick."""
    import numpy as np

    counts = [0] * frame.shape[1]
    alike, others = columns_by_dtype(frame)
    unsure = [*others, *(position for dtype, positions in alike if dtype.kind not in "iubf" for position in positions)]
    for dtype, positions in alike:
        if dtype.kind == "f":
            with np.errstate(all="ignore"):
                sums = columns_at(frame, positions).to_numpy().sum(axis=0)
            # a sum is NaN if one of the values is NaN, or if infinities of both signs are among them
            unsure += [positions[place] for place in np.isnan(sums).nonzero()[0].tolist()]
    if unsure:
        missing = columns_at(frame, unsure := sorted(unsure)).isna().to_numpy().sum(axis=0)
        for position, count in zip(unsure, missing.tolist(), strict=True):
            counts[position] = count
    return counts


def _has_missing(column: Any) -> bool:
    if not column.hasnans:
        return False
    # unlike MLflow, pandas counts a Decimal('NaN') and a numpy NaT among objects as missing
    return column.dtype != "object" or any(map(is_missing, column.array[column.isna()]))
