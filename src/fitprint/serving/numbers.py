"""Reading rows of numbers into one ndarray without looking at single cells. Most requests are read in this way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from fitprint.models.types import DataType

_NUMBER_TYPES = {int, float, type(None)}
EXACT = 2**53
"""From here on, not every whole number is a 64-bit float."""


def number_block(lines: Sequence[Sequence[Any]], dtype: DataType) -> Any:
    """Return lines of equal length, which are rows or columns, as an ndarray of two axes.

    Args:
        lines: What the caller has sent. A null is a missing number.
        dtype: ``integer``, ``long``, ``float`` or ``double``.

    Returns:
        The ndarray; None if something in it is no number, or a number that has to be looked at by itself.
    """
    import numpy as np

    types = set(map(type, chain.from_iterable(lines)))
    if not types <= _NUMBER_TYPES:
        return None
    if types == {int} and dtype in (DataType.integer, DataType.long):
        return _whole(lines, dtype)
    try:
        block = np.array(lines, dtype=np.float64)
    except OverflowError:  # a whole number that no float can hold
        return None
    return narrowed(block, dtype, int in types)


def narrowed(block: Any, dtype: DataType, from_integers: bool = True) -> Any:
    """Return 64-bit floats as a narrower type if no number changes, but by rounding a fraction; else None.

    Args:
        block: The ndarray.
        dtype: The type.
        from_integers: Whether some of the floats were made of whole numbers, which may have been rounded.
    """
    import numpy as np

    if from_integers and (np.abs(block) >= EXACT).any():
        return None
    if dtype is DataType.double:
        return block
    if dtype is DataType.float:
        return narrow_floats(block, np.float32)
    target = dtype.to_numpy()
    limit = min(EXACT, np.iinfo(target).max + 1)
    fits = (np.abs(block) < limit) & (np.trunc(block) == block)  # false for NaN
    return block.astype(target) if fits.all() else None


def narrow_floats(block: Any, dtype: Any) -> Any:
    """Return 64-bit floats as floats of another size: fractions are rounded; None if any other number would change."""
    import numpy as np

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        narrow = block.astype(dtype)
    whole, finite = np.trunc(block) == block, np.isfinite(block)
    return narrow if (narrow[whole] == block[whole]).all() and np.isfinite(narrow[finite]).all() else None


def _whole(lines: Sequence[Sequence[Any]], dtype: DataType) -> Any:
    import numpy as np

    try:
        block = np.array(lines, dtype=np.int64)
    except OverflowError:
        return None
    if dtype is DataType.long:
        return block
    limits = np.iinfo(np.int32)  # not by np.abs(), which the smallest number of 64 bits does not have
    return block.astype(np.int32) if ((block >= limits.min) & (block <= limits.max)).all() else None
