"""Tables in CSV and Parquet, read by the signature."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.csv_data import read_csv
from fitprint.models.schema import Schema
from fitprint.models.types import AnyType, DataType
from fitprint.serving import bodies, tensors
from fitprint.serving.columns import Column
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import Faults
from fitprint.serving.numbers import EXACT
from fitprint.serving.parquet import read_parquet
from fitprint.serving.served import ServedModel
from fitprint.serving.tables import Plan, Table, plan_of, table

ReadColumn = Callable[[Sequence[str]], list[Any]]

_NULLS = frozenset(
    {"", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>", "#N/A", "NaT"}
)
"""What pandas reads as a missing value, and writes as one."""
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_INTEGER = re.compile(r"\s*[+-]?\d{1,400}\s*")
_INFINITE = re.compile(r"\s*[+-]?(inf|infinity)\s*", re.IGNORECASE)


def of_csv(body: bytes, model: ServedModel) -> Table:
    """Make a table of CSV with a header.

    Raises:
        RequestError: It is not CSV, or does not fit the signature.
    """
    text = bodies.text_of(body)
    if "\0" in text:
        raise RequestError(400, "The body has a NUL byte, so it is not CSV.")
    if model.inputs is None:
        done, frame = attempt(read_csv, io.StringIO(text))
        if not done:
            raise RequestError(400, "The body is not CSV with a header.")
        return Table(frame, len(frame))
    header, rows = _parsed(text)
    if model.inputs.is_tensor_spec():
        return _tensors(model.inputs, header, [_each(_any)(column) for column in _columns(header, rows)])
    return _typed(plan_of(model), header, rows)


def _parsed(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows; lines without a character are left out, as pandas does."""
    try:
        lines = list(filter(None, csv.reader(io.StringIO(text, newline=""), strict=True)))
    except csv.Error as error:
        raise RequestError(400, f"The body is not CSV: {error}.") from None
    if not lines:
        raise RequestError(400, "The body is empty; CSV must begin with a header.")
    header, rows = lines[0], lines[1:]
    if set(map(len, rows)) - {len(header)}:
        number = next(number for number, row in enumerate(rows) if len(row) != len(header))
        raise RequestError(400, f"Row {number} has {len(rows[number])} fields, and the header has {len(header)}.")
    return header, rows


def _typed(plan: Plan, header: list[str], rows: list[list[str]]) -> Table:
    pairs = zip(_columns(header, rows), _readers(plan, header), strict=True)
    sent = [column if read is None else read(column) for column, read in pairs]
    return table(plan, header, sent, by_row=False, rows=len(rows), faults=Faults())


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Any]:
    return list(zip(*rows, strict=True)) if rows else [()] * len(header)


def _readers(plan: Plan, header: Sequence[str]) -> list[ReadColumn | None]:
    if not plan.is_named:
        known: dict[int, Column] = dict(enumerate(plan.columns))
        return [_reader(known[place]) if place in known else None for place in range(len(header))]
    places = [plan.position.get(label) for label in header]
    return [None if place is None else _reader(plan.columns[place]) for place in places]


def _numbers(cells: Sequence[str]) -> list[Any]:
    """Return a column of numbers as JSON would have it. Python's own reading is right where all are small enough."""
    if not any("_" in cell for cell in cells):  # Python's float() takes 1_000
        done, numbers = attempt(list, map(float, cells))
        if done and all(-EXACT < number < EXACT or number != number for number in numbers):
            return numbers  # type: ignore[no-any-return]
    return list(map(_number, cells))


def _each(read: Callable[[str], Any]) -> ReadColumn:
    return lambda cells: list(map(read, cells))


def _number(cell: str) -> Any:
    """Return a number as JSON would have it; what is none stays text, which the signature then refuses."""
    if _INTEGER.fullmatch(cell):
        return int(cell)
    if _NUMBER.fullmatch(cell):
        number = float(cell)
        return cell if number in (float("inf"), float("-inf")) else number
    if cell.strip() in _NULLS:
        return None
    return float(cell) if _INFINITE.fullmatch(cell) else cell


def _boolean(cell: str) -> Any:
    return _TRUTH.get(cell.strip().lower(), None if cell.strip() in _NULLS else cell)


_TRUTH = {"true": True, "false": False}


def _nullable_text(cell: str) -> Any:
    return cell or None


def _moment(cell: str) -> Any:
    return None if cell.strip() in _NULLS else cell.strip()


def _nested(cell: str) -> Any:
    """Return the JSON in a cell, which is as strict as a body is."""
    if cell in _NULLS:
        return None
    try:
        return bodies.read_json(cell.encode("utf-8"))
    except RequestError:
        return cell  # a text, which the signature then refuses


def _any(cell: str) -> Any:
    value = _number(cell)
    return _boolean(cell) if isinstance(value, str) else value


def _reader(column: Column) -> ReadColumn | None:
    """Return what turns the cells of a column into the values that JSON would have; None where they stay texts.

    In a column of texts that are required an empty cell is an empty text, since CSV has no other way to write one.
    """
    kind = column.type
    if column.exact is not None:
        return _exact_reader(column)
    if isinstance(kind, AnyType):
        return _each(_any)
    if not isinstance(kind, DataType):
        return _each(_nested)
    if kind in (DataType.string, DataType.binary):
        return None if column.required else _each(_nullable_text)
    if kind is DataType.boolean:
        return _each(_boolean)
    return _each(_moment) if kind is DataType.datetime else _numbers


def _exact_reader(column: Column) -> ReadColumn | None:
    assert column.exact is not None
    name = str(column.exact["dtype"])
    if name == "category":
        kinds = {type(category) for category in column.exact.get("categories") or ("",)}
        if kinds == {bool}:
            return _each(_boolean)
        if str in kinds:
            return None if column.required else _each(_nullable_text)
        return _numbers
    if name == "string":
        return None if column.required else _each(_nullable_text)
    if name == "boolean":
        return _each(_boolean)
    return _each(_moment) if name.startswith(("datetime", "timedelta")) else _numbers


def _tensors(schema: Schema, labels: Sequence[Any], columns: Sequence[list[Any]]) -> Table:
    """Return a table as the tensors that the signature asks for: its columns by name, or all of it as the only one."""
    data: Any = dict(zip(map(str, labels), columns, strict=True))
    if not schema.has_input_names():
        data = list(map(list, zip(*columns, strict=True)))
    made = tensors.tensors_of(schema, data)
    return Table(made, tensors.rows_of(made), tensors.extra_tensors(schema, data))


def of_parquet(body: bytes, model: ServedModel) -> Table:
    """Make a table of a Parquet file.

    Raises:
        RequestError: It is not Parquet, does not fit the signature, is too large, or pyarrow is not installed.
    """
    frame = read_parquet(body, keep_integers=model.inputs is not None)
    if model.inputs is None:
        return Table(frame, len(frame))
    labels = list(frame.columns)
    columns = [_plain(frame.iloc[:, position]) for position in range(len(labels))]
    if model.inputs.is_tensor_spec():
        return _tensors(model.inputs, labels, columns)
    return table(plan_of(model), labels, columns, by_row=False, rows=len(frame), faults=Faults())


def _plain(column: Any) -> list[Any]:
    """Return the values of a column as JSON would have them: times as ISO texts, missing values as None."""
    missing = column.isna().tolist()
    if column.dtype.kind in "mM":
        values = [value.isoformat() for value in column]
    else:
        values = [item.tolist() if hasattr(item, "tolist") else item for item in column.tolist()]
    is_float = column.dtype.kind == "f"
    return [None if gone and not is_float else value for value, gone in zip(values, missing, strict=True)]
