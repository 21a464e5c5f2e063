"""Facts about the data of a training, but none of its rows: shapes, columns, class counts, missing values, a digest."""

from __future__ import annotations

import functools
import hashlib
from itertools import islice
from typing import Any

from fitprint._core.rows import row_count, take_rows
from fitprint.models.foreign_tables import as_pandas, is_foreign
from fitprint.models.foreign_tables import columns_of as foreign_columns
from fitprint.models.foreign_tables import size_of as foreign_size
from fitprint.models.inference_columns import column_labels, columns_at, columns_by_dtype, dtype_runs, missing_counts

INPUTS_AND_TARGET = "dataset.json"
"""The artifact with the facts about a training's data."""
DIGEST_BYTES = 4_000_000
"""Up to this size the digest covers all rows, above it a fixed sample of them."""
SAMPLE_BYTES = 2_000_000
"""About how many bytes such a sample has."""
MAX_CLASSES = 1_000
_SIZE_SAMPLE = 100
MAX_COLUMNS = 2_000


def dataset_facts(data: Any, target: Any) -> dict[str, Any]:
    """Return the facts about a training's data.

    Args:
        data: The inputs, or None.
        target: The target, or None.

    Returns:
        The facts under ``inputs`` and ``target``, as far as these exist and have rows.
    """
    facts = {}
    for name, part in (("inputs", data), ("target", target)):
        if part is not None and row_count(part) is not None:
            facts[name] = _facts(part)
    if "target" in facts:
        counts = class_counts(target)
        if counts is not None:
            facts["target"]["classes"] = counts
    return facts


def _facts(data: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": kind_of(data),
        "rows": row_count(data),
    }
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        facts["columns"] = _columns(data)
    elif not hasattr(data, "iloc") and is_foreign(data):
        facts |= _facts_of_foreign(data)
    elif hasattr(data, "dtype"):
        facts["shape"] = list(data.shape)
        facts["dtype"] = _dtype_text(data.dtype)
        facts["missing"] = _missing(data)
        if getattr(data, "name", None) is not None:
            facts["name"] = str(data.name)
    facts["digest"] = digest_of(data)
    return facts


def _dtype_text(dtype: Any) -> str:
    """Return the text of a dtype. Numpy makes one anew each time, which takes as long as counting a thousand values."""
    return _text_of_numpys(dtype) if type(dtype).__module__ == "numpy.dtypes" else str(dtype)


_text_of_numpys = functools.lru_cache(maxsize=128)(str)


def _facts_of_foreign(table: Any) -> dict[str, Any]:
    described = foreign_columns(table, MAX_COLUMNS)
    columns = [{"name": name, "dtype": dtype, "missing": missing} for name, dtype, missing in described]
    return {"columns": columns} if hasattr(table, "columns") else columns[0]


def kind_of(data: Any) -> str:
    """Return the kind of data: its class, and the package of that, for example ``pandas.DataFrame``."""
    kind = type(data)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _columns(frame: Any) -> list[dict[str, Any]]:
    texts: list[str] = []
    for dtype, positions in dtype_runs(frame):
        texts += [str(dtype)] * len(positions)  # the text of a dtype takes longer to make than all else here
    described = zip(map(str, column_labels(frame)), texts, missing_counts(frame), strict=True)
    return [{"name": name, "dtype": text, "missing": count} for name, text, count in islice(described, MAX_COLUMNS)]


def _missing(array: Any) -> int | None:
    if hasattr(array, "isna"):
        is_of_numpy = type(array.dtype).__module__.startswith("numpy")  # pandas has integers that may be missing
        return 0 if is_of_numpy and array.dtype.kind in "iub" else int(array.isna().sum())
    if array.dtype.kind not in "fc" or not isinstance(array.size, int) or hasattr(array, "tocsr"):
        return 0 if array.dtype.kind in "iub" else None
    return int((array != array).sum())  # only NaN differs from itself


