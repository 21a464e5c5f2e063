"""An example of a model's input: the package's own, or a row made from the signature."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.exact_inputs import ExactInputs
from fitprint.models.example import plain_data, read_example
from fitprint.models.schema import ColSpec, Schema, TensorSpec
from fitprint.models.signature import ModelSignature
from fitprint.models.types import Array, DataType, FieldType, Map, Object


@dataclass(frozen=True)
class Example:
    """An example of a request.

    Args:
        content: What the body of ``/invocations`` has, without params: an object with one key, such as
            ``{"dataframe_split": {...}}`` or ``{"inputs": ...}``.
        params: Values of params; empty for the defaults.
        is_own: Whether it is the package's input example; else it was made from the signature.
    """

    content: dict[str, Any]
    params: dict[str, Any]
    is_own: bool


def example_of(
    folder: Path, document: Mapping[str, Any], signature: ModelSignature | None, exact: ExactInputs | None
) -> Example | None:
    """Return the package's input example, else one made from the signature; None if there is neither."""
    info = document.get("saved_input_example_info")
    schema = signature.inputs if signature is not None else None
    if isinstance(info, dict):
        read, example = attempt(read_example, folder, info, None)
        if read:
            return Example(_content(example[0], schema), plain_data(example[1]), True)
    if schema is None:
        return None
    if schema.is_tensor_spec():
        tensors = {spec.name: _tensor(spec) for spec in schema if isinstance(spec, TensorSpec)}
        return Example({"inputs": tensors if schema.has_input_names() else tensors[None]}, {}, False)
    row = [
        _value(spec.type, exact.dtypes.get(spec.name) if exact else None)
        for spec in schema
        if isinstance(spec, ColSpec)
    ]
    columns = {"columns": plain_data(schema.input_names())} if schema.has_input_names() else {}
    return Example({"dataframe_split": {**columns, "data": [row]}}, {}, False)


def _content(data: Any, schema: Schema | None) -> dict[str, Any]:
    if hasattr(data, "iloc"):
        columns = {"columns": plain_data(list(data.columns))}
        named = schema is None or schema.is_tensor_spec() or schema.has_input_names()
        rows = [[plain_data(value) for value in row] for row in data.itertuples(index=False, name=None)]
        return {"dataframe_split": {**(columns if named else {}), "data": rows}}
    return {"inputs": plain_data(data.toarray() if hasattr(data, "toarray") else data)}


def _tensor(spec: TensorSpec) -> Any:
    import numpy as np

    shape = tuple(1 if axis < 0 else axis for axis in spec.shape)
    if spec.type.kind in "USO":
        return np.full(shape, "text", dtype=object).tolist()
    return plain_data(np.ones(shape, dtype=spec.type).tolist())


def _value(kind: FieldType, exact: Mapping[str, Any] | None) -> Any:
    if exact is not None:
        name = str(exact["dtype"])
        if exact.get("categories"):
            return exact["categories"][0]
        if name.startswith("datetime64"):
            return "2024-01-31T12:00:00+00:00" if "," in name else "2024-01-31T12:00:00"
        if name.startswith("timedelta64"):
            return "1 days"
        return {"boolean": True, "string": "text", "category": "text"}.get(name, 1)
    if isinstance(kind, DataType):
        return _SCALARS[kind.name]
    if isinstance(kind, Array):
        return [_value(kind.dtype, None)]
    if isinstance(kind, Object):
        return {prop.name: _value(prop.dtype, None) for prop in kind.properties}
    if isinstance(kind, Map):
        return {"key": _value(kind.value_type, None)}
    return "text"


_SCALARS: Mapping[str, Any] = {
    "boolean": True,
    "integer": 1,
    "long": 1,
    "float": 1.0,
    "double": 1.0,
    "string": "text",
    "binary": base64.b64encode(b"bytes").decode("ascii"),
    "datetime": "2024-01-31T12:00:00",
}
