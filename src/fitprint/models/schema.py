"""The schema of a model's inputs or outputs: named or unnamed columns, or tensors.

The JSON form is that of MLflow 3.17: a list of specs, as `json.dumps` writes it with its default separators. What older
versions of MLflow wrote can be read as well.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from fitprint._core.publish import publish
from fitprint.models.param_schema import ParamSchema, ParamSpec, read_json_list, specs_of
from fitprint.models.specs import ColSpec, TensorSpec
from fitprint.models.types import AnyType, Array, DataType, FieldType, Map, Object, Property

if TYPE_CHECKING:
    import numpy as np

# with the nested types, because MLflow's module of this name has them too
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
    """The schema of a model's inputs or outputs: an immutable list of columns or of tensors.

    Args:
        inputs: Columns (`ColSpec`) or tensors (`TensorSpec`), which are the schema's `inputs` even when it describes
            the outputs of a model, as in MLflow.

    Raises:
        ValueError: The list is empty or has something else, it has both columns and tensors, only some of its specs
            have names, a name stands twice, there are several tensors without names, or a column without a name is
            optional.
    """

    __slots__ = ("_columns", "_inputs", "cache")

    _inputs: tuple[Spec, ...]

    def __init__(self, inputs: Iterable[Spec]) -> None:
        self._inputs = specs_of(inputs, "Schema", ColSpec, TensorSpec)
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
        """The columns or tensors, in order."""
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
        """Return whether this is a schema of tensors."""
        return self._columns is None and isinstance(self._inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Return whether the columns or tensors have names."""
        return self._columns is not None or self._inputs[0].name is not None

    def input_names(self) -> list[Hashable]:
        """Return the names, or 0, 1, ... where there are none."""
        if self._columns is not None:
            return list(self._columns[1])
        return [i if spec.name is None else spec.name for i, spec in enumerate(self._inputs)]

    def required_input_names(self) -> list[Hashable]:
        """Return the names of the columns or tensors that data must have."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if spec.required]

    def optional_input_names(self) -> list[Hashable]:
        """Return the names of the columns that data may lack."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if not spec.required]

    def input_types(self) -> list[Any]:
        """Return the types of the columns, or the numpy dtypes of the tensors."""
        return [spec.type for spec in self._inputs] if self._columns is None else list(self._columns[0])

    def input_dict(self) -> dict[Hashable, Spec]:
        """Return the columns or tensors by name.

        Raises:
            ValueError: They have no names.
        """
        if not self.has_input_names():
            raise ValueError("The specs of this schema have no names; use `inputs`, which has them by position.")
        return {spec.name: spec for spec in self._inputs}

    def input_types_dict(self) -> dict[Hashable, Any]:
        """Return the types of the columns, or the numpy dtypes of the tensors, by name.

        Raises:
            ValueError: They have no names.
        """
        return {name: spec.type for name, spec in self.input_dict().items()}

    def numpy_types(self) -> list[np.dtype[Any]]:
        """Return the numpy dtypes of the columns or tensors.

        Raises:
            ValueError: A column has a nested type, which has no dtype.
        """
        if self.is_tensor_spec():
            return self.input_types()
        return [data_type.to_numpy() for data_type in self._scalar_types()]

    def pandas_types(self) -> list[np.dtype[Any]]:
        """Return the dtypes of a DataFrame with these columns.

        Raises:
            ValueError: This is a schema of tensors, or a column has a nested type.
        """
        return [data_type.to_pandas() for data_type in self._scalar_types()]

    def _scalar_types(self) -> list[DataType]:
        types = [spec.type for spec in self._inputs if isinstance(spec.type, DataType)]
        if len(types) < len(self):
            raise ValueError("Only columns of scalar types have a dtype; `input_types()` returns all types.")
        return types

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON list: one object for each column or tensor."""
        return [spec.to_dict() for spec in self._inputs]

    def to_json(self) -> str:
        """Return the JSON text, which has the same bytes as MLflow's.

        Raises:
            ValueError: JSON cannot express a label.
        """
        try:
            if self._columns is not None:
                return f"[{', '.join(_columns_json(*self._columns))}]"
            return json.dumps(self.to_dict())
        except TypeError as error:
            raise ValueError(f"A column label cannot be written as JSON ({error}); use text as labels.") from error

    @classmethod
    def from_dict(cls, specs: Iterable[Mapping[str, Any]]) -> Schema:
        """Read a schema from its JSON list.

        Args:
            specs: One JSON object for each column or tensor.

        Returns:
            The schema.

        Raises:
            ValueError: An object is not valid; the message names it.
        """
        return cls([_read_spec(position, spec) for position, spec in enumerate(specs)])

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Read a schema from its JSON text.

        Args:
            text: The JSON text, on one line or on many.

        Returns:
            The schema.

        Raises:
            ValueError: The text is not a JSON list, or an object in it is not valid; the message names it.
        """
        return cls.from_dict(read_json_list(text, "schema"))


def schema_of_columns(types: Sequence[FieldType], names: Sequence[Hashable], required: Sequence[bool]) -> Schema:
    """Return the schema of a table. Its specs, which may be thousands, are made only when they are asked for."""
    if not names or None in names or len(set(names)) < len(names):
        return Schema(map(ColSpec, types, names, required))
    schema = Schema.__new__(Schema)
    schema._columns, schema.cache = (types, names, required), {}
    return schema


def _columns_json(types: Sequence[FieldType], names: Sequence[Hashable], required: Sequence[bool]) -> Iterator[str]:
    """Yield the JSON of columns; neighbours that differ in nothing but their labels are written in one step."""
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
        raise ValueError("A schema needs at least one column or tensor; in a signature, None means an unknown schema.")
    if len({isinstance(spec, TensorSpec) for spec in specs}) > 1:
        raise ValueError("A schema has columns or tensors, not both.")
    names = [spec.name for spec in specs if spec.name is not None]
    if names and len(names) < len(specs):
        raise ValueError(f"Either all specs of a schema have names or none has; here only {names} are named.")
    if len(set(names)) < len(names):
        raise ValueError(f"Two specs of a schema have the same name; got the names {names}.")
    if not names and len(specs) > 1 and isinstance(specs[0], TensorSpec):
        raise ValueError("A schema of several tensors needs a name for each of them.")
    if not names and not all(spec.required for spec in specs):
        raise ValueError("A column without a name cannot be optional; name the columns, or make all of them required.")


publish("fitprint.models", Schema)
