"""The types of a signature as JSON Schema, in the dialect of OpenAPI 3.1; `openapi_versions` makes the older ones."""

from __future__ import annotations

import re
from typing import Any

from fitprint.models.param_schema import ParamSchema, ParamSpec
from fitprint.models.schema import Schema
from fitprint.models.specs import ColSpec, TensorSpec
from fitprint.models.types import Array, DataType, FieldType, Map, Object

JsonSchema = dict[str, Any]

_SCALARS: dict[DataType, JsonSchema] = {
    DataType.boolean: {"type": "boolean"},
    DataType.integer: {"type": "integer", "format": "int32"},
    DataType.long: {"type": "integer", "format": "int64"},
    DataType.float: {"type": "number", "format": "float"},
    DataType.double: {"type": "number", "format": "double"},
    DataType.string: {"type": "string"},
    DataType.binary: {"type": "string", "contentEncoding": "base64"},
    DataType.datetime: {"type": "string", "format": "date-time"},
}
_MISSING_IS_A_VALUE = frozenset({DataType.float, DataType.double, DataType.datetime})
"""Types of which a value may be missing in every column: as NaN or as NaT."""


def of_type(dtype: FieldType, *, nullable: bool = False) -> JsonSchema:
    """Return the JSON Schema of a column's values.

    Args:
        dtype: The type of the column.
        nullable: Whether null stands for a missing value.

    Returns:
        A new schema.
    """
    if isinstance(dtype, DataType):
        schema = dict(_SCALARS[dtype])
        if nullable or dtype in _MISSING_IS_A_VALUE:
            schema["type"] = [schema["type"], "null"]
        return schema
    if isinstance(dtype, Array):
        schema = {"type": "array", "items": of_type(dtype.dtype)}
    elif isinstance(dtype, Map):
        schema = {"type": "object", "additionalProperties": of_type(dtype.value_type)}
    elif isinstance(dtype, Object):
        schema = {
            "type": "object",
            "properties": {p.name: of_type(p.dtype, nullable=not p.required) for p in dtype.properties},
        }
        if required := [p.name for p in dtype.properties if p.required]:
            schema["required"] = required
    else:
        return {}
    if nullable:
        schema["type"] = [schema["type"], "null"]
    return schema


def of_tensor(spec: TensorSpec) -> JsonSchema:
    """Return the JSON Schema of a tensor as nested lists."""
    kind = spec.type.kind
    if kind in "iu":
        schema: JsonSchema = {"type": "integer"}
    else:
        schema = {"type": {"b": "boolean", "f": ["number", "null"], "U": "string", "S": "string"}.get(kind, "string")}
        if kind == "O":
            schema = {}
    for axis in reversed(spec.shape):
        schema = {"type": "array", "items": schema}
        if axis >= 0:
            schema |= {"minItems": axis, "maxItems": axis}
    return schema


def row(schema: Schema) -> JsonSchema:
    """Return the JSON Schema of one row: an object for columns with names, else a value or a list of values."""
    columns = [spec for spec in schema if isinstance(spec, ColSpec)]
    if schema.has_input_names():
        row: JsonSchema = {
            "type": "object",
            "properties": {str(spec.name): of_type(spec.type, nullable=not spec.required) for spec in columns},
        }
        if required := [str(spec.name) for spec in columns if spec.required]:
            row["required"] = required
        return row
    if len(columns) == 1:
        return of_type(columns[0].type)
    return {"type": "array", "items": {}, "minItems": len(columns), "maxItems": len(columns)}


def rows(schema: Schema) -> JsonSchema:
    """Return the JSON Schema of a list of rows, or of the tensors by name, or of the one tensor without a name."""
    if not schema.is_tensor_spec():
        return {"type": "array", "items": row(schema)}
    tensors = [spec for spec in schema if isinstance(spec, TensorSpec)]
    if not schema.has_input_names():
        return of_tensor(tensors[0])
    return {
        "type": "object",
        "properties": {str(spec.name): of_tensor(spec) for spec in tensors},
        "required": [str(spec.name) for spec in tensors],
    }


def split(schema: Schema | None) -> JsonSchema:
    """Return the JSON Schema of a table in pandas' orient "split"."""
    count = len(schema) if schema is not None and not schema.is_tensor_spec() else None
    columns: JsonSchema = {"type": "array", "items": {}}
    if schema is not None and count is not None and schema.has_input_names():
        columns["description"] = "The names of the columns, in the order of the values in data."
    return {
        "type": "object",
        "properties": {
            "columns": columns,
            "index": {"type": "array", "items": {}},
            "data": {"type": "array", "items": {"type": "array", "items": {}}},
        },
        "required": ["data"] if schema is None or not schema.has_input_names() else ["columns", "data"],
    }


def params(schema: ParamSchema | None) -> JsonSchema | None:
    """Return the JSON Schema of the params, with their defaults; None if the model takes none."""
    if schema is None:
        return None
    return {
        "type": "object",
        "properties": {param.name: _param(param) for param in schema},
        "additionalProperties": False,
    }


def _param(param: ParamSpec) -> JsonSchema:
    schema = of_type(param.dtype, nullable=True)
    default = param.to_dict()["default"]
    if param.shape is not None:
        schema = {"type": "array", "items": of_type(param.dtype)}
    if default is not None and _is_plain(default):
        schema["default"] = with_zone(default) if param.dtype is DataType.datetime else default
    return schema


def _is_plain(value: Any) -> bool:
    """Return whether strict JSON has a value."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, float):
        return value - value == 0  # neither NaN nor an infinity
    return value is None or isinstance(value, (str, bool, int))


_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)\Z")


def with_zone(value: Any) -> Any:
    """Return ISO text of a time, or a list of such texts, as `date-time` wants it: in UTC where it names no zone."""
    if isinstance(value, list):
        return [with_zone(item) for item in value]
    if not isinstance(value, str) or _ZONE.search(value):
        return value
    return f"{value}Z" if ":" in value else f"{value}T00:00:00Z"


def outputs(schema: Schema | None) -> JsonSchema:
    """Return the JSON Schema of predictions; an empty one where the signature says nothing of them."""
    return {} if schema is None else rows(schema)
