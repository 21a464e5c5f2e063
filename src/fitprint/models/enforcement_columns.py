"""Converting one column to its declared scalar type.

The strict rules are those of MLflow 3.17: same kind and not narrower, unsigned to a wider signed type,
integers of up to 32 bits to double, and a few for objects. The lossless rules come after them and take
whatever keeps every value.
"""

from __future__ import annotations

from typing import Any

from fitprint._core.isolation import no_warnings_in_context
from fitprint.models.enforcement_numbers import fits_exactly
from fitprint.models.types import DataType

TEXT_LIKE = frozenset({DataType.string, DataType.binary})
NUMBERS = frozenset({DataType.integer, DataType.long, DataType.float, DataType.double})


def convert_column(values: Any, dtype: DataType, *, lossless: bool = False) -> Any:
    """The Series in the declared type; the same Series when it has it already.

    Raises ValueError saying what was expected, what came and how to mend it.
    """
    if dtype not in TEXT_LIKE and values.dtype == "object":
        values = values.infer_objects()
    try:
        converted = _strict(values, dtype)
        if converted is None and lossless:
            converted = _lossless(values, dtype)
    except (ValueError, TypeError, OverflowError):  # pandas found a value that does not convert
        converted = None
    if converted is None:
        raise ValueError(f"expected {dtype}, got {values.dtype}; {_mend(values, dtype)}")
    return converted


def is_ready(dtype: Any, wanted: DataType) -> bool:
    """Whether a column of this numpy or pandas dtype needs no conversion, whatever its values."""
    import pandas as pd

    if wanted in TEXT_LIKE:
        return dtype == "object" or isinstance(dtype, pd.StringDtype)
    return bool(dtype == wanted.to_numpy())


def _strict(values: Any, wanted: DataType) -> Any:
    """The Series as MLflow converts it, or None where MLflow refuses; may raise what pandas raises."""
    import numpy as np
    import pandas as pd

    have, target = values.dtype, wanted.to_numpy()
    if is_ready(have, wanted) or (wanted is DataType.binary and have.kind == "S"):
        return values
    if wanted is DataType.datetime and (have.kind == "M" or have == "object"):
        with no_warnings_in_context():  # pandas before 3 parses text here, and warns of how it does
            return values.astype(target)
    if wanted is DataType.boolean and have == "object":
        return values  # a conversion would make False of None
    if wanted is DataType.double and have == "object":
        return pd.to_numeric(values)  # Decimals, and booleans with None
    if is_upcast(have, target):
        return values.astype(target)
    if have == np.int64 and target.kind == "f":
        numbers = values.to_numpy()
        return values.astype(target) if ((numbers == 0) | (numbers == 1)).all() else None
    return None


def is_upcast(have: Any, target: Any) -> bool:
    """Whether every value of one dtype has its place in the other: of its kind and not narrower, and a few more."""
    size = getattr(have, "itemsize", None)  # a sparse dtype has none
    if size is None:
        return False
    if have.kind == target.kind:
        return bool(size <= target.itemsize)
    if have.kind == "u" and target.kind == "i":
        return bool(size < target.itemsize)
    return have.kind in "iu" and target.name == "float64" and size <= 4


def _lossless(values: Any, wanted: DataType) -> Any:
    """The Series where every value stays the same, or None."""
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        plain = pd.Series(values.to_numpy(), index=values.index, name=values.name)
        return convert_column(plain, wanted, lossless=True)
    if isinstance(values.dtype, pd.SparseDtype):
        return convert_column(values.sparse.to_dense(), wanted, lossless=True)
    target = wanted.to_numpy()
    if wanted not in NUMBERS or values.dtype.kind not in "iuf":
        return None
    present = values.dropna() if values.hasnans else values  # astype() refuses missing values for integers
    # pandas before 2.2 makes objects of its own nullable numbers, unless it is told otherwise
    numbers = present.to_numpy(getattr(values.dtype, "numpy_dtype", None))
    return values.astype(target) if fits_exactly(numbers, target) else None


def _mend(values: Any, wanted: DataType) -> str:
    target = wanted.to_numpy().name if wanted not in TEXT_LIKE else "str"
    kind, name = values.dtype.kind, str(values.dtype)
    if target in {"int32", "int64"} and kind in "iuf" and values.hasnans:
        return "whole numbers cannot hold missing values: fill them, or train with this column as float64"
    if kind == "M" and wanted is DataType.datetime:
        return "drop the time zone with .dt.tz_localize(None), or use times from 1678 to 2262"
    if wanted is DataType.datetime:
        return "convert it with pandas.to_datetime()"
    if wanted in NUMBERS and (name in {"str", "string", "object"}):
        return "convert it with pandas.to_numeric()"
    if wanted is DataType.boolean and values.hasnans:
        return "fill the missing values first"
    return f"convert it with .astype({target!r}) if that is what you mean"
