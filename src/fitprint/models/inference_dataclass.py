"""A schema from a dataclass: its fields as columns, dataclasses inside it as objects.

MLflow takes a dataclass (or an instance of one) wherever it takes example data. A `float` field is
`float` there, not `double`: kept, because the JSON must be the same.
"""

from __future__ import annotations

import dataclasses
import datetime
import types
import typing
from typing import Any

from fitprint.models.inference_values import ANY
from fitprint.models.schema import ColSpec, Schema
from fitprint.models.types import Array, DataType, FieldType, Object, Property

_TYPES: dict[Any, DataType] = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.float,
    str: DataType.string,
    bytes: DataType.binary,
    datetime.date: DataType.datetime,
}


def dataclass_schema(data: Any) -> Schema:
    """One named column per field; `Optional` fields are not required, fields without a type are `any`.

    Raises ValueError for a dataclass without fields or with hints that name nothing.
    """
    return Schema([ColSpec(dtype, name, required) for name, dtype, required in _fields(data)])


def _fields(data: Any) -> list[tuple[str, FieldType, bool]]:
    cls = data if isinstance(data, type) else type(data)
    try:
        hints = typing.get_type_hints(cls)
    except NameError as error:
        raise ValueError(f"a type hint of {cls.__name__} names nothing: {error}") from error
    return [(field.name, *_field(hints[field.name])) for field in dataclasses.fields(cls)]


def _field(hint: Any) -> tuple[FieldType, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        choices = [each for each in typing.get_args(hint) if each is not type(None)]
        optional = len(choices) < len(typing.get_args(hint))
        return (_hint_type(choices[0]) if len(choices) == 1 else ANY), not optional
    return _hint_type(hint), True


def _hint_type(hint: Any) -> FieldType:
    if typing.get_origin(hint) is list:
        return Array(_hint_type(typing.get_args(hint)[0]))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return Object(Property(name, dtype, required) for name, dtype, required in _fields(hint))
    return _TYPES.get(hint, ANY)
