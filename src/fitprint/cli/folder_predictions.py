"""`fitprint predict PACKAGE FOLDER`: the files of a folder, a piece at a time, into one table of predictions.

The table has a line per row: ``row``, its number in its file; ``file``, its path in the folder; and the prediction.
This is the layout in which Azure's batch endpoints write the predictions of a package.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import click

from fitprint._console.terminal import is_terminal
from fitprint._core.guard import attempt, describe
from fitprint.cli.texts import clean
from fitprint.models.csv_data import table
from fitprint.models.enforcement import check_row_count
from fitprint.models.errors import SchemaError
from fitprint.models.schema import Schema
from fitprint.models.table_files import chunks, is_table

ROW, FILE = "row", "file"
PARTIAL = ".partial"
_SHOWN = 10


@dataclass
class Input:
    """A file of a folder."""

    path: Path
    name: str
    """Its path in the folder, with slashes."""
    size: int


@dataclass
class Table:
    """The table that is written. Its columns are those of the first predictions."""

    file: TextIO
    columns: list[str] | None = None
    rows: int = 0

    def fitting(self, predictions: Any) -> Any:
        """Return predictions as a DataFrame with the columns of the table, without those of the row and the file.

        Raises:
            ValueError: They have other columns than those before.
        """
        frame = table(predictions)
        columns = [f"prediction_{column}" if column in (ROW, FILE) else str(column) for column in frame.columns]
        if self.columns is not None and columns != self.columns:
            raise ValueError(
                f"its predictions have the columns {', '.join(columns)}, and those before {', '.join(self.columns)}"
            )
        return frame.set_axis(columns, axis=1).reset_index(drop=True)

    def write(self, name: str, numbers: Any, frame: Any) -> None:
        """Write the predictions of some rows of a file, which fit."""
        if self.columns is None:
            self.columns = list(frame.columns)
            csv.writer(self.file, lineterminator="\n").writerow([ROW, FILE, *self.columns])
        frame.insert(0, ROW, list(numbers))
        frame.insert(1, FILE, name)
        frame.to_csv(self.file, header=False, index=False, lineterminator="\n")
        self.rows += len(frame)


@dataclass
class Outcome:
    """What became of a folder."""

    rows: int = 0
    files: int = 0
    broken: list[str] = field(default_factory=list)
    """The names of the files that were not predicted to their end."""


def predict_folder(
    model: Any, folder: Path, params: Mapping[str, Any] | None, target: str | None, chunk_rows: int
) -> Outcome:
    """Predict the rows of all CSV and Parquet files of a folder, and of the folders in it.

    A file that cannot be read or predicted is named on standard error, and the others are predicted all the same.

    Args:
        model: The loaded package.
        folder: The folder.
        params: Values of the signature's params.
        target: The file to write, which appears once it is complete; None for standard output.
        chunk_rows: The rows that are read and predicted at a time.

    Raises:
        ValueError: The folder has no such file.
        OSError: It cannot be listed, or the table cannot be written.
    """
    inputs, others = _listed(folder, target)
    if others:
        names = ", ".join([*others[:_SHOWN], *(["..."] if len(others) > _SHOWN else [])])
        click.echo(f"fitprint: neither CSV nor Parquet, passed over: {clean(names)}", err=True)
    if not inputs:
        raise ValueError(f"{folder} has no file that ends in .csv or .parquet")
    outcome = Outcome(files=len(inputs))
    with _written(target) as file, _ProgressBar(sum(input_file.size for input_file in inputs)) as progress:
        written = Table(file)
        for input_file in inputs:
            rows_before = written.rows
            pieces = _predicted(model, input_file, params, written, chunk_rows)
            while True:
                could, piece = attempt(next, pieces, None)  # only what concerns this file: a full disk ends the command
                if not could or piece is None:
                    break
                numbers, frame, read = piece
                if frame is not None:
                    written.write(input_file.name, numbers, frame)
                progress.at(input_file, read)
            if not could:
                outcome.broken.append(input_file.name)
                progress.tell(
                    f"fitprint: {clean(input_file.name)}: {_reason(piece)}; {_done(written.rows - rows_before)}"
                )
            progress.ended(input_file)
        outcome.rows = written.rows
    return outcome


def _predicted(
    model: Any, input_file: Input, params: Mapping[str, Any] | None, written: Table, chunk_rows: int
) -> Iterator[tuple[Any, Any, int]]:
    """Yield the numbers of some rows, their predictions (None where there are no rows), and the bytes read so far."""
    schema = model.metadata.get_input_schema()
    for rows, read in chunks(input_file.path, chunk_rows, schema, model.exact_dtypes):
        if not len(rows):
            _check_names(rows, schema)
            yield None, None, read
            continue
        predictions = model.predict(rows, params)
        check_row_count(predictions, rows)
        yield rows.index, written.fitting(predictions), read


def _check_names(rows: Any, schema: Schema | None) -> None:
    """Refuse a file without rows that lacks columns: most often its first row stands where the names should be.

    Raises:
        SchemaError: A required column is missing.
    """
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return
    missing = [str(spec.name) for spec in schema if spec.required and spec.name not in rows.columns]
    if missing:
        named = ", ".join([*map(repr, missing[:_SHOWN]), *(["..."] if len(missing) > _SHOWN else [])])
        raise SchemaError([f"its first line has no {named}; a CSV begins with a line of names"])


def _listed(folder: Path, target: str | None) -> tuple[list[Input], list[str]]:
    """Return the files to predict and the names of the others, in order; hidden ones and the target are neither."""
    own = {os.path.realpath(name) for name in ([target, f"{target}{PARTIAL}"] if target else [])}
    tables, others = [], []

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            inside = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
            if name.startswith(".") or os.path.realpath(path) in own:
                continue
            if is_table(name):
                tables.append(Input(path, inside, path.stat().st_size if path.exists() else 0))
            else:
                others.append(inside)
    return tables, others


@contextmanager
def _written(target: str | None) -> Iterator[TextIO]:
    """Open standard output, or a file beside the target that takes its place once everything is in it."""
    if target is None or target == "-":
        yield sys.stdout
        return
    partial = f"{target}{PARTIAL}"
    try:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(partial, target)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


class _ProgressBar:
    """A bar on a terminal, on standard error; nothing elsewhere."""

    def __init__(self, size: int) -> None:
        self._done = 0
        self._bar: Any = None
        if is_terminal(sys.stderr):
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            parts = (
                TextColumn("{task.percentage:>3.0f}%"),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
            )
            self._bar = Progress(*parts, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=size)

    def __enter__(self) -> _ProgressBar:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, input_file: Input, read: int) -> None:
        """Show how much of a file has been read."""
        if self._bar is not None:
            read = min(read, input_file.size)
            self._bar.update(self._task, completed=self._done + read, description=clean(input_file.name))

    def ended(self, input_file: Input) -> None:
        """Count a file as done."""
        self.at(input_file, input_file.size)
        self._done += input_file.size

    def tell(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(line, err=True)


def _reason(error: Exception) -> str:
    if isinstance(error, SchemaError):
        return clean("; ".join([f"{error.what}: {error.problems[0]}", *error.problems[1:]]))
    if isinstance(error, (ValueError, OSError)):
        text = error.strerror if isinstance(error, OSError) and error.strerror else " ".join(str(error).split())
        return clean(text or type(error).__name__)
    return clean(describe(error))


def _done(rows: int) -> str:
    return f"only its first {rows:,} rows are predicted" if rows else "none of its rows is predicted"
