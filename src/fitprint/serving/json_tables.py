"""Tables in JSON: ``dataframe_split``, ``dataframe_records``, and a table in ``instances`` or ``inputs``."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from fitprint.models.types import AnyType, Array, Map, Object
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import Faults, kind_of
from fitprint.serving.frames import NumberRows
from fitprint.serving.tables import MISSING, Plan, Table, table

SPLIT_KEYS = {"columns", "index", "data"}


def of_split(plan: Plan, split: Any) -> Table:
    """Make a table of ``{"columns": [...], "data": [[...]]}``.

    Raises:
        RequestError: It has another form, or does not fit the signature.
    """
    columns, rows, index = split_parts(split, plan.names)
    width = len(columns) if columns is not None else None
    check_rows(rows, width)
    made = table(plan, columns, rows, by_row=True, rows=len(rows), faults=Faults())
    if index is None:
        return made
    content = made.content.frame() if isinstance(made.content, NumberRows) else made.content
    if hasattr(content, "iloc"):
        content.index = index
    return replace(made, content=content)


def split_parts(split: Any, names: list[Any] | None = None) -> tuple[list[Any] | None, list[Any], list[Any] | None]:
    """Return the columns, the rows and the index of a table in the form ``split``; an index of 0, 1, ... is None.

    Args:
        split: What the caller has sent.
        names: The names of the model's columns. If the caller has sent them as they are, this very list is returned.
    """
    if not isinstance(split, dict):
        raise RequestError(400, f"A table in the form split is an object, not {kind_of(split)}.")
    unknown = split.keys() - SPLIT_KEYS
    if "data" not in split or unknown:
        raise RequestError(400, "A table in the form split has the key data, and may have columns and index.")
    rows, columns, index = split["data"], split.get("columns"), split.get("index")
    if not isinstance(rows, list):
        raise RequestError(400, f"The key data must be a list of rows, not {kind_of(rows)}.")
    if columns is not None:
        columns = names if names is not None and columns == names else _labels(columns)
    if index is not None and index != list(range(len(rows))):
        if not isinstance(index, list) or len(index) != len(rows):
            raise RequestError(400, "The key index must be a list with a label for each row.")
        if any(isinstance(label, (list, dict)) for label in index):
            raise RequestError(400, "The labels in index must be numbers or texts.")
        return columns, rows, index
    return columns, rows, None


def _labels(columns: Any) -> list[Any]:
    if not isinstance(columns, list):
        raise RequestError(400, f"The key columns must be a list of names, not {kind_of(columns)}.")
    labels: list[Hashable] = []
    for label in columns:
        if isinstance(label, list) and not any(isinstance(part, (list, dict)) for part in label):
            labels.append(tuple(label))
        elif isinstance(label, (list, dict)) or label is None:
            raise RequestError(400, "The names of columns must be texts or numbers.")
        else:
            labels.append(label)
    return labels


def check_rows(rows: Sequence[Any], width: int | None) -> None:
    """Check that all rows are lists of one length.

    Raises:
        RequestError: They are not; the message names the first that is not.
    """
    if set(map(type, rows)) <= {list}:
        expected = len(rows[0]) if width is None and rows else width
        if not rows or set(map(len, rows)) == {expected}:
            return
    expected = width
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            raise RequestError(400, f"Row {number} must be a list of values, not {kind_of(row)}.")
        expected = len(row) if expected is None else expected
        if len(row) != expected:
            raise RequestError(400, f"Row {number} has {len(row)} values, and there are {expected} columns.")


def of_records(plan: Plan, records: Any) -> Table:
    """Make a table of ``[{"column": value, ...}, ...]``.

    Raises:
        RequestError: It has another form, or does not fit the signature.
    """
    check_records(records)
    labels = records[0].keys() if records else ()
    names: list[Any] = [str(column.name) for column in plan.columns] if plan.is_named else list(labels)
    getter = itemgetter(*names) if len(names) > 1 else None
    faults = Faults()
    try:
        rows = list(map(getter, records)) if getter else [(record[names[0]],) for record in records] if names else []
    except KeyError:
        return _of_ragged(plan, names, records, faults)
    ignored = set().union(*(record.keys() for record in records if len(record) > len(names))) - set(names)
    if not names and records:
        rows = [()] * len(records)
    made = table(plan, plan.names if plan.is_named else names, rows, by_row=True, rows=len(records), faults=faults)
    return replace(made, ignored=(*made.ignored, *sorted(ignored)))


def check_records(records: Any) -> None:
    """Check that there is a list of objects."""
    if not isinstance(records, list):
        raise RequestError(400, f"A table in the form records is a list of objects, not {kind_of(records)}.")
    if set(map(type, records)) - {dict}:
        number = next(number for number, record in enumerate(records) if not isinstance(record, dict))
        raise RequestError(400, f"Row {number} must be an object, not {kind_of(records[number])}.")


def _of_ragged(plan: Plan, names: list[Any], records: list[dict[str, Any]], faults: Faults) -> Table:
    """Make a table of records that do not all have all columns."""
    keys = set().union(*(record.keys() for record in records))
    present = [name for name in names if name in keys]
    columns = [[record.get(name, MISSING) for record in records] for name in present]
    made = table(plan, present, columns, by_row=False, rows=len(records), faults=faults)
    return replace(made, ignored=tuple(sorted(keys - set(names))))


def of_data(plan: Plan, data: Any) -> Table:
    """Make a table of what stands in ``instances`` or ``inputs``: rows, records, columns, one row, or one column.

    Raises:
        RequestError: It has another form, or does not fit the signature.
    """
    if isinstance(data, dict):
        return _of_columns(plan, data)
    if not isinstance(data, list):
        return table(plan, None, [[data]], by_row=True, rows=1, faults=Faults())
    kinds = set(map(type, data))
    if kinds == {dict}:
        return of_records(plan, data)
    if kinds <= {list} and not _is_column_of_lists(plan):
        check_rows(data, None)
        return table(plan, None, data, by_row=True, rows=len(data), faults=Faults())
    if len(plan.columns) == 1:
        return table(plan, None, [data], by_row=False, rows=len(data), faults=Faults())
    raise RequestError(400, "The data must be a list of rows, each a list of values, or a list of objects.")


def _is_column_of_lists(plan: Plan) -> bool:
    return len(plan.columns) == 1 and isinstance(plan.columns[0].type, (Array, AnyType))


def _of_columns(plan: Plan, data: dict[str, Any]) -> Table:
    """Make a table of an object of columns, or of one row: of values that are no lists, or have a nested type."""
    nested = any(isinstance(column.type, (Array, Object, Map)) for column in plan.columns)
    if nested or not any(isinstance(value, list) for value in data.values()):
        return of_records(plan, [data])
    lengths = {len(value) for value in data.values() if isinstance(value, list)}
    if len(lengths) > 1 or not all(isinstance(value, list) for value in data.values()):
        raise RequestError(400, "The columns must be lists of the same length.")
    return table(plan, list(data), list(data.values()), by_row=False, rows=lengths.pop(), faults=Faults())
