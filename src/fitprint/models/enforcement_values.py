"""Checking nested values (lists, dicts, any) against their declared type, one value at a time.

The rules are those of MLflow 3.17. Values come back converted; the caller's own lists and dicts stay.
"""

from __future__ import annotations

from typing import Any

from fitprint._core.isolation import no_warnings_in_context
from fitprint.models.inference_values import is_missing
from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object


def fits_exactly(numbers: Any, target: Any) -> bool:
    """Whether every number of an ndarray is the same number in the numpy dtype `target`.

    Integers and floats only: anything else, booleans included, answers False. NaN fits floats.
    """
    import numpy as np

    source = numbers.dtype
    if source.kind not in "iuf" or target.kind not in "iuf":
        return False
    if numbers.size == 0 or (np.can_cast(source, target, "safe") and target.kind == source.kind):
        return True
    if source.kind == "f" and target.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            back = numbers.astype(target).astype(source)
        return bool(((back == numbers) | np.isnan(numbers)).all())
    if source.kind == "f":
        return _whole_and_within(numbers, np.iinfo(target))
    if target.kind == "f":
        return _integers_fit_float(numbers, target)
    limits = np.iinfo(target)
    return bool(int(numbers.min()) >= limits.min and int(numbers.max()) <= limits.max)


def _whole_and_within(floats: Any, limits: Any) -> bool:
    import numpy as np

    if not (floats == np.trunc(floats)).all():  # NaN equals nothing; infinity is out of bounds below
        return False
    # limits.max is no float itself for 64 bits; the next power of two is
    return float(floats.min()) >= float(limits.min) and float(floats.max()) < float(limits.max + 1)


def _integers_fit_float(integers: Any, target: Any) -> bool:
    import numpy as np

    sure = 2 ** (np.finfo(target).nmant + 1)  # every integer up to here has its own float
    if -sure <= int(integers.min()) and int(integers.max()) <= sure:
        return True
    large = [number for number in np.unique(integers).tolist() if abs(number) > sure]
    most = int(np.finfo(target).max)
    return all(abs(number) <= most and int(target.type(number)) == number for number in large)


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


def enforce_value(value: Any, dtype: FieldType, required: bool = True, *, lossless: bool = False) -> Any:
    """The value in its declared type: scalars as numpy scalars, lists and dicts converted item by item.

    A missing value passes when it is not required. Raises ValueError saying what was expected and what came.
    """
    if isinstance(dtype, DataType):
        return _enforce_scalar(value, dtype, required, lossless)
    if isinstance(dtype, Array):
        return _enforce_array(value, dtype, required, lossless)
    if isinstance(dtype, Object):
        return _enforce_object(value, dtype, required, lossless)
    if isinstance(dtype, Map):
        return _enforce_map(value, dtype, required, lossless)
    return value


def _enforce_scalar(value: Any, dtype: DataType, required: bool, lossless: bool) -> Any:
    import datetime

    import numpy as np
    import pandas as pd

    if not required and is_missing(value):
        return None
    if dtype is DataType.string and type(value) is str:
        return value
    # MLflow takes no datetime here, as numpy does not call it a scalar
    if not np.isscalar(value) and not (lossless and isinstance(value, datetime.date)):
        raise ValueError(f"expected {dtype}, got {type(value).__name__} {_shown(value)}")
    try:
        return convert_column(pd.Series([value]), dtype, lossless=lossless)[0]
    except ValueError as error:
        raise ValueError(f"expected {dtype}, got {type(value).__name__} {_shown(value)}") from error


def _enforce_array(value: Any, dtype: Array, required: bool, lossless: bool) -> Any:
    import numpy as np

    is_listed = isinstance(value, (list, np.ndarray))
    is_empty = value is None or (is_listed and len(value) == 0)
    if is_empty and (not required or isinstance(dtype.dtype, AnyType)):
        return value
    if lossless and isinstance(value, tuple):
        value, is_listed = list(value), True
    if not is_listed:
        raise ValueError(f"expected a list, got {type(value).__name__} {_shown(value)}")
    if isinstance(dtype.dtype, DataType):
        return _enforce_scalars(value, dtype.dtype, lossless) if len(value) else value
    items = [enforce_value(item, dtype.dtype, required, lossless=lossless) for item in value]
    return np.array(items) if isinstance(value, np.ndarray) else items


def _enforce_scalars(values: Any, dtype: DataType, lossless: bool) -> Any:
    import numpy as np
    import pandas as pd

    converted = convert_column(pd.Series(values), dtype, lossless=lossless)
    if lossless and dtype not in NUMBERS:
        return values  # MLflow would make 'nan' of a missing text and an int of a datetime
    array = converted.to_numpy(dtype=dtype.to_numpy())
    return array if isinstance(values, np.ndarray) else array.tolist()


def _enforce_object(value: Any, dtype: Object, required: bool, lossless: bool) -> Any:
    if not required and (value is None or value == {}):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict with {dtype}, got {type(value).__name__} {_shown(value)}")
    properties = {prop.name: prop for prop in dtype.properties}
    missing = [prop.name for prop in dtype.properties if prop.required and prop.name not in value]
    if missing:
        raise ValueError(f"the keys {missing} are missing from {_shown(value)}")
    unknown = [key for key in value if key not in properties]
    if unknown:
        raise ValueError(f"the keys {unknown} are not in the signature ({dtype}); drop them")
    converted = {}
    for key, item in value.items():
        prop = properties[key]
        converted[key] = _at_key(key, item, prop.dtype, prop.required, lossless)
    return converted


def _enforce_map(value: Any, dtype: Map, required: bool, lossless: bool) -> Any:
    if (not required or isinstance(dtype.value_type, AnyType)) and (value is None or value == {}):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict with text keys, got {type(value).__name__} {_shown(value)}")
    if not all(isinstance(key, str) for key in value):
        raise ValueError(f"expected text keys only, got {list(value)!r}")
    return {key: _at_key(key, item, dtype.value_type, required, lossless) for key, item in value.items()}


def _at_key(key: str, item: Any, dtype: FieldType, required: bool, lossless: bool) -> Any:
    try:
        return enforce_value(item, dtype, required, lossless=lossless)
    except ValueError as error:
        raise ValueError(f"at key {key!r}: {error}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
