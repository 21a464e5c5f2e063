"""Enforcement of columns and of nested values: each is converted to the type that the signature declares, or refused.

The rules are those of MLflow 3.17. A number is accepted in a type of the same kind that is not narrower, an unsigned
integer in a wider signed type, an integer of up to 32 bits as `double`; objects have a few rules more. With `lossless`,
any conversion that changes no value is accepted too. The lists and dicts of the caller are never changed.
"""

from __future__ import annotations

from typing import Any

from fitprint._core.isolation import no_warnings_in_context
from fitprint.models.inference_values import is_missing
from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object


def fits_exactly(numbers: Any, target: Any) -> bool:
    """Check whether every number of an ndarray is the same number in another dtype.

    Args:
        numbers: An ndarray of any shape.
        target: The numpy dtype.

    Returns:
        True if no value would change; NaN is a value of every float dtype. False if one of the dtypes is neither of
        integers nor of floats; booleans are neither.
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

    if not (floats == np.trunc(floats)).all():  # false for NaN, while the limits below exclude infinity
        return False
    # with 64 bits, no float has the value of limits.max, but the power of two that follows it is a float
    return float(floats.min()) >= float(limits.min) and float(floats.max()) < float(limits.max + 1)


def _integers_fit_float(integers: Any, target: Any) -> bool:
    import numpy as np

    exact_limit = 2 ** (np.finfo(target).nmant + 1)  # every integer up to this one is a float of this dtype
    if -exact_limit <= int(integers.min()) and int(integers.max()) <= exact_limit:
        return True
    large = [number for number in np.unique(integers).tolist() if abs(number) > exact_limit]
    largest = int(np.finfo(target).max)
    return all(abs(number) <= largest and int(target.type(number)) == number for number in large)


TEXT_LIKE = frozenset({DataType.string, DataType.binary})
NUMBERS = frozenset({DataType.integer, DataType.long, DataType.float, DataType.double})


def convert_column(values: Any, dtype: DataType, *, lossless: bool = False) -> Any:
    """Convert a column to the scalar type that the signature declares.

    Args:
        values: A Series.
        dtype: The declared type.
        lossless: Whether to accept, beyond what MLflow accepts, every conversion that changes no value.

    Returns:
        The converted Series, or the same Series if it needs no conversion.

    Raises:
        ValueError: The column does not fit; the message says what was expected and what may help.
    """
    if dtype not in TEXT_LIKE and values.dtype == "object":
        values = values.infer_objects()
    try:
        converted = _strict(values, dtype)
        if converted is None and lossless:
            converted = _lossless(values, dtype)
    except (ValueError, TypeError, OverflowError):  # pandas cannot convert one of the values
        converted = None
    if converted is None:
        raise refusal(values, dtype)
    return converted


def refusal(values: Any, dtype: DataType) -> ValueError:
    """Return the error that says that a column does not fit its declared type, and what may help."""
    return ValueError(f"expected {dtype}, got {values.dtype}; {_advice(values, dtype)}")


def is_ready(dtype: Any, declared: DataType) -> bool:
    """Return whether a column of this numpy or pandas dtype needs no conversion, whatever its values are."""
    import pandas as pd

    if declared in TEXT_LIKE:
        return dtype == "object" or isinstance(dtype, pd.StringDtype)
    return bool(dtype == declared.to_numpy())


def _strict(values: Any, declared: DataType) -> Any:
    """Convert the Series as MLflow does; return None if MLflow refuses it. Errors of pandas are passed on."""
    import numpy as np
    import pandas as pd

    source, target = values.dtype, declared.to_numpy()
    if is_ready(source, declared) or (declared is DataType.binary and source.kind == "S"):
        return values
    if declared is DataType.datetime and (source.kind == "M" or source == "object"):
        with no_warnings_in_context():  # pandas before 3 parses text here and warns of formats
            return values.astype(target)
    if declared is DataType.boolean and source == "object":
        return values  # a conversion would turn None into False
    if declared is DataType.double and source == "object":
        return pd.to_numeric(values)  # these are Decimals, or booleans with None
    if is_upcast(source, target):
        return values.astype(target)
    if source == np.int64 and target.kind == "f":
        numbers = values.to_numpy()
        return values.astype(target) if ((numbers == 0) | (numbers == 1)).all() else None
    return None


def is_upcast(source: Any, target: Any) -> bool:
    """Return whether MLflow converts one dtype to the other because the other has room for all of its values."""
    size = getattr(source, "itemsize", None)  # a sparse dtype has none
    if size is None:
        return False
    if source.kind == target.kind:
        return bool(size <= target.itemsize)
    if source.kind == "u" and target.kind == "i":
        return bool(size < target.itemsize)
    return source.kind in "iu" and target.name == "float64" and size <= 4


def _lossless(values: Any, declared: DataType) -> Any:
    """Convert the Series if that changes no value; return None otherwise."""
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        plain = pd.Series(values.to_numpy(), index=values.index, name=values.name)
        return convert_column(plain, declared, lossless=True)
    if isinstance(values.dtype, pd.SparseDtype):
        return convert_column(values.sparse.to_dense(), declared, lossless=True)
    target = declared.to_numpy()
    if declared not in NUMBERS or values.dtype.kind not in "iuf":
        return None
    present = values.dropna() if values.hasnans else values  # astype() refuses missing values for integers
    # without a dtype, pandas before 2.2 turns its own nullable numbers into objects
    numbers = present.to_numpy(getattr(values.dtype, "numpy_dtype", None))
    return values.astype(target) if fits_exactly(numbers, target) else None


def _advice(values: Any, declared: DataType) -> str:
    target = declared.to_numpy().name if declared not in TEXT_LIKE else "str"
    kind, lacks_values = values.dtype.kind, bool(values.isna().any())
    present = values.dropna()
    is_text = bool(len(present)) and all(isinstance(value, str) for value in present)
    if target in {"int32", "int64"} and lacks_values and not is_text:
        return "whole numbers cannot hold missing values: fill them, or train with this column as float64"
    if kind == "M" and declared is DataType.datetime:
        return "drop the time zone with .dt.tz_localize(None), or use times from 1678 to 2262"
    first = "fill the missing values first, then " if lacks_values and declared is not DataType.datetime else ""
    if declared is DataType.datetime and is_text:
        return f"{first}{_parsing(present, 'to_datetime', 'times')}"
    if declared in NUMBERS and is_text:
        return f"{first}{_parsing(present, 'to_numeric', 'numbers')}"
    if declared is DataType.boolean and is_text:  # astype('bool') would turn every text into True, "no" as well
        return f"{first}compare it with the text that means true, as in column == {present.iloc[0]!r:.40}"
    if declared is DataType.datetime and kind in "iuf":
        return "if these are times, convert it with pandas.to_datetime(column, unit=...)"
    return f"{first}convert it with .astype({target!r}) if that is what you mean"


def _parsing(texts: Any, function: str, what: str) -> str:
    """Return the advice to parse texts; or which of them cannot be parsed."""
    import pandas as pd

    with no_warnings_in_context():
        parsed = getattr(pd, function)(texts, errors="coerce")
    wrong = texts[parsed.isna()]
    return (
        f"values such as {wrong.iloc[0]!r:.40} are not {what}" if len(wrong) else f"convert it with pandas.{function}()"
    )


def enforce_value(value: Any, dtype: FieldType, required: bool = True, *, lossless: bool = False) -> Any:
    """Convert one value to the type that the signature declares.

    Args:
        value: The value.
        dtype: The declared type.
        required: Whether the value must be there; if not, a missing value is accepted.
        lossless: Whether to accept, beyond what MLflow accepts, every conversion that changes no value.

    Returns:
        A numpy scalar, or a new list, ndarray or dict whose items are converted.

    Raises:
        ValueError: The value does not fit; the message says what was expected.
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
    # MLflow refuses datetimes here, because numpy does not count them as scalars
    if not np.isscalar(value) and not (lossless and isinstance(value, datetime.date)):
        raise ValueError(f"expected {dtype}, got {type(value).__name__} {_short(value)}")
    try:
        return convert_column(pd.Series([value]), dtype, lossless=lossless)[0]
    except ValueError as error:
        raise ValueError(f"expected {dtype}, got {type(value).__name__} {_short(value)}") from error


