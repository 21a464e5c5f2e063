"""What a schema is a list of: columns, or tensors. Reading is tolerant of what older versions of MLflow wrote."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitprint._core.publish import publish
from fitprint.models.types import DataType, FieldType, as_type, type_from_dict

if TYPE_CHECKING:
    import numpy as np


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
        object.__setattr__(self, "type", type if isinstance(type, DataType) else as_type(type))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "required", bool(required))

    def __repr__(self) -> str:
        label = "" if self.name is None else f"{self.name!r}: "
        return f"{label}{self.type}{'' if self.required else ' (optional)'}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON map, keys in MLflow's order: `type`, its parts, `name`, `required`."""
        found: dict[str, Any] = {"type": self.type.value} if isinstance(self.type, DataType) else self.type.to_dict()
        if self.name is not None:
            found["name"] = self.name
        found["required"] = self.required
        return found

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

    @classmethod
    def from_json_dict(cls, **spec: Any) -> ColSpec:
        """`from_dict`, by MLflow's name."""
        return cls.from_dict(spec)


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
            "tensor-spec": {"dtype": _dtype_name(self.type), "shape": list(self.shape)},
        }

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> TensorSpec:
        """Read the JSON map; raises ValueError when `tensor-spec`, its `dtype` or its `shape` is absent."""
        tensor = spec.get("tensor-spec")
        if not isinstance(tensor, Mapping) or not {"dtype", "shape"} <= tensor.keys():
            raise ValueError(f"A tensor needs the key 'tensor-spec' with 'dtype' and 'shape'; got {dict(spec)!r}.")
        return cls(tensor["dtype"], tensor["shape"], _hashable(spec.get("name")))

    @classmethod
    def from_json_dict(cls, **spec: Any) -> TensorSpec:
        """`from_dict`, by MLflow's name."""
        return cls.from_dict(spec)


@functools.lru_cache(maxsize=64)
def _dtype_name(dtype: np.dtype[Any]) -> str:
    return dtype.name  # which numpy puts together anew each time


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


publish("fitprint.models", ColSpec, TensorSpec)
