"""Rows and columns as a DataFrame that fits a signature of columns, built so that nothing has to be converted again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fitprint.models.errors import SchemaError
from fitprint.models.exact_inputs import ExactInputs
from fitprint.models.schema import ColSpec, Schema
from fitprint.models.types import DataType
from fitprint.serving.columns import Column
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import MISFIT, Faults
from fitprint.serving.frames import Block, NumberRows, frame_of_blocks
from fitprint.serving.numbers import number_block
from fitprint.serving.served import ServedModel

Lines = Sequence[Sequence[Any]]
MISSING = object()
"""Stands for the value of a key that a record lacks."""


@dataclass(frozen=True)
class Table:
    """What a `Request` has as its content, and the names of the columns that were dropped.

    Tables of one ``form`` have the same labels and the same dtypes; None where that has to be looked at.
    """

    content: Any
    rows: int | None
    ignored: tuple[str, ...] = ()
    form: Hashable | None = None


class Plan:
    """What a schema of columns asks of a request. It is worked out once for each model."""

    def __init__(self, schema: Schema, exact: ExactInputs | None) -> None:
        dtypes = exact.dtypes if exact is not None else {}
        self.is_named = schema.has_input_names()
        self.exact = exact if exact is not None and (exact.dtypes or exact.form) else None
        names = schema.input_names()
        self.columns = [
            Column(name, spec.type, spec.required, dtypes.get(spec.name))
            for name, spec in zip(names, schema, strict=True)
            if isinstance(spec, ColSpec)
        ]
        self.names: list[Any] = names
        self.has_one_of_each = len(set(map(str, names))) == len(names)
        self.position = {str(name): position for position, name in enumerate(names)} | {
            name: position for position, name in enumerate(names)
        }
        numbers = {column.number for column in self.columns}
        self.number: DataType | None = numbers.pop() if len(numbers) == 1 else None
        """The type of all columns, if it is one of numbers."""
        groups: dict[DataType, list[int]] = {}
        for position, column in enumerate(self.columns):
            if column.number is not None:
                groups.setdefault(column.number, []).append(position)
        self.groups = groups

    @cached_property
    def index(self) -> Any:
        """The labels as pandas has them."""
        import pandas as pd

        return _labels(self.names) if self.is_named else pd.RangeIndex(len(self.names))


def plan_of(model: ServedModel) -> Plan:
    """Return the plan of a model whose signature has columns."""
    plan = model.cache.get("plan")
    if plan is None:
        assert model.inputs is not None
        plan = model.cache["plan"] = Plan(model.inputs, model.exact)
    return plan


def table(
    plan: Plan,
    labels: Sequence[Hashable] | None,
    lines: Lines,
    *,
    by_row: bool,
    rows: int,
    faults: Faults,
) -> Table:
    """Make a table of rows or columns.

    Args:
        plan: The model's plan.
        labels: The labels of the columns; None if the caller names none.
        lines: The rows, each as long as there are labels; or the columns, of equal length.
        by_row: Whether the lines are rows.
        rows: The number of rows.
        faults: What was found so far.

    Returns:
        The table.

    Raises:
        RequestError: There are faults.
    """
    if not rows and (labels is None or not plan.is_named):  # no rows need no names
        labels, lines, by_row = plan.names if plan.is_named else None, [()] * len(plan.columns), False
    width = len(labels) if labels is not None else (len(lines[0]) if by_row and lines else len(lines))
    order, index, ignored = _order(plan, labels, width, rows, faults)
    whole = order == range(width) and len(order) == len(plan.columns) and not faults.count
    if whole and plan.number is not None and lines and rows:
        made = number_block(lines, plan.number)
        if made is not None:
            numbers = NumberRows(made if by_row else made.T, index)
            if index is plan.index and plan.exact is None:
                return Table(numbers, rows, ignored, plan.number)
            return _finished(plan, numbers.frame(), rows, ignored)
    columns = (list(zip(*lines, strict=True)) if lines else [()] * width) if by_row else lines
    blocks = _blocks(plan, [None if place is None else columns[place] for place in order], faults)
    faults.check()
    return _finished(plan, _frame(plan, blocks, index, rows), rows, ignored)


def _labels(names: Sequence[Hashable]) -> Any:
    """Return names as an Index.

    Texts are kept as Python's own ones, where pandas would give them to pyarrow: the dtype is called ``str`` all the
    same, and a model that looks at the names of its columns need not have texts made of them at each prediction.
    """
    import pandas as pd

    labels = pd.Index(names, tupleize_cols=False)
    if getattr(labels.dtype, "storage", None) == "pyarrow":
        labels = labels.astype(pd.StringDtype("python", na_value=labels.dtype.na_value))
    return labels


def _order(
    plan: Plan, labels: Sequence[Hashable] | None, width: int, rows: int, faults: Faults
) -> tuple[Any, Any, tuple[str, ...]]:
    """Return where each column of the schema is, the labels of the frame, and the labels that are dropped."""
    import pandas as pd

    count = len(plan.columns)
    if labels is plan.names and plan.is_named and plan.has_one_of_each:
        return range(count), plan.index, ()
    if labels is not None:
        _refuse_doubles(labels)
    if not plan.is_named or (labels is None and count == 1 and width == 1):
        if width < count and rows:
            faults.add(f"expected {count} columns, got {width}", expected=f"{count} columns", got=f"{width} columns")
            faults.check()
        index = plan.index if labels is None or plan.is_named else pd.Index(list(labels)[:count], tupleize_cols=False)
        return range(count) if width >= count else [None] * count, index, tuple(map(str, (labels or ())[count:]))
    if labels is None:
        raise RequestError(
            400,
            "The data has no column names, and the model's columns have names; send each row as an object with the "
            "names as keys, or columns beside the data.",
            MISFIT,
        )
    if list(labels) == plan.names:
        return range(count), plan.index, ()
    places = {plan.position.get(label): place for place, label in enumerate(labels)}
    order = [places.get(position) for position in range(count)]
    for column, place in zip(plan.columns, order, strict=True):
        if place is None and column.required:
            column.missing(faults)
    return order, plan.index, tuple(str(label) for label in labels if label not in plan.position)


def _refuse_doubles(labels: Sequence[Hashable]) -> None:
    seen = set(map(str, labels))
    if len(seen) < len(labels):
        raise RequestError(400, "Two columns have the same name; each name may stand once.", MISFIT)


def _blocks(plan: Plan, columns: list[Any], faults: Faults) -> list[Block]:
    """Return the columns for pandas. Those of one type of numbers are converted together."""
    made: list[Block] = []
    done: set[int] = set()
    for dtype, positions in plan.groups.items():
        present = [position for position in positions if columns[position] is not None]
        together = number_block([columns[position] for position in present], dtype) if present else None
        if together is not None:
            made.append((together, present))
            done.update(present)
    for position, (column, sent) in enumerate(zip(plan.columns, columns, strict=True)):
        if sent is None or position in done:
            continue
        if any(value is MISSING for value in sent):
            if column.required:
                column.missing_in(sent, MISSING, faults)
                continue
            sent = [None if value is MISSING else value for value in sent]
        array = column.made(sent, faults)
        if array is not None:
            made.append((array, [position]))
    return made


def _frame(plan: Plan, blocks: list[Block], index: Any, rows: int) -> Any:
    """Return the DataFrame; optional columns that were not sent are not in it."""
    present = sorted(position for _, positions in blocks for position in positions)
    if len(present) == len(plan.columns):
        return frame_of_blocks(blocks, index, rows)
    place = {position: number for number, position in enumerate(present)}
    moved = [(values, [place[position] for position in positions]) for values, positions in blocks]
    return frame_of_blocks(moved, index[present], rows)


def _finished(plan: Plan, frame: Any, rows: int, ignored: tuple[str, ...]) -> Table:
    return Table(finish(plan, frame), rows, ignored)


def finish(plan: Plan, frame: Any) -> Any:
    """Return a DataFrame as the model took its rows in the training: with categories, or as a list.

    Raises:
        RequestError: It does not fit.
    """
    if plan.exact is None:
        return frame
    try:
        return plan.exact.enforce(frame)
    except SchemaError as error:
        faults = Faults()
        for problem in error.problems:
            faults.add("the values do not have the type of the signature", value=problem)
        faults.check()
        raise
