"""What a framework's own container of data was made from, where it keeps neither that nor its dtypes.

Only weak references are kept, and of a table its columns without a row: the user's data lives as long as without us.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple


class _Kept(NamedTuple):
    container: weakref.ref[Any]
    parts: dict[str, weakref.ref[Any]]
    columns: Any


class Originals:
    """Remembers the tables that containers were made from. A container needs no hash, only to be weakly referable."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}

    def remember(self, container: Any, **parts: Any) -> None:
        """Notes what a container has been made from: ``data``, ``label``. What is no table is not kept."""
        key = id(container)
        tables = {name: each for name, each in parts.items() if _is_table(each)}
        self._kept[key] = _Kept(
            weakref.ref(container, lambda _: self._kept.pop(key, None)),
            {name: weakref.ref(each) for name, each in tables.items()},
            columns_of(tables.get("data")),
        )

    def alive(self, container: Any, name: str) -> Any:
        """What a container was made from, or None when it is gone or was not seen."""
        kept = self._of(container)
        part = kept.parts.get(name) if kept is not None else None
        return part() if part is not None else None

    def columns(self, container: Any) -> Any:
        """The table a container was made from, without a row of it: a DataFrame or an array. None when not seen."""
        kept = self._of(container)
        return kept.columns if kept is not None else None

    def _of(self, container: Any) -> _Kept | None:
        kept = self._kept.get(id(container))
        return kept if kept is not None and kept.container() is container else None


class Unseen:
    """Data of which nobody can say what columns it has: a model predicts on its ``rows``, and it has no schema."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows


def columns_of(table: Any) -> Any:
    """A DataFrame or an array without its rows, sharing nothing with it; None for others."""
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        return table.iloc[:0].copy()
    return table[:0].copy() if hasattr(table, "__array_interface__") else None


def a_row_of(columns: Any) -> Any:
    """One row for columns without any: zeros, false, the first category, the empty text.

    None where a column is of another kind, and nobody can say what a row of it looks like.
    """
    import numpy as np
    import pandas as pd

    if not hasattr(columns, "columns"):
        return np.zeros((1, *columns.shape[1:]), columns.dtype) if columns.dtype.kind in "biuf" else None
    made = []
    for position in range(columns.shape[1]):
        column = columns.iloc[:, position]
        value = _value_of(column.dtype)
        if value is None:
            return None
        made.append(pd.Series([value], dtype=column.dtype, name=column.name))
    row = pd.concat(made, axis=1) if made else columns
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