def class_counts(target: Any) -> dict[str, int] | None:
    """Count how often each class occurs in a target.

    Values that mostly occur once are not classes, but the data itself, and are not written down.

    Returns:
        The counts by class; None if the target is not a list of classes: floats, a table, or more than 1000 values.
    """
    import numpy as np

    array = np.asarray(target)
    if array.ndim != 1 or array.dtype.kind in "fcmM" or not array.size:
        return None
    if array.dtype.kind == "O":
        array = array.astype(str)
    values, counts = np.unique(array, return_counts=True)
    if len(values) > min(MAX_CLASSES, max(2, len(array) // 2)):
        return None
    return {str(value): int(count) for value, count in zip(values, counts, strict=True)}


def digest_of(data: Any) -> dict[str, Any]:
    """Return the BLAKE2b digest (RFC 7693, 16 bytes) of the values, and which rows it covers.

    Columns of the same dtype are digested together.
    """
    import numpy as np

    rows = row_count(data) or 0
    size = _bytes_of(data)
    covered = "everything"
    if size > DIGEST_BYTES:
        count = max(1, int(rows * SAMPLE_BYTES / size))
        data = take_rows(data, np.linspace(0, rows - 1, count).astype(np.int64))
        covered = f"{count} evenly spaced rows"
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(data):
        digest.update(part)
    return {"blake2b": digest.hexdigest(), "of": covered}


def _bytes_of(data: Any) -> int:
    """Estimate how many bytes there are to digest; for texts and lists in cells, from the first hundred."""
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        blocks, others = columns_by_dtype(data)
        row_size = sum(int(dtype.itemsize) * len(positions) for dtype, positions in blocks)
        return row_size * (row_count(data) or 0) + sum(_bytes_of(data.iloc[:, position]) for position in others)
    if hasattr(data, "tocsr") and hasattr(data, "nnz"):
        return int(data.nnz) * 12
    if isinstance(data, dict):
        return sum(_bytes_of(part) for part in data.values())
    if not hasattr(data, "iloc") and not hasattr(data, "__array_interface__") and is_foreign(data):
        return foreign_size(data)
    rows = row_count(data) or 0
    if isinstance(data, (list, tuple)) or getattr(getattr(data, "dtype", None), "kind", "O") == "O":
        sample = list(take_rows(data, slice(0, _SIZE_SAMPLE)))
        sample_size = sum(_size_of_cell(cell) for cell in sample)
        return sample_size * rows // max(len(sample), 1)
    return int(getattr(data, "nbytes", 8 * rows))


def _size_of_cell(cell: Any) -> int:
    if isinstance(cell, (str, bytes)):
        return len(cell)
    return 8 * len(cell) if isinstance(cell, (list, tuple, dict, set)) else int(getattr(cell, "nbytes", 8))


def _parts(data: Any) -> Any:
    """Yield the bytes of data, part by part: the same bytes for the same values in every process."""
    import numpy as np

    if hasattr(data, "columns") and hasattr(data, "iloc"):
        yield repr(column_labels(data)).encode()
        blocks, others = columns_by_dtype(data)
        for dtype, positions in blocks:
            if len(positions) < data.shape[1]:
                yield repr((str(dtype), positions)).encode()
            yield _array_bytes(columns_at(data, positions).to_numpy().T)
        for position in others:
            yield repr(position).encode()
            yield from _parts(data.iloc[:, position])
    elif hasattr(data, "tocsr"):
        sparse = data.tocsr()
        yield from (np.ascontiguousarray(part).data for part in (sparse.data, sparse.indices, sparse.indptr))
    elif isinstance(data, dict):
        for name, part in data.items():
            yield repr(name).encode()
            yield from _parts(part)
    elif not hasattr(data, "iloc") and not hasattr(data, "__array_interface__") and is_foreign(data):
        yield from _parts(as_pandas(data))
    elif isinstance(data, (list, tuple)):
        yield repr(data).encode("utf-8", "surrogatepass")
    else:
        yield _array_bytes(np.asarray(data))


def _array_bytes(array: Any) -> Any:
    import numpy as np

    if array.dtype.kind in "mM":
        array = array.view("i8")
    if array.dtype.kind in "OUSTV":
        return repr(array.tolist()).encode("utf-8", "surrogatepass")
    return np.ascontiguousarray(array).data
