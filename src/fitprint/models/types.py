"""Types of columns, as MLflow's signatures write them.

Source of the format: MLflow's `mlflow.types` as of 3.17; `map` came with 2.12 and `any` with 2.20.
Scalar types are members of `DataType`; `Array`, `Object`, `Map` and `AnyType` describe nested values.
All are immutable, compare by value, and turn into JSON maps and back: `to_dict` and `type_from_dict`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from fitprint._core.publish import publish

if TYPE_CHECKING:
    from typing import Self

    import numpy as np

__all__ = [
    "AnyType",
    "Array",
    "DataType",
    "FieldType",
    "Map",
    "Object",
    "Property",
    "SparkMLVector",
    "as_type",
    "type_from_dict",
]


class DataType(Enum):
    """A scalar type. The member's name is the text in the JSON."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__

    def to_numpy(self) -> np.dtype[Any]:
        """The numpy dtype, e.g. `float32` for `float`; text and bytes carry no length."""
        import numpy as np

        return np.dtype(_NUMPY_NAMES[self.name])

    def to_pandas(self) -> np.dtype[Any]:
        """The dtype a column of a DataFrame gets: as numpy's, but `object` for text and bytes."""
        import numpy as np

        return np.dtype("object") if self.name in {"string", "binary"} else self.to_numpy()

    def to_python(self) -> type:
        """The Python type of one value: `int` for `integer` and `long`, `datetime.date` for `datetime`."""
        return _PYTHON_TYPES[self.name]

    def to_dict(self) -> dict[str, Any]:
        """`{"type": name}`."""
        return {"type": self.name}

    @classmethod
    def all_types(cls) -> list[DataType]:
        """All scalar types."""
        return list(cls)

    @classmethod
    def from_numpy_type(cls, np_type: Any) -> DataType | None:
        """The type of a numpy dtype, or None."""
        return next((each for each in cls if each.to_numpy() == np_type), None)

    @classmethod
    def check_type(cls, data_type: DataType, value: Any) -> bool:
        """Whether a value is of the type's own Python or numpy type."""
        import numpy as np

        more: dict[DataType, tuple[type, ...]] = {
            cls.datetime: (np.datetime64, datetime.datetime),
            cls.binary: (bytearray,),
        }
        known = {data_type.to_numpy().type, data_type.to_python(), *more.get(data_type, ())}
        return type(value) in known


_NUMPY_NAMES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "str",
    "binary": "bytes",
    "datetime": "datetime64[ns]",
}
_PYTHON_TYPES: dict[str, type] = {
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "string": str,
    "binary": bytes,
    "datetime": datetime.date,
}


class _Readable:
    """What MLflow calls reading a type from its JSON map."""

    @classmethod
    def from_json_dict(cls, **spec: Any) -> Self:
        """Read the JSON map, given as keywords. Raises ValueError for the map of another type."""
        found = type_from_dict(spec)
        if not isinstance(found, cls):
            raise ValueError(f"This is the map of {found}, not of {cls.__name__}: {spec!r}.")
        return found


@dataclass(frozen=True, init=False)
class Array(_Readable):
    """A list (or ndarray) whose items are all of one type. JSON: `items` holds the type's map."""

    dtype: FieldType

    def __init__(self, dtype: FieldType | str) -> None:
        object.__setattr__(self, "dtype", as_type(dtype))

    def __str__(self) -> str:
        return f"array of {self.dtype}"

    def to_dict(self) -> dict[str, Any]:
        """`{"type": "array", "items": {...}}`."""
        return {"type": "array", "items": self.dtype.to_dict()}


@dataclass(frozen=True, init=False)
class SparkMLVector(Array):
    """Spark ML's vector. fitprint reads and writes the name; values count as lists of double."""

    def __init__(self) -> None:
        super().__init__(DataType.double)

    def __str__(self) -> str:
        return "sparkml_vector"

    def to_dict(self) -> dict[str, Any]:
        """`{"type": "sparkml_vector"}`."""
        return {"type": "sparkml_vector"}


@dataclass(frozen=True, init=False)
class Map(_Readable):
    """A dict with text keys of any name and values of one type. JSON: `values` holds the type's map."""

    value_type: FieldType

    def __init__(self, value_type: FieldType | str) -> None:
        object.__setattr__(self, "value_type", as_type(value_type))

    def __str__(self) -> str:
        return f"map of {self.value_type}"

    def to_dict(self) -> dict[str, Any]:
        """`{"type": "map", "values": {...}}`."""
        return {"type": "map", "values": self.value_type.to_dict()}


