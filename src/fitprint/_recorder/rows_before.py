"""A few rows of a training's data as they were before it, for a signature that its own data still fits afterwards.

Some trainings change their table in place: a transformer adds a column, or replaces one by its codes. What users pass
to `predict` is like the table before that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from fitprint.models.fidelity import ROWS

_MOST_COLUMNS = 100
"""Of a wider table only the labels are kept, because copying rows may take as long as there are columns."""


class RowsBefore(NamedTuple):
    """A table, and what it was like before the training."""

    table: Any
    columns: Any
    rows: Any
    """A copy of the first rows; None for a wide table."""


def rows_before(arguments: Iterable[Any]) -> RowsBefore | None:
    """Copy a few rows of the first table of pandas among the arguments of a call.

    Args:
        arguments: The arguments.

    Returns:
        The rows; None if there is no table.
    """
    pandas = sys.modules.get("pandas")  # if pandas is not imported, there is no table of it
    for table in arguments:
        if pandas is not None and isinstance(table, pandas.DataFrame):
            columns = table.columns
            return RowsBefore(table, columns, table.iloc[:ROWS].copy() if len(columns) <= _MOST_COLUMNS else None)
    return None


def as_before(data: Any, before: RowsBefore | None) -> Any:
    """Return the data of a training as it was before, or as much of it as is known.

    Args:
        data: The data now.
        before: What `rows_before` returned before the training.

    Returns:
        The data itself, unless its columns have changed since.
    """
    if before is None or before.table is not data or _is_as_it_was(before):
        return data
    known = before.columns.is_unique and before.columns.isin(data.columns).all()
    same_columns = data[before.columns] if known else None
    if same_columns is not None and _has_dtypes_of(before, same_columns):
        return same_columns
    return data if before.rows is None or not len(before.rows) else before.rows


def _is_as_it_was(before: RowsBefore) -> bool:
    return before.table.columns is before.columns and _has_dtypes_of(before, before.table)


def _has_dtypes_of(before: RowsBefore, table: Any) -> bool:
    """Return whether the columns have the dtypes that they had before; True if these are not known."""
    return before.rows is None or bool(table.dtypes.tolist() == before.rows.dtypes.tolist())
