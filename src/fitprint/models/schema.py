"""Schemas of a model's inputs and outputs: named or unnamed columns, or tensors.

Source of the format: MLflow's signatures as of 3.17 (a JSON list of specs, written by `json.dumps`
with its default separators). Reading is tolerant of what older versions wrote.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from fitprint._core.publish import publish
from fitprint.models.param_schema import ParamSchema, ParamSpec, read_json_list
from fitprint.models.specs import ColSpec, TensorSpec
from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object, Property

if TYPE_CHECKING:
    import numpy as np

# the nested types too, where MLflow has them
__all__ = [
    "AnyType",
    "Array",
    "ColSpec",
    "DataType",
    "Map",
    "Object",
    "ParamSchema",
    "ParamSpec",
    "Property",
    "Schema",
    "TensorSpec",
]


Spec = ColSpec | TensorSpec
_Columns = tuple[Sequence[FieldType], Sequence[Hashable], Sequence[bool]]
_JSON_LABELS = {str, int, float, bool}
"""Labels whose JSON is the same alone and in a list, whatever separates the items of the list."""


class Schema:
    """An immutable list of `ColSpec`, or of `TensorSpec`.

    Raises ValueError for an empty list, a mix of columns and tensors or of named and unnamed specs,
    several unnamed tensors, an optional unnamed column, or a repeated name.
    """

    __slots__ = ("_columns", "_inputs", "cache")

    _inputs: tuple[Spec, ...]

    def __init__(self, inputs: Iterable[Spec]) -> None:
        self._inputs = tuple(inputs)
        self._columns: _Columns | None = None
        self.cache: dict[str, Any] = {}  # what enforcement works out once per schema
        _check_specs(self._inputs)

    if not TYPE_CHECKING:  # for a type checker, this would make every name an attribute

        def __getattr__(self, name: str) -> Any:
            if name != "_inputs":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self._inputs = tuple(map(ColSpec, *self._columns))
            return self._inputs

    @property
    def inputs(self) -> list[Spec]:
        """The specs, in order."""
        return list(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs if self._columns is None else self._columns[0])

    def __iter__(self) -> Iterator[Spec]:
        return iter(self._inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._inputs == other._inputs

    def __hash__(self) -> int:
        return hash(self._inputs)

    def __repr__(self) -> str:
        return f"Schema([{', '.join(map(repr, self._inputs))}])"

    def is_tensor_spec(self) -> bool:
        """Whether the specs are tensors."""
        return self._columns is None and isinstance(self._inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Whether the specs have names."""
        return self._columns is not None or self._inputs[0].name is not None

    def input_names(self) -> list[Hashable]:
        """The names, or 0, 1, ... when there are none."""
        if self._columns is not None:
            return list(self._columns[1])
        return [i if spec.name is None else spec.name for i, spec in enumerate(self._inputs)]

    def required_input_names(self) -> list[Hashable]:
        """The names of required specs."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if spec.required]

    def optional_input_names(self) -> list[Hashable]:
        """The names of optional columns."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if not spec.required]

    def input_types(self) -> list[Any]:
        """The types of the columns, or the numpy dtypes of the tensors."""
        return [spec.type for spec in self._inputs] if self._columns is None else list(self._columns[0])

    def input_dict(self) -> dict[Hashable, Spec]:
        """Spec by name. Raises ValueError when there are no names."""
        if not self.has_input_names():
            raise ValueError("This schema has no names; use .inputs for its specs by position.")
        return {spec.name: spec for spec in self._inputs}

    def input_types_dict(self) -> dict[Hashable, Any]:
        """Type by name. Raises ValueError when there are no names."""
        return {name: spec.type for name, spec in self.input_dict().items()}

    def numpy_types(self) -> list[np.dtype[Any]]:
        """The numpy dtypes. Raises ValueError for nested columns, which have none."""
        return self.input_types() if self.is_tensor_spec() else [each.to_numpy() for each in self._scalar_types()]

    def pandas_types(self) -> list[np.dtype[Any]]:
        """The dtypes of a DataFrame's columns. Raises ValueError for tensors and nested columns."""
        return [each.to_pandas() for each in self._scalar_types()]

    def _scalar_types(self) -> list[DataType]:
        types = [spec.type for spec in self._inputs if isinstance(spec.type, DataType)]
        if len(types) < len(self):
            raise ValueError("Only columns of scalar types have dtypes of their own; see input_types().")
        return types

    def to_dict(self) -> list[dict[str, Any]]:
        """The JSON list."""
        return [spec.to_dict() for spec in self._inputs]

    def to_json(self) -> str:
        """The JSON text, byte-equal to MLflow's. Raises ValueError for a label JSON cannot hold."""
        try:
            if self._columns is not None:
                return f"[{', '.join(_columns_json(*self._columns))}]"
            return json.dumps(self.to_dict())
        except TypeError as error:
            raise ValueError(f"A column label cannot be written as JSON ({error}); use text labels.") from error

    @classmethod
    def from_dict(cls, specs: Iterable[Mapping[str, Any]]) -> Schema:
        """Read the JSON list; raises ValueError naming the spec at fault."""
        return cls([_read_spec(position, spec) for position, spec in enumerate(specs)])

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Read the JSON text, on one line or many; raises ValueError naming the spec at fault."""
        return cls.from_dict(read_json_list(text, "schema"))


def schema_of_columns(types: Sequence[FieldType], names: Sequence[Hashable], required: Sequence[bool]) -> Schema:
    """The schema of columns with these types and names.

    A wide table has thousands of columns: their specs are made when somebody asks for them.
    """
    if not names or None in names or len(set(names)) < len(names):
        return Schema(map(ColSpec, types, names, required))
    schema = Schema.__new__(Schema)
    schema._columns, schema.cache = (types, names, required), {}
    return schema


def _columns_json(types: Sequence[FieldType], names: Sequence[Hashable], required: Sequence[bool]) -> Iterator[str]:
    """The JSON of columns; neighbours that differ in nothing but their labels are written in one step."""
    for (dtype, is_required), run in groupby(zip(types, required, names, strict=True), key=itemgetter(0, 1)):
        labels = [name for _, _, name in run]
        if isinstance(dtype, DataType) and set(map(type, labels)) <= _JSON_LABELS:
            head, tail = f'{{"type": "{dtype.name}", "name": ', f', "required": {"true" if is_required else "false"}}}'
            joined = json.dumps(labels, separators=(f"{tail}, {head}", ": "))
            yield f"{head}{joined[1:-1]}{tail}"
        else:
            yield from (json.dumps(ColSpec(dtype, label, is_required).to_dict()) for label in labels)


def _read_spec(position: int, spec: Any) -> Spec:
    try:
        if isinstance(spec, Mapping) and spec.get("type") == "tensor":
            return TensorSpec.from_dict(spec)
        return ColSpec.from_dict(spec)
    except ValueError as error:
        label = spec.get("name", position) if isinstance(spec, Mapping) else position
        raise ValueError(f"Cannot read the schema's entry {label!r}: {error}") from error


def _check_specs(specs: tuple[Spec, ...]) -> None:
    if not specs:
        raise ValueError("A schema needs at least one column or tensor; use None for a part that is unknown.")
    if len({isinstance(spec, TensorSpec) for spec in specs}) > 1:
        raise ValueError("A schema holds columns or tensors, not both; make them two schemas.")
    names = [spec.name for spec in specs if spec.name is not None]
    if names and len(names) < len(specs):
        raise ValueError(f"Either all specs of a schema have names or none has; only {names} have.")
    if len(set(names)) < len(names):
        raise ValueError(f"A schema has a name twice among {names}; give each spec its own.")
    if not names and len(specs) > 1 and isinstance(specs[0], TensorSpec):
        raise ValueError("Several tensors in one schema need names.")
    if not names and not all(spec.required for spec in specs):
        raise ValueError("An unnamed column cannot be optional; give the columns names or make all required.")


publish("fitprint.models", Schema)
