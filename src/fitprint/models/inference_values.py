"""The type of a Python value is inferred: of a scalar, a list, an ndarray or a dict, at any depth.

The rules are those of MLflow 3.17: all items of a list have one type, a missing value fits every type, and a key that
some dicts of a list lack is not required.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable
from typing import Any

from fitprint.models.types import AnyType, Array, DataType, FieldType, Object, Property

ANY = AnyType()


class NoTypeError(ValueError):
    """The value has no type that a signature can name."""


def value_type(value: Any) -> FieldType:
    """Infer the type of one value.

    Args:
        value: The value.

    Returns:
        The type, which is `any` for a missing value and for an empty list or dict.

    Raises:
        NoTypeError: MLflow has no type for the value, for example for a tuple, a set or a `numpy.int8`.
    """
    inferred = _type_or_none(value)
    if inferred is None:
        raise NoTypeError("an empty ndarray has no type")
    return inferred


def items_type(values: Any) -> FieldType:
    """Infer the type that all items of a list have.

    Args:
        values: A list that is not empty.

    Returns:
        The type.

    Raises:
        NoTypeError: The items have no type in common.
    """
    array = _array_or_none(values)
    if array is None:
        raise NoTypeError("no item has a type")
    return array.dtype


def is_missing(value: Any) -> bool:
    """Return whether the value is None, a NaN, `pandas.NA` or `pandas.NaT`."""
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in {"NAType", "NaTType"}  # by name, so that pandas is not imported


def is_datetime(value: Any) -> bool:
    """Return whether the class of the value is `date`, `datetime` or `numpy.datetime64` (not `pandas.Timestamp`)."""
    return _scalar_types().get(type(value)) is DataType.datetime


def _type_or_none(value: Any) -> FieldType | None:
    # None stands for an empty ndarray, which inside a list tells nothing about the type of the items
    if is_missing(value) or (isinstance(value, (list, dict)) and not value):
        return ANY
    if isinstance(value, dict):
        return Object(_property(key, item) for key, item in value.items())
    if isinstance(value, list) or _is_ndarray(value):
        return _array_or_none(value)
    scalar_type = _scalar_types().get(type(value))
    if scalar_type is None:
        raise NoTypeError(f"no type for {type(value).__name__}")
    return scalar_type


def _property(name: Any, value: Any) -> Property:
    dtype = value_type(value)
    return Property(name, dtype, required=not isinstance(dtype, AnyType))


def _array_or_none(values: Any) -> Array | None:
    if _is_ndarray(values) and values.ndim == 0:
        raise NoTypeError("an ndarray without axes has no items")
    scalar_type = _common_scalar(values)
    if scalar_type is not None:
        return Array(scalar_type)
    merged: FieldType | None = None
    for item in values:
        dtype = _type_or_none(item)
        if dtype is not None:
            merged = dtype if merged is None else merge_types(merged, dtype)
    return None if merged is None else Array(merged)


def _common_scalar(values: Iterable[Any]) -> FieldType | None:
    """Return the scalar type of the items if their classes alone decide it, which is quick, and None otherwise."""
    classes = set(map(type, values))
    if not classes:
        return None
    scalar_types = {_scalar_types().get(cls) for cls in classes if cls is not type(None)}
    if (DataType.double in scalar_types and len(scalar_types) > 1) or None in scalar_types:
        return None  # a NaN among texts counts as missing, so every item must be looked at
    if len(scalar_types) > 1:
        raise NoTypeError("a list of several types")
    scalar_type = scalar_types.pop() if scalar_types else None
    if scalar_type is None or (scalar_type is DataType.double and all(map(is_missing, values))):
        return ANY
    return scalar_type


def merge_types(first: FieldType, second: FieldType) -> FieldType:
    """Return the type that fits the values of both types.

    Args:
        first: A type; `any` stands for missing values.
        second: Another type, or the same.

    Returns:
        The type. In an object, a key is required only if it is required in both.

    Raises:
        NoTypeError: There is no such type.
    """
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
    of_first = {prop.name: prop for prop in first.properties}
    of_second = {prop.name: prop for prop in second.properties}
    merged = []
    for name, prop in {**of_second, **of_first}.items():
        if name in of_first and name in of_second:
            dtype = merge_types(of_first[name].dtype, of_second[name].dtype)
            merged.append(Property(name, dtype, of_first[name].required and of_second[name].required))
        else:
            merged.append(Property(name, prop.dtype, required=False))
    return Object(merged)


def _all_optional(dict_type: Object) -> Object:
    return Object(Property(prop.name, prop.dtype, required=False) for prop in dict_type.properties)


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
