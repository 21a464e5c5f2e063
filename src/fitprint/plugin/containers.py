"""The tables from which a framework's data containers were made, for containers that do not keep them.

Only weak references are kept, and the columns of a table without its rows: the user's data lives no longer because of
fitprint.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple


class _Origin(NamedTuple):
    container: weakref.ref[Any]
    parts: dict[str, weakref.ref[Any]]
    columns: Any


class ContainerOrigins:
    """Remembers the tables that containers were made from.

    A container does not have to be hashable, but it must be possible to refer to it weakly.
    """

    __module__ = "fitprint.plugin"

    def __init__(self) -> None:
        self._origins: dict[int, _Origin] = {}

    def remember(self, container: Any, **parts: Any) -> None:
        """Remember what a container was made from.

        Args:
            container: The container.
            parts: What it was made from, by name: ``data``, ``label``. Values that are not tables are ignored.
        """
        key = id(container)
        tables = {name: part for name, part in parts.items() if _is_table(part)}
        self._origins[key] = _Origin(
            weakref.ref(container, lambda _: self._origins.pop(key, None)),
            {name: weakref.ref(table) for name, table in tables.items()},
            columns_of(tables.get("data")),
        )

    def alive(self, container: Any, name: str) -> Any:
        """Return a part that a container was made from, or None when it is gone or was never seen.

        Args:
            container: The container.
            name: The name of the part: ``data`` or ``label``.
        """
        origin = self._origin_of(container)
        part = origin.parts.get(name) if origin is not None else None
        return part() if part is not None else None

    def columns(self, container: Any) -> Any:
        """Return the table that a container was made from, without its rows; None when it was never seen."""
        origin = self._origin_of(container)
        return origin.columns if origin is not None else None

    def _origin_of(self, container: Any) -> _Origin | None:
        origin = self._origins.get(id(container))
        return origin if origin is not None and origin.container() is container else None


class UnknownColumns:
    """Data whose columns are not known: a model predicts on its ``rows``, but no schema is inferred from them.

    Args:
        rows: The rows to predict on.
    """

    __module__ = "fitprint.plugin"

    def __init__(self, rows: Any) -> None:
        self.rows = rows


def columns_of(table: Any) -> Any:
    """Return a DataFrame or an array without its rows, sharing no memory with it; None for anything else."""
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        return table.iloc[:0].copy()
    return table[:0].copy() if hasattr(table, "__array_interface__") else None


def example_row(columns: Any) -> Any:
    """Make one row for a table that has none: zeros, False, the first category, the empty text.

    Args:
        columns: A DataFrame or an array without rows.

    Returns:
        The same with one row; None when a column has a type for which no value is known.
    """
    import numpy as np
    import pandas as pd

    if not hasattr(columns, "columns"):
        return np.zeros((1, *columns.shape[1:]), columns.dtype) if columns.dtype.kind in "biuf" else None
    values = []
    for position in range(columns.shape[1]):
        column = columns.iloc[:, position]
        value = _value_of(column.dtype)
        if value is None:
            return None
        values.append(pd.Series([value], dtype=column.dtype, name=column.name))
    row = pd.concat(values, axis=1) if values else columns
    row.columns = columns.columns
    return row


def _value_of(dtype: Any) -> Any:
    categories = getattr(dtype, "categories", None)
    if categories is not None:
        return categories[0] if len(categories) else None
    if getattr(dtype, "kind", "") in ("b", "i", "u", "f"):
        return False if dtype.kind == "b" else 0
    return "" if str(dtype).startswith(("str", "string")) else None


def _is_table(value: Any) -> bool:
    return any(hasattr(value, name) for name in ("iloc", "tocsr", "__array_interface__"))
