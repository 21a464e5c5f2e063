"""The signature that the type hints of a function, or of a python model's `predict`, stand for, as in MLflow 2.20+.

Only an input hint of the form ``list[...]`` has one: its items are the rows.
"""

from __future__ import annotations

import datetime
import typing
from types import UnionType
from typing import Any

from fitprint.models.schema import ColSpec, Schema
from fitprint.models.signature import ModelSignature
from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object, Property

_SCALARS: dict[Any, DataType] = {
    int: DataType.long,
    str: DataType.string,
    bool: DataType.boolean,
    float: DataType.double,
    bytes: DataType.binary,
    datetime.datetime: DataType.datetime,
}


def signature_of_hints(of_input: Any, of_output: Any) -> ModelSignature | None:
    """Return the signature that type hints stand for.

    Args:
        of_input: The type hint of the data.
        of_output: The type hint of what is returned; None if there is none.

    Returns:
        The signature; None if the hint of the data is no list. Outputs whose hint has no type are `any`.

    Raises:
        ValueError: The hint of the data has no type in a signature; the message names it.
    """
    if typing.get_origin(of_input) is not list:
        return None
    inputs = _row_schema(of_input)
    try:
        outputs = _row_schema(of_output) if of_output is not None else Schema([ColSpec(AnyType())])
    except ValueError:
        outputs = Schema([ColSpec(AnyType())])
    return ModelSignature(inputs, outputs)


def _row_schema(hint: Any) -> Schema:
    """Return the schema of rows: for ``list[...]`` that of its items, otherwise that of the hint itself."""
    row = typing.get_args(hint)[0] if typing.get_origin(hint) is list else hint
    dtype, required = _type(row)
    if not required:
        raise ValueError(f"{row} may be None, but a row may not; a Pydantic model may have optional fields")
    return Schema([ColSpec(dtype)])


def _type(hint: Any) -> tuple[FieldType, bool]:
    """Return the type that a hint stands for, and whether the value is required."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return AnyType(), True
    if hint in _SCALARS:
        return _SCALARS[hint], True
    if origin is list:
        return Array(_type(inner[0])[0]), True
    if origin is dict and inner[0] is str:
        return Map(_type(inner[1])[0]), True
    if origin in (typing.Union, UnionType):
        choices = [choice for choice in inner if choice is not type(None)]
        return (_type(choices[0])[0] if len(choices) == 1 else AnyType()), len(choices) == len(inner)
    fields = getattr(hint, "model_fields", None)  # of a Pydantic model
    if isinstance(fields, dict) and fields:
        return Object(Property(name, *_type(field.annotation)) for name, field in fields.items()), True
    raise ValueError(f"{getattr(hint, '__name__', hint)} has no type in a signature")
