"""The type of a Python value: scalars, lists, ndarrays and dicts, nested as they come.

The rules are MLflow's, as its 3.17 infers them: lists hold one type, missing values fit any type,
and a key that some dicts of a list lack is not required.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable
from typing import Any

from fitprint.models.types import AnyType, Array, DataType, FieldType, Object, Property

ANY = AnyType()


class NoTypeError(ValueError):
    """The value has no type a signature could name."""


def value_type(value: Any) -> FieldType:
    """The type of one value: `any` for a missing one and for an empty list or dict.

    Raises NoTypeError for a value MLflow has no type for, such as a tuple, a set or an `np.int8`.
    """
    found = _type_or_none(value)
    if found is None:
        raise NoTypeError("an empty ndarray has no type")
    return found


def items_type(values: Any) -> FieldType:
    """The one type of all items of a non-empty list; raises NoTypeError when they have none in common."""
    found = _array_or_none(values)
    if found is None:
        raise NoTypeError("no item has a type")
    return found.dtype


def is_missing(value: Any) -> bool:
    """Whether the value is None, a float NaN, `pandas.NA` or `pandas.NaT`."""
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in {"NAType", "NaTType"}  # by name: pandas may be absent


def is_datetime(value: Any) -> bool:
    """Whether the value is exactly a date, a datetime or a `numpy.datetime64` (no `pandas.Timestamp`)."""
    return _scalar_types().get(type(value)) is DataType.datetime


def _type_or_none(value: Any) -> FieldType | None:
    # None is the type of an empty ndarray: inside a list it says nothing about the items' type
    if is_missing(value) or (isinstance(value, (list, dict)) and not value):
        return ANY
    if isinstance(value, dict):
        return Object(_property(key, item) for key, item in value.items())
    if isinstance(value, list) or _is_ndarray(value):
        return _array_or_none(value)
    found = _scalar_types().get(type(value))
    if found is None:
        raise NoTypeError(f"no type for {type(value).__name__}")
    return found


def _property(name: Any, value: Any) -> Property:
    dtype = value_type(value)
    return Property(name, dtype, required=not isinstance(dtype, AnyType))


def _array_or_none(values: Any) -> Array | None:
    if _is_ndarray(values) and values.ndim == 0:
        raise NoTypeError("an ndarray without axes has no items")
    simple = _common_scalar(values)
    if simple is not None:
        return Array(simple)
    found: FieldType | None = None
    for item in values:
        dtype = _type_or_none(item)
        if dtype is not None:
            found = dtype if found is None else merge_types(found, dtype)
    return None if found is None else Array(found)


def _common_scalar(values: Iterable[Any]) -> FieldType | None:
    """A shortcut: the type when all items are missing or of Python types that map to one scalar type."""
    kinds = set(map(type, values))
    if not kinds:
        return None
    scalars = {_scalar_types().get(kind) for kind in kinds if kind is not type(None)}
    if (DataType.double in scalars and len(scalars) > 1) or None in scalars:
        return None  # a NaN among text counts as missing: the long way looks at each
    if len(scalars) > 1:
        raise NoTypeError("a list of several types")
    found = scalars.pop() if scalars else None
    if found is None or (found is DataType.double and all(map(is_missing, values))):
        return ANY
    return found


def merge_types(first: FieldType, second: FieldType) -> FieldType:
    """The type both values fit; `any` fits all. Raises NoTypeError when the types are at odds."""
    if isinstance(first, AnyType):
        first, second = second, first
    if isinstance(second, AnyType):
        return _all_optional(first) if isinstance(first, Object) else first
    if isinstance(first, Array) and isinstance(second, Array):
        return Array(merge_types(first.dtype, second.dtype))
    if isinstance(first, Object) and isinstance(second, Object):
        return _merge_objects(first, second)
    if first != second:
        raise NoTypeError(f"a list of several types: {first} and {second}")
    return first


def _merge_objects(first: Object, second: Object) -> Object:
    ours = {prop.name: prop for prop in first.properties}
    theirs = {prop.name: prop for prop in second.properties}
    merged = []
    for name, prop in {**theirs, **ours}.items():
        if name in ours and name in theirs:
            dtype = merge_types(ours[name].dtype, theirs[name].dtype)
            merged.append(Property(name, dtype, ours[name].required and theirs[name].required))
        else:
            merged.append(Property(name, prop.dtype, required=False))
    return Object(merged)


def _all_optional(found: Object) -> Object:
    return Object(Property(prop.name, prop.dtype, required=False) for prop in found.properties)


def _is_ndarray(value: Any) -> bool:
    import numpy as np

    return isinstance(value, np.ndarray)


@functools.cache
def _scalar_types() -> dict[type, DataType]:
    import numpy as np

    return {
        bool: DataType.boolean,
        np.bool_: DataType.boolean,
        int: DataType.long,
        np.int64: DataType.long,
        np.int32: DataType.integer,
        float: DataType.double,
        np.float64: DataType.double,
        np.float32: DataType.float,
        str: DataType.string,
        np.str_: DataType.string,
        object: DataType.string,
        bytes: DataType.binary,
        bytearray: DataType.binary,
        np.bytes_: DataType.binary,
        datetime.date: DataType.datetime,
        datetime.datetime: DataType.datetime,
        np.datetime64: DataType.datetime,
    }
