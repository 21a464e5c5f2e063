"""The types that a column of a schema can have: scalar types, and the types of nested values.

The names and the JSON form are those of MLflow's `mlflow.types` as of version 3.17 (`map` came with 2.12 and `any`
with 2.20). The scalar types are the members of `DataType`; `Array`, `Object`, `Map` and `AnyType` describe nested
values. All of them are immutable and compare by value. `to_dict` writes a type as a JSON object and `type_from_dict`
reads it.
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
    """A scalar type. The name of the member is its name in the JSON form."""

    __hash__ = object.__hash__  # `Enum` hashes the name, by a call in Python for each column of a table

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
        """Return the numpy dtype, for example `float32` for `float`. Those of text and bytes have no length."""
        import numpy as np

        return np.dtype(_NUMPY_NAMES[self.name])

    def to_pandas(self) -> np.dtype[Any]:
        """Return the dtype of a DataFrame's column of this type: numpy's dtype, but `object` for text and bytes."""
        import numpy as np

        return np.dtype("object") if self.name in {"string", "binary"} else self.to_numpy()

    def to_python(self) -> type:
        """Return the Python type of one value: `int` for `integer` and `long`, `datetime.date` for `datetime`."""
        return _PYTHON_TYPES[self.name]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: `{"type": name}`."""
        return {"type": self.name}

    @classmethod
    def all_types(cls) -> list[DataType]:
        """Return all scalar types."""
        return list(cls)

    @classmethod
    def from_numpy_type(cls, np_type: Any) -> DataType | None:
        """Return the scalar type whose numpy dtype is `np_type`, or None if there is no such type."""
        return next((data_type for data_type in cls if data_type.to_numpy() == np_type), None)

    @classmethod
    def check_type(cls, data_type: DataType, value: Any) -> bool:
        """Check whether a value is of the Python type or the numpy type that stands for a scalar type.

        Args:
            data_type: The scalar type.
            value: Any value.

        Returns:
            True if the class of the value is exactly one of those of the type; subclasses do not count.
        """
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
    """A nested type, with the method by which MLflow reads one."""

    @classmethod
    def from_json_dict(cls, **spec: Any) -> Self:
        """Read a type from the keys of its JSON object.

        Args:
            **spec: The keys of the object, as `to_dict` writes them.

        Returns:
            The type.

        Raises:
            ValueError: The object describes a type of another class, or is not valid.
        """
        read_type = type_from_dict(spec)
        if not isinstance(read_type, cls):
            raise ValueError(
                f"The JSON object {spec!r} describes the type {read_type}, which is not of the class {cls.__name__}."
            )
        return read_type


@dataclass(frozen=True, init=False)
class Array(_Readable):
    """A list or an ndarray whose items are all of one type.

    Args:
        dtype: The type of the items, or the name of a scalar type.

    Raises:
        ValueError: `dtype` is not a type.
    """

    dtype: FieldType

    def __init__(self, dtype: FieldType | str) -> None:
        object.__setattr__(self, "dtype", as_type(dtype))

    def __str__(self) -> str:
        return f"array of {self.dtype}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: `{"type": "array", "items": {...}}`."""
        return {"type": "array", "items": self.dtype.to_dict()}


@dataclass(frozen=True, init=False)
class SparkMLVector(Array):
    """A vector of Spark ML. fitprint reads and writes this type, and checks values as lists of `double`."""

    def __init__(self) -> None:
        super().__init__(DataType.double)

    def __str__(self) -> str:
        return "sparkml_vector"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: `{"type": "sparkml_vector"}`."""
        return {"type": "sparkml_vector"}


@dataclass(frozen=True, init=False)
class Map(_Readable):
    """A dict with any keys, which are text, and with values that are all of one type.

    Args:
        value_type: The type of the values, or the name of a scalar type.

    Raises:
        ValueError: `value_type` is not a type.
    """

    value_type: FieldType

    def __init__(self, value_type: FieldType | str) -> None:
        object.__setattr__(self, "value_type", as_type(value_type))

    def __str__(self) -> str:
        return f"map of {self.value_type}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: `{"type": "map", "values": {...}}`."""
        return {"type": "map", "values": self.value_type.to_dict()}


@dataclass(frozen=True)
class AnyType(_Readable):
    """The type of every value, missing values included: a value of this type is not checked."""

    def __str__(self) -> str:
        return "any"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: `{"type": "any"}`."""
        return {"type": "any"}


@dataclass(frozen=True, init=False)
class Property:
    """One key of an `Object`, with the type of its values.

    Args:
        name: The key.
        dtype: The type of the value, or the name of a scalar type.
        required: Whether the key must be there.

    Raises:
        ValueError: `name` is not text, or `dtype` is not a type.
    """

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
        """Return the JSON object: `{name: {"type": ..., "required": ...}}`."""
        return {self.name: {**self.dtype.to_dict(), "required": self.required}}

    @classmethod
    def from_json_dict(cls, **spec: Any) -> Property:
        """Read a property from the JSON object that `to_dict` writes.

        Args:
            **spec: One key, which is the name of the property.

        Returns:
            The property.

        Raises:
            ValueError: There is not exactly one key, or its value describes no type.
        """
        if len(spec) != 1:
            raise ValueError(f"A property is a JSON object with one key, which is its name; got the keys {list(spec)}.")
        ((name, value),) = spec.items()
        return _property_from_dict(name, value)


@dataclass(frozen=True, init=False)
class Object(_Readable):
    """A dict whose keys are known.

    Args:
        properties: The keys with their types. They are kept sorted by name.

    Raises:
        ValueError: There is no property, or two have the same name.
    """

    properties: tuple[Property, ...]

    def __init__(self, properties: Iterable[Property]) -> None:
        ordered = tuple(sorted(properties, key=lambda prop: prop.name))
        names = [prop.name for prop in ordered]
        if not names:
            raise ValueError("An object type needs at least one property; for an empty dict use the type any.")
        if len(set(names)) < len(names):
            raise ValueError(f"Two properties of an object type have the same name; got the names {names}.")
        object.__setattr__(self, "properties", ordered)

    def __str__(self) -> str:
        keys = ", ".join(f"{p.name}{'' if p.required else '?'}: {p.dtype}" for p in self.properties)
        return f"object {{{keys}}}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: `{"type": "object", "properties": {name: {...}, ...}}`."""
        properties = {name: spec for prop in self.properties for name, spec in prop.to_dict().items()}
        return {"type": "object", "properties": properties}


FieldType = DataType | Array | Object | Map | AnyType
"""Every type that a column can have."""


def as_type(value: FieldType | str) -> FieldType:
    """Return a type that is given as such or by its name.

    Args:
        value: A type, the name of a scalar type, or `"any"`.

    Returns:
        The type.

    Raises:
        ValueError: `value` is something else.
    """
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
    """Read a type from its JSON object.

    Args:
        spec: The JSON object. Keys that do not belong to the type are ignored.

    Returns:
        The type.

    Raises:
        ValueError: The key `type` is absent or names no type, or a nested type lacks the key that describes its parts.
    """
    if not isinstance(spec, Mapping) or "type" not in spec:
        raise ValueError(
            f"A type must be a JSON object with the key 'type', such as {{'type': 'double'}}; got {spec!r}."
        )
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
        raise ValueError(f"The type {spec['type']!r} needs a JSON object at the key {key!r}; got {dict(spec)!r}.")
    return part


publish("fitprint.models", DataType)
