"""Files of tables that need not fit into memory: CSV and Parquet, read a number of rows at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from fitprint._core.plain_files import open_plain
from fitprint.models.csv_data import Dtypes, csv_chunks
from fitprint.models.schema import Schema

CSV, PARQUET = ".csv", ".parquet"
ENDINGS = (CSV, PARQUET)


def is_table(name: str) -> bool:
    """Return whether a file has the ending of a kind that is read here."""
    return name.lower().endswith(ENDINGS)


def chunks(
    file: str | os.PathLike[str], rows: int, schema: Schema | None = None, dtypes: Dtypes | None = None
) -> Iterator[tuple[Any, int]]:
    """Yield the rows of a file, so many at a time.

    Args:
        file: The path of a Parquet file, which has the ending ``.parquet``, or of a CSV file with a header.
        rows: The rows of a piece.
        schema: The schema of the rows.
        dtypes: The exact dtypes of columns whose types do not tell them.

    Yields:
        A DataFrame, whose index has the numbers of the rows in the file, and about how many bytes of the file have been
        read so far.

    Raises:
        ValueError: The file is not what its ending says, or pyarrow, which reads Parquet, is not installed.
        OSError: It cannot be read.
    """
    with open_plain(file) as opened:
        if os.fspath(file).lower().endswith(PARQUET):
            yield from _parquet(opened, rows)
        else:
            for frame in csv_chunks(opened, rows, schema, dtypes):
                yield frame, opened.tell()


def _refuse_rounding(batch: Any) -> None:
    """Refuse whole numbers that pandas would change: it makes floats of a column in which some are missing."""
    from pyarrow import compute, types

    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if types.is_integer(column.type) and column.null_count:
            ends = compute.min_max(column).as_py()
            if any(end is not None and abs(end) > 2**53 for end in ends.values()):
                raise ValueError(f"column {name!r}: beside missing values, whole numbers beyond 2^53 would be rounded")


def _parquet(file: BinaryIO, rows: int) -> Iterator[tuple[Any, int]]:
    import pandas as pd

    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ValueError("Parquet files are read with pyarrow, which is not installed: pip install pyarrow") from None
    size = os.fstat(file.fileno()).st_size
    with ParquetFile(file) as table:
        total, done = table.metadata.num_rows, 0
        for batch in table.iter_batches(batch_size=rows):
            _refuse_rounding(batch)
            frame = batch.to_pandas()
            frame.index = pd.RangeIndex(done, done + len(frame))
            done += len(frame)
            yield frame, size * done // max(total, 1)
