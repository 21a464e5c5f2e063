"""Which rows a model was trained on, to tell a part of them from held-out data: hashes of rows, but no row itself.

The rows are hashed when this is first asked, which costs a training nothing; until then there is a weak reference to
the data. The hashes are kept in the memory of this process alone, and never written.
"""

from __future__ import annotations

import functools
import weakref
from collections import OrderedDict
from typing import Any, NamedTuple

from fitprint._core.process_state import on_reset
from fitprint._core.rows import take_rows
from fitprint._core.signal_handlers import suppress_own
from fitprint._runs.predictions import Place, place_of
from fitprint.models.inference_columns import columns_at, columns_by_dtype

MOST_ROWS, MOST_CELLS = 20_000, 100_000
"""How much is hashed: of more data a random sample of rows, which takes a few milliseconds."""
MOST_KEPT = 50
"""For how many runs they are kept: at most 8 MB. Beyond it those of the oldest run are dropped."""
_LEAST_EXPECTED = 10
"""How many rows of the sample must be expected in data, if all of it was trained on, to conclude from none of them."""
_DISTINCT = 0.9
"""The share of different rows in the training data above which equal rows are no coincidence."""


class TrainedRows(NamedTuple):
    """What is known of the rows that a model was trained on."""

    hashes: Any
    """The sorted hashes of the rows, each once; None if they cannot be hashed."""
    share: float
    """Which part of the rows they are of."""
    are_distinct: bool
    """Whether few of them occur twice. If many do, so may rows that the model has not seen."""
    place: Place | None
    """Where the data is in memory."""

    @classmethod
    def of(cls, data: Any, place: Place | None) -> TrainedRows:
        """Look at the rows that a model was trained on; None stands for data that is gone."""
        import numpy as np

        hashes, share = _hashes(data)
        distinct = None if hashes is None or not len(hashes) else np.unique(hashes)
        are_distinct = distinct is not None and len(distinct) >= _DISTINCT * len(hashes)
        return cls(distinct, share, are_distinct, place or (place_of(data) if data is not None else None))

    def count_in(self, data: Any) -> int | None:
        """Return about how many rows of data the model was trained on; None if this cannot be known."""
        import numpy as np

        hashes, share = (None, 0.0) if self.hashes is None else _hashes(data)
        if hashes is None or not len(hashes):
            return None
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        equal = int((self.hashes[places] == hashes).sum())
        if not equal:
            is_sure = self.share == 1 or len(hashes) * self.share >= _LEAST_EXPECTED
            return 0 if is_sure else None
        return min(data.shape[0], round(equal / self.share / share)) if self.are_distinct else None


class _NotYetSeen(NamedTuple):
    """Data whose rows nobody has asked for."""

    data: weakref.ref[Any]
    place: Place | None


_trained: OrderedDict[str, TrainedRows | _NotYetSeen] = OrderedDict()
"""By the id of the run."""


@on_reset
def _reset() -> None:
    _trained.clear()


def remember_rows(run_id: str, data: Any) -> None:
    """Remember the rows that the model of a run was trained on, as long as somebody else keeps the data."""
    try:
        reference = weakref.ref(data)
    except TypeError:  # such as a list
        return
    # an array that is a slice may be gone when this is asked, and the memory that it shows still be there
    _trained[run_id] = _NotYetSeen(reference, None if hasattr(data, "iloc") else place_of(data))
    _trained.move_to_end(run_id)
    while len(_trained) > MOST_KEPT:
        _trained.popitem(last=False)


def trained_rows(run_id: str) -> TrainedRows | None:
    """Return what is known of the rows that the model of a run was trained on, in this process."""
    known = _trained.get(run_id)
    if isinstance(known, _NotYetSeen):
        known = _trained[run_id] = TrainedRows.of(known.data(), known.place)
    return known


def _hashes(data: Any) -> tuple[Any, float]:
    """Return a hash of each row, or of each row of a random sample, and which part of the rows that is."""
    import numpy as np

    shape = getattr(data, "shape", ())
    has_rows = isinstance(data, np.ndarray) or hasattr(data, "iloc") or hasattr(data, "tocsr")
    if not has_rows or not shape or not shape[0]:
        return None, 0.0
    rows, width = shape[0], int(np.prod(shape[1:])) or 1
    filled = data.nnz // rows + 1 if hasattr(data, "tocsr") else width
    most = max(1, min(MOST_ROWS, MOST_CELLS // filled))
    if rows > most:  # at random: two samples of evenly spaced rows may have none in common
        data = take_rows(data, np.unique(np.random.default_rng(0).integers(0, rows, most)))
    with suppress_own(TypeError, ValueError), np.errstate(all="ignore"):  # what is in a cell cannot be hashed
        hashes = _hashed(data, width)
        return hashes, len(hashes) / rows
    return None, 0.0


def _hashed(data: Any, width: int) -> Any:
    """Return a hash of each row: the same for a table of numbers and for an array of them."""
    import numpy as np

    if hasattr(data, "tocsr"):
        sparse = data.tocsr()
        hashes = np.concatenate([[np.uint64(0)], np.cumsum(_mixed(sparse.data) * _factors(width)[sparse.indices])])
        return hashes[sparse.indptr[1:]] - hashes[sparse.indptr[:-1]]
    if not hasattr(data, "iloc"):
        return (_mixed(data.reshape(len(data), -1)) * _factors(width)).sum(axis=1, dtype=np.uint64)
    table = data if hasattr(data, "columns") else data.to_frame()
    if {getattr(dtype, "kind", "O") for dtype in set(table.dtypes)} <= set("biuf"):
        return _hashed(table.to_numpy(), width)
    hashes = np.zeros(len(table), np.uint64)
    blocks, others = columns_by_dtype(table)
    for _, positions in blocks:
        values = _mixed(columns_at(table, positions).to_numpy())
        hashes += (values * _factors(width)[positions]).sum(axis=1, dtype=np.uint64)
    for position in others:
        hashes += _mixed(table.iloc[:, position]) * _factors(width)[position]
    return hashes


def _mixed(values: Any) -> Any:
    """Return an integer for each value in which every bit depends on it: 0 for zero, as in a sparse matrix."""
    import numpy as np

    kind = getattr(values.dtype, "kind", "O")
    if hasattr(values, "iloc") or kind in "OUST":
        from pandas.util import hash_array, hash_pandas_object

        if hasattr(values, "iloc"):
            return hash_pandas_object(values, index=False).to_numpy()
        return hash_array(values.astype(object).ravel()).reshape(values.shape)
    if kind in "mM":
        bits = values.astype(np.int64).view(np.uint64)
    elif kind in "biuf":
        numbers = values.astype(np.float64) + 0.0  # there is one zero then, and one NaN below
        missing = np.isnan(numbers)
        if missing.any():
            numbers[missing] = np.nan
        bits = np.ascontiguousarray(numbers).view(np.uint64)
    else:
        raise TypeError(f"values of kind {kind} are not compared")
    bits = (bits ^ (bits >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return bits ^ (bits >> np.uint64(29))


@functools.lru_cache(maxsize=16)
def _factors(width: int) -> Any:
    """Return an odd number for each column, so that the order of the columns counts."""
    import numpy as np

    numbers = np.arange(1, width + 1, dtype=np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    return (numbers ^ (numbers >> np.uint64(31))) * np.uint64(0x94D049BB133111EB) | np.uint64(1)
