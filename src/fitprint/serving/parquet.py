"""Reading Parquet with a limit on the size of the table, which can be a thousand times the size of the file.

Its values are those of the file: pandas would make floats of whole numbers among which some are missing.
"""

from __future__ import annotations

import io
from typing import Any

from fitprint._core.guard import attempt
from fitprint.serving.errors import RequestError

LARGEST = 50_000_000
"""Values of a table."""
LARGEST_BYTES = 2**30
"""Bytes of the values of a table, or ten times those of the file if that is more."""
_TEXTS = frozenset({"NONE", "STRING", "JSON", "BSON", "ENUM"})


def read_parquet(body: bytes, keep_integers: bool) -> Any:
    """Return the table of a Parquet file.

    Args:
        body: The file.
        keep_integers: Whether whole numbers stay whole where some are missing; pandas makes floats of them.

    Raises:
        RequestError: It is not Parquet, is broken, is too large, or pyarrow is not installed.
    """
    done, parquet = attempt(__import__, "pyarrow.parquet")
    if not done:
        raise RequestError(415, "Parquet needs pyarrow, which is not installed on the server; send JSON or CSV.")
    opened, file = attempt(parquet.parquet.ParquetFile, io.BytesIO(body))
    if not opened:
        raise RequestError(400, "The body is not a Parquet file.")
    most = max(LARGEST_BYTES, 10 * len(body))
    _check_size(file, most)
    kinds = file.schema_arrow
    leaves = [file.schema.column(number) for number in range(len(file.schema.names))]
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type in _TEXTS]
    # a text that stands in many rows is read once, and the rows have its number
    read, content = attempt(lambda: parquet.parquet.ParquetFile(io.BytesIO(body), read_dictionary=texts).read())
    if not read or not attempt(lambda: content.validate(full=True))[0]:  # its lengths, and whether texts are UTF-8
        raise RequestError(400, "The Parquet file is broken.")
    size = sum(_expanded(column) for column in content.columns)
    if size > most:
        raise _too_large(f"{most:,} bytes")
    for place, name in enumerate(content.column_names):
        if content.column(place).type != kinds.field(place).type and not kinds.field(place).type.num_fields:
            content = content.set_column(place, name, content.column(place).cast(kinds.field(place).type))
    converted, frame = attempt(lambda: content.to_pandas(integer_object_nulls=keep_integers))
    if not converted:
        raise RequestError(400, "The table in the Parquet file cannot be read by pandas.")
    return frame


def _check_size(file: Any, most: int) -> None:
    """Check what the file says of its size, before anything of it is decompressed."""
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    chunks = [(number, group.column(number)) for group in groups for number in range(group.num_columns)]
    rows = file.metadata.num_rows * max(file.metadata.num_columns, 1)
    if max(rows, sum(chunk.num_values for _, chunk in chunks)) > LARGEST:  # lists have more values than rows
        raise _too_large(f"{LARGEST:,} cells")
    fixed = sum(max(file.schema.column(number).length, 0) * chunk.num_values for number, chunk in chunks)
    if max(fixed, sum(chunk.total_uncompressed_size for _, chunk in chunks)) > most:
        raise _too_large(f"{most:,} bytes")


def _expanded(column: Any) -> int:
    """Return how many bytes the texts of a column are, each as often as it stands there."""
    import pyarrow as pa
    import pyarrow.compute as compute

    texts = (pa.string(), pa.binary(), pa.large_string(), pa.large_binary())
    if not pa.types.is_dictionary(column.type) or column.type.value_type not in texts:
        return 0
    lengths = [compute.take(compute.binary_length(chunk.dictionary), chunk.indices) for chunk in column.chunks]
    return sum(compute.sum(compute.cast(chunk, "int64")).as_py() or 0 for chunk in lengths)


def _too_large(what: str) -> RequestError:
    return RequestError(413, f"The table has more than {what}.")
