"""Schemas of a model's inputs and outputs: named or unnamed columns, or tensors.

Source of the format: MLflow's signatures as of 3.17 (a JSON list of specs, written by `json.dumps`
with its default separators). Reading is tolerant of what older versions wrote.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitprint.models.param_schema import ParamSchema, ParamSpec, read_json_list
from fitprint.models.types import DataType, FieldType, as_type, type_from_dict

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ColSpec", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"]


@dataclass(frozen=True, init=False)
class ColSpec:
    """One column: its type, its label (None for an unnamed one) and whether it must be there.

    Labels are mostly text, but an integer or a tuple (of a MultiIndex) is a label as well.
    Raises ValueError for an unknown type.
    """

    type: FieldType
    name: Hashable
    required: bool

    def __init__(self, type: FieldType | str, name: Hashable = None, required: bool = True) -> None:
        object.__setattr__(self, "type", as_type(type))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "required", bool(required))

    def __repr__(self) -> str:
        label = "" if self.name is None else f"{self.name!r}: "
        return f"{label}{self.type}{'' if self.required else ' (optional)'}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON map, keys in MLflow's order: `type`, its parts, `name`, `required`."""
        named = {} if self.name is None else {"name": self.name}
        return {**self.type.to_dict(), **named, "required": self.required}

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> ColSpec:
        """Read the JSON map; raises ValueError for an unknown type.

        Without `required`, MLflow takes a scalar column for required and a named nested one for optional;
        2.4 to 2.9 wrote `optional` instead. A list label was a tuple before it was JSON.
        """
        dtype = type_from_dict(spec)
        name = spec.get("name")
        required = spec.get("required")
        if required is None and "optional" in spec:
            required = not spec["optional"]
        if required is None:
            required = isinstance(dtype, DataType) or name is None
        return cls(dtype, _hashable(name), required)


@dataclass(frozen=True, init=False)
class TensorSpec:
    """One ndarray: its numpy dtype, its shape (-1 for an axis of any size) and its name, if any.

    `type` may be a dtype or its name; the length of text and bytes is dropped, as MLflow's JSON has none.
    Raises ValueError for an unknown dtype or a shape that is not of whole numbers.
    """

    type: np.dtype[Any]
    shape: tuple[int, ...]
    name: Hashable

    def __init__(self, type: Any, shape: Iterable[int], name: Hashable = None) -> None:
        object.__setattr__(self, "type", _tensor_dtype(type))
        object.__setattr__(self, "shape", _tensor_shape(shape))
        object.__setattr__(self, "name", name)

    @property
    def required(self) -> bool:
        """Always true: MLflow has no optional tensors."""
        return True

    def __repr__(self) -> str:
        label = "" if self.name is None else f"{self.name!r}: "
        return f"{label}tensor {self.type.name} {list(self.shape)}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON map: (`name`,) `type`, `tensor-spec`."""
        named = {} if self.name is None else {"name": self.name}
        return {
            **named,
            "type": "tensor",
            "tensor-spec": {"dtype": self.type.name, "shape": list(self.shape)},
        }

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> TensorSpec:
        """Read the JSON map; raises ValueError when `tensor-spec`, its `dtype` or its `shape` is absent."""
        tensor = spec.get("tensor-spec")
        if not isinstance(tensor, Mapping) or not {"dtype", "shape"} <= tensor.keys():
            raise ValueError(f"A tensor needs the key 'tensor-spec' with 'dtype' and 'shape'; got {dict(spec)!r}.")
        return cls(tensor["dtype"], tensor["shape"], _hashable(spec.get("name")))


Spec = ColSpec | TensorSpec


class Schema:
    """An immutable list of `ColSpec`, or of `TensorSpec`.

    Raises ValueError for an empty list, a mix of columns and tensors or of named and unnamed specs,
    several unnamed tensors, an optional unnamed column, or a repeated name.
    """

    __slots__ = ("_inputs", "cache")

    def __init__(self, inputs: Iterable[Spec]) -> None:
        self._inputs = tuple(inputs)
        self.cache: dict[str, Any] = {}  # what enforcement works out once per schema
        _check_specs(self._inputs)

    @property
    def inputs(self) -> list[Spec]:
        """The specs, in order."""
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
        """Whether the specs are tensors."""
        return isinstance(self._inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Whether the specs have names."""
        return self._inputs[0].name is not None

    def input_names(self) -> list[Hashable]:
        """The names, or 0, 1, ... when there are none."""
        return [i if spec.name is None else spec.name for i, spec in enumerate(self._inputs)]

    def required_input_names(self) -> list[Hashable]:
        """The names of required specs."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if spec.required]

    def optional_input_names(self) -> list[Hashable]:
        """The names of optional columns."""
        return [name for name, spec in zip(self.input_names(), self._inputs, strict=True) if not spec.required]

    def input_types(self) -> list[Any]:
        """The types of the columns, or the numpy dtypes of the tensors."""
        return [spec.type for spec in self._inputs]

    def input_dict(self) -> dict[Hashable, Spec]:
        """Spec by name. Raises ValueError when there are no names."""
        if not self.has_input_names():
            raise ValueError("This schema has no names; use .inputs for its specs by position.")
        return {spec.name: spec for spec in self._inputs}

    def to_dict(self) -> list[dict[str, Any]]:
        """The JSON list."""
        return [spec.to_dict() for spec in self._inputs]

    def to_json(self) -> str:
        """The JSON text, byte-equal to MLflow's. Raises ValueError for a label JSON cannot hold."""
        try:
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


def _tensor_dtype(value: Any) -> np.dtype[Any]:
    import numpy as np

    try:
        dtype = np.dtype(value)
    except TypeError as error:
        raise ValueError(f"Unknown tensor dtype {value!r}; use a numpy dtype such as 'float32'.") from error
    # `str` and `bytes` are what np.dtype('<U3').name and its like must be cut to
    return np.dtype({"U": "str", "S": "bytes"}[dtype.kind]) if dtype.kind in "US" else dtype


def _tensor_shape(shape: Iterable[int]) -> tuple[int, ...]:
    try:
        return tuple(int(axis) for axis in shape)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A tensor's shape must be a list of whole numbers, not {shape!r}.") from error


def _hashable(name: Any) -> Hashable:
    return tuple(map(_hashable, name)) if isinstance(name, list) else name