def _enforce_array(value: Any, dtype: Array, required: bool, lossless: bool) -> Any:
    import numpy as np

    is_listed = isinstance(value, (list, np.ndarray))
    is_empty = value is None or (is_listed and len(value) == 0)
    if is_empty and (not required or isinstance(dtype.dtype, AnyType)):
        return value
    if lossless and isinstance(value, tuple):
        value, is_listed = list(value), True
    if not is_listed:
        raise ValueError(f"expected a list, got {type(value).__name__} {_short(value)}")
    if isinstance(dtype.dtype, DataType):
        return _enforce_scalars(value, dtype.dtype, lossless) if len(value) else value
    items = [enforce_value(item, dtype.dtype, required, lossless=lossless) for item in value]
    return np.array(items) if isinstance(value, np.ndarray) else items


def _enforce_scalars(values: Any, dtype: DataType, lossless: bool) -> Any:
    import numpy as np
    import pandas as pd

    converted = convert_column(pd.Series(values), dtype, lossless=lossless)
    if lossless and dtype not in NUMBERS:
        return values  # MLflow would turn a missing text into 'nan' and a datetime into an int
    array = converted.to_numpy(dtype=dtype.to_numpy())
    return array if isinstance(values, np.ndarray) else array.tolist()


def _enforce_object(value: Any, dtype: Object, required: bool, lossless: bool) -> Any:
    if not required and (value is None or value == {}):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict with {dtype}, got {type(value).__name__} {_short(value)}")
    properties = {prop.name: prop for prop in dtype.properties}
    missing = [prop.name for prop in dtype.properties if prop.required and prop.name not in value]
    if missing:
        raise ValueError(f"the keys {missing} are missing from {_short(value)}")
    unknown = [key for key in value if key not in properties]
    if unknown:
        raise ValueError(f"the keys {unknown} are not in the signature ({dtype}); remove them")
    converted = {}
    for key, item in value.items():
        prop = properties[key]
        converted[key] = _at_key(key, item, prop.dtype, prop.required, lossless)
    return converted


def _enforce_map(value: Any, dtype: Map, required: bool, lossless: bool) -> Any:
    if (not required or isinstance(dtype.value_type, AnyType)) and (value is None or value == {}):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a dict with text keys, got {type(value).__name__} {_short(value)}")
    if not all(isinstance(key, str) for key in value):
        raise ValueError(f"expected text keys only, got {list(value)!r}")
    return {key: _at_key(key, item, dtype.value_type, required, lossless) for key, item in value.items()}


def _at_key(key: str, item: Any, dtype: FieldType, required: bool, lossless: bool) -> Any:
    try:
        return enforce_value(item, dtype, required, lossless=lossless)
    except ValueError as error:
        raise ValueError(f"at key {key!r}: {error}") from error


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
