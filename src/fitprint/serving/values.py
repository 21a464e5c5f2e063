"""Converting single values of JSON and CSV to the types of a signature. A value that would change is refused."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object


class Unfit(Exception):
    """A value does not fit; the message says what to send, and has no value of the caller's."""


_MAY_BE_NULL = frozenset({DataType.float, DataType.double, DataType.datetime})
"""The types that have a missing value of their own."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d([.,]\d{1,9})?)?)?( ?(Z|z|[+-]\d\d(:?\d\d)?))?)?")
_ZONE = re.compile(r"[T ].*(Z|z|[+-]\d\d(:?\d\d)?)$")


def fit(value: Any, kind: FieldType, required: bool = True) -> Any:
    """Return a value as its type in the signature has it.

    Args:
        value: What the caller has sent.
        kind: The type.
        required: Whether null is refused, also for types that have a missing value.

    Returns:
        The value. A text that stands for bytes or a time is decoded; null becomes None.

    Raises:
        Unfit: The value does not fit.
    """
    if isinstance(kind, DataType):
        if value is None and (not required or kind in _MAY_BE_NULL):
            return None
        if value is None:
            raise Unfit("a value is required")
        return _SCALARS[kind](value)
    if isinstance(kind, AnyType):
        return value
    if value is None and not required:
        return None
    if isinstance(kind, Array):
        if not isinstance(value, list):
            raise Unfit("send a list")
        return [_inside(f"item {number}", item, kind.dtype, required) for number, item in enumerate(value)]
    if not isinstance(value, dict):
        raise Unfit("send an object with text keys")
    if isinstance(kind, Map):
        return {key: _inside("a value of the object", item, kind.value_type, required) for key, item in value.items()}
    return _object(value, kind)


def _object(value: Mapping[str, Any], kind: Object) -> dict[str, Any]:
    properties = {prop.name: prop for prop in kind.properties}
    lacking = [name for name, prop in properties.items() if prop.required and name not in value]
    if lacking:
        raise Unfit(f"the keys {', '.join(lacking)} are missing")
    if not properties.keys() >= value.keys():
        raise Unfit(f"it has keys that are not in the signature, which has {', '.join(properties)}")
    return {
        key: _inside(f"the key {key}", item, properties[key].dtype, properties[key].required)
        for key, item in value.items()
    }


def _inside(where: str, value: Any, kind: FieldType, required: bool) -> Any:
    try:
        return fit(value, kind, required)
    except Unfit as error:
        raise Unfit(f"{where}: {error}") from None


def boolean(value: Any) -> bool:
    """Return a truth value; texts and numbers are none."""
    if value is True or value is False:
        return bool(value)
    raise Unfit("send true or false, without quotes")


def whole(value: Any, least: int, most: int) -> int:
    """Return a whole number within limits; ``2.0`` is one."""
    if isinstance(value, float) and math.isfinite(value) and value == math.trunc(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("send a whole number" + (", without quotes" if isinstance(value, str) else ""))
    if not least <= value <= most:
        raise Unfit(f"send a whole number from {least} to {most}")
    return value


def real(value: Any) -> float:
    """Return a number as a 64-bit float, if it is one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit("send a number" + (", without quotes" if isinstance(value, str) else ""))
    try:
        number = float(value)
    except OverflowError:
        raise Unfit("this whole number is too large for a 64-bit float") from None
    if isinstance(value, int) and int(number) != value:
        raise Unfit("a 64-bit float would change this whole number; send one of at most 2^53, or with a fraction point")
    return number


def single(value: Any) -> float:
    """Return a number as a 32-bit float; a fraction is rounded to the nearest one, and nothing else."""
    return _rounded(value, "float32")


def half(value: Any) -> float:
    """Return a number as a 16-bit float; a fraction is rounded to the nearest one, and nothing else."""
    return _rounded(value, "float16")


def _rounded(value: Any, dtype: str) -> float:
    import numpy as np

    number = real(value)
    with np.errstate(over="ignore", under="ignore"):
        narrow = float(np.dtype(dtype).type(number))
    if math.isfinite(number) and (not math.isfinite(narrow) or (number == math.trunc(number) and narrow != number)):
        raise Unfit(f"a {dtype[5:]}-bit float would change this number")
    return narrow


def text(value: Any) -> str:
    """Return a text; numbers are none."""
    if isinstance(value, str):
        return value
    raise Unfit("send a text in quotes")


def data(value: Any) -> bytes:
    """Return the bytes that a base64 text stands for."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise Unfit("send bytes as a text in base64")
    try:
        return base64.b64decode("".join(value.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Unfit("the text is not valid base64") from None


def moment(value: Any, unit: str = "ns", zoned: bool = False) -> Any:
    """Return the time that an ISO 8601 text stands for, as numpy's datetime64; with a zone, the same time in UTC.

    Args:
        value: The ISO text, or ``NaT``.
        unit: The unit in which the time must be whole.
        zoned: Whether the text must have a time zone.
    """
    import pandas as pd

    if value == "NaT":
        return None
    if not isinstance(value, str):
        raise Unfit("send a time as ISO 8601 text, such as 2024-01-31T12:00:00Z")
    if not _MOMENT.fullmatch(value):
        raise Unfit("the text is not a time in ISO 8601, such as 2024-01-31T12:00:00Z")
    if zoned and not _ZONE.search(value):
        raise Unfit("send the time with its zone, such as 2024-01-31T12:00:00+01:00")
    try:
        stamp = pd.Timestamp(value.replace(",", "."))
        if stamp.tzinfo is not None:
            stamp = stamp.tz_convert("UTC").tz_localize(None)
        return stamp.as_unit(unit, round_ok=False).to_datetime64()
    except (ValueError, OverflowError):  # pandas' own errors are ValueErrors
        limits = " between the years 1678 and 2261" if unit == "ns" else f" with whole {unit}"
        raise Unfit(f"there is no such time{limits}") from None


def span(value: Any, unit: str = "ns") -> Any:
    """Return the time span that a text such as ``1 days 02:00:00`` or ``P1DT2H`` stands for."""
    import pandas as pd

    if value == "NaT":
        return None
    if not isinstance(value, str):
        raise Unfit("send a time span as text, such as 1 days 02:00:00")
    try:
        delta = pd.Timedelta(value)
        if delta is pd.NaT:  # pandas takes empty and other texts for a missing span
            raise ValueError
        return delta.as_unit(unit, round_ok=False).to_timedelta64()
    except (ValueError, OverflowError):
        raise Unfit(f"the text is not a time span with whole {unit}, such as 1 days 02:00:00") from None


def _limits(bits: int) -> Callable[[Any], int]:
    return lambda value: whole(value, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


_SCALARS: Mapping[DataType, Callable[[Any], Any]] = {
    DataType.boolean: boolean,
    DataType.integer: _limits(32),
    DataType.long: _limits(64),
    DataType.float: single,
    DataType.double: real,
    DataType.string: text,
    DataType.binary: data,
    DataType.datetime: moment,
}
