"""The schema of a model's inputs or outputs: named or unnamed columns, or tensors.

The JSON form is that of MLflow 3.17: a list of specs, as `json.dumps` writes it with its default separators. What older
versions of MLflow wrote can be read as well.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from fitprint._core.publish import publish
from fitprint.models.param_schema import ParamSchema, ParamSpec, read_json_list
from fitprint.models.specs import ColSpec, TensorSpec
from fitprint.models.types import AnyType, Array, DataType, Map, Object, Property

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


class Schema:
    """The schema of a model's inputs or outputs: an immutable list of columns or of tensors.

    Args:
        inputs: Columns (`ColSpec`) or tensors (`TensorSpec`), which are the schema's `inputs` even when it describes
            the outputs of a model, as in MLflow.

    Raises:
        ValueError: The list is empty, it has both columns and tensors, only some of its specs have names, a name
            stands twice, there are several tensors without names, or a column without a name is optional.
    """

    __slots__ = ("_inputs", "cache")

    def __init__(self, inputs: Iterable[Spec]) -> None:
        self._inputs = tuple(inputs)
        self.cache: dict[str, Any] = {}  # what enforcement works out once per schema
        _check_specs(self._inputs)

    @property
    def inputs(self) -> list[Spec]:
        """The columns or tensors, in order."""
        return list(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

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
        return isinstance(self._inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Return whether the columns or tensors have names."""
        return self._inputs[0].name is not None

    def input_names(self) -> list[Hashable]:
        """Return the names, or 0, 1, ... where there are none."""
        return [i if spec.name is None else spec.name for i, spec in enumerate(self._inputs)]

    def required_input_names(self) -> list[Hashable]:
        """Return the names of the columns or tensors that data must have."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if spec.required]

    def optional_input_names(self) -> list[Hashable]:
        """Return the names of the columns that data may lack."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if not spec.required]

    def input_types(self) -> list[Any]:
        """Return the types of the columns, or the numpy dtypes of the tensors."""
        return [spec.type for spec in self._inputs]

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
            # The text of a scalar column with a name is made directly: in a wide table, a dict for each costs much.
            texts = [
                f'{{"type": "{spec.type.name}", "name": {encode_basestring_ascii(spec.name)}, '
                f'"required": {"true" if spec.required else "false"}}}'
                if type(spec) is ColSpec and type(spec.type) is DataType and type(spec.name) is str
                else json.dumps(spec.to_dict())
                for spec in self._inputs
            ]
            return f"[{', '.join(texts)}]"
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