@dataclass(frozen=True)
class AnyType(_Readable):
    """Any value, missing ones included; nothing about it is checked."""

    def __str__(self) -> str:
        return "any"

    def to_dict(self) -> dict[str, Any]:
        """`{"type": "any"}`."""
        return {"type": "any"}


@dataclass(frozen=True, init=False)
class Property:
    """One key of an `Object`. Raises ValueError for a name that is no text or a type that is none."""

    name: str
    dtype: FieldType
    required: bool

    def __init__(self, name: str, dtype: FieldType | str, required: bool = True) -> None:
        if not isinstance(name, str):
            raise ValueError(f"A property's name must be text, not {type(name).__name__}: {name!r}.")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "dtype", as_type(dtype))
        object.__setattr__(self, "required", bool(required))

    def __lt__(self, other: Property) -> bool:
        return self.name < other.name

    def to_dict(self) -> dict[str, Any]:
        """`{name: {"type": ..., "required": ...}}`."""
        return {self.name: {**self.dtype.to_dict(), "required": self.required}}

    @classmethod
    def from_json_dict(cls, **spec: Any) -> Property:
        """Read what `to_dict` gives: one key, the name. Raises ValueError for several."""
        if len(spec) != 1:
            raise ValueError(f"A property is a map with one key, its name; got {list(spec)}.")
        ((name, found),) = spec.items()
        return _property_from_dict(name, found)


@dataclass(frozen=True, init=False)
class Object(_Readable):
    """A dict with known keys, kept sorted by name. Raises ValueError when empty or when a name repeats."""

    properties: tuple[Property, ...]

    def __init__(self, properties: Iterable[Property]) -> None:
        ordered = tuple(sorted(properties, key=lambda prop: prop.name))
        names = [prop.name for prop in ordered]
        if not names:
            raise ValueError("An object type needs at least one property; use the type any for empty dicts.")
        if len(set(names)) < len(names):
            raise ValueError(f"An object type has a property twice among {names}; give each its own name.")
        object.__setattr__(self, "properties", ordered)

    def __str__(self) -> str:
        keys = ", ".join(f"{p.name}{'' if p.required else '?'}: {p.dtype}" for p in self.properties)
        return f"object {{{keys}}}"

    def to_dict(self) -> dict[str, Any]:
        """`{"type": "object", "properties": {name: {...}, ...}}`."""
        properties = {name: spec for prop in self.properties for name, spec in prop.to_dict().items()}
        return {"type": "object", "properties": properties}


FieldType = DataType | Array | Object | Map | AnyType
"""Every type a column can have."""


def as_type(value: FieldType | str) -> FieldType:
    """The type itself, or the scalar type of that name. Raises ValueError for anything else."""
    if isinstance(value, (DataType, Array, Object, Map, AnyType)):
        return value
    if isinstance(value, str) and value in DataType.__members__:
        return DataType[value]
    if value == "any":
        return AnyType()
    raise ValueError(
        f"Unknown column type {value!r}. Use one of {', '.join(DataType.__members__)}, any, "
        "or an Array, Object or Map of these."
    )


def type_from_dict(spec: Mapping[str, Any]) -> FieldType:
    """Read a type from its JSON map; keys that do not belong to the type are ignored.

    Raises ValueError when `type` is absent or unknown, or a nested type lacks its own key.
    """
    if not isinstance(spec, Mapping) or "type" not in spec:
        raise ValueError(f"A type must be a map with the key 'type', such as {{'type': 'double'}}; got {spec!r}.")
    name = spec["type"]
    if name == "array":
        return Array(type_from_dict(_part(spec, "items")))
    if name == "map":
        return Map(type_from_dict(_part(spec, "values")))
    if name == "object":
        properties = _part(spec, "properties")
        return Object(_property_from_dict(key, value) for key, value in properties.items())
    if name == "sparkml_vector":
        return SparkMLVector()
    return as_type(name)


def _property_from_dict(name: str, spec: Any) -> Property:
    dtype = type_from_dict(spec)
    return Property(name, dtype, required=spec.get("required", True))


def _part(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = spec.get(key)
    if not isinstance(part, Mapping):
        raise ValueError(f"The type {spec['type']!r} needs the key {key!r} holding a map; got {dict(spec)!r}.")
    return part


publish("fitprint.models", DataType)
