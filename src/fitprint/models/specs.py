"""The entries of a schema: columns (`ColSpec`) and tensors (`TensorSpec`).

The JSON form is that of MLflow 3.17. What older versions of MLflow wrote can be read as well.
"""

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
    """One column of a schema.

    Args:
        type: The type of the values, or the name of a scalar type.
        name: The label of the column, or None if the column has no name. Most labels are text; an integer, or a
            tuple from a `MultiIndex`, is a label as well.
        required: Whether data must have the column.

    Raises:
        ValueError: `type` is not a type.
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
        """Return the JSON object, with the keys in MLflow's order: those of the type, `name`, `required`."""
        spec: dict[str, Any] = {"type": self.type.value} if isinstance(self.type, DataType) else self.type.to_dict()
        if self.name is not None:
            spec["name"] = self.name
        spec["required"] = self.required
        return spec

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> ColSpec:
        """Read a column from its JSON object.

        Where the key `required` is absent, MLflow takes a scalar column for required and a named nested column for
        optional. Its versions 2.4 to 2.9 wrote the key `optional` in its place.

        Args:
            spec: The JSON object. A name that is a list becomes a tuple, since JSON has no tuples.

        Returns:
            The column.

        Raises:
            ValueError: The type is absent or unknown.
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
        """Read a spec from the keys of its JSON object, as `from_dict` does. The name is that of MLflow.

        Args:
            **spec: The keys of the object.

        Returns:
            The spec.
        """
        return cls.from_dict(spec)


@dataclass(frozen=True, init=False)
class TensorSpec:
    """One tensor of a schema.

    Args:
        type: The numpy dtype, or its name. The length of a dtype of text or bytes is dropped, because MLflow's JSON
            form has none.
        shape: The size of each axis; -1 stands for any size.
        name: The name of the tensor, or None if it has none.

    Raises:
        ValueError: numpy does not know the dtype, or the shape does not consist of whole numbers.
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
        """Whether data must have the tensor. This is always true, because MLflow has no optional tensors."""
        return True

    def __repr__(self) -> str:
        label = "" if self.name is None else f"{self.name!r}: "
        return f"{label}tensor {self.type.name} {list(self.shape)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object, with the keys in MLflow's order: `name` (if any), `type`, `tensor-spec`."""
        named = {} if self.name is None else {"name": self.name}
        return {
            **named,
            "type": "tensor",
            "tensor-spec": {"dtype": _dtype_name(self.type), "shape": list(self.shape)},
        }

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> TensorSpec:
        """Read a tensor from its JSON object.

        Args:
            spec: The JSON object.

        Returns:
            The tensor.

        Raises:
            ValueError: `tensor-spec`, or the `dtype` or `shape` in it, is absent or not valid.
        """
        tensor = spec.get("tensor-spec")
        if not isinstance(tensor, Mapping) or not {"dtype", "shape"} <= tensor.keys():
            raise ValueError(
                f"A tensor needs the key 'tensor-spec', which holds 'dtype' and 'shape'; got {dict(spec)!r}."
            )
        return cls(tensor["dtype"], tensor["shape"], _hashable(spec.get("name")))

    @classmethod
    def from_json_dict(cls, **spec: Any) -> TensorSpec:
        """Read a spec from the keys of its JSON object, as `from_dict` does. The name is that of MLflow.

        Args:
            **spec: The keys of the object.

        Returns:
            The spec.
        """
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
    # the name of a dtype of text carries a length, such as 'str96' for '<U3'; MLflow writes 'str'
    return np.dtype({"U": "str", "S": "bytes"}[dtype.kind]) if dtype.kind in "US" else dtype


def _tensor_shape(shape: Iterable[int]) -> tuple[int, ...]:
    try:
        return tuple(int(axis) for axis in shape)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A tensor's shape must be a list of whole numbers, not {shape!r}.") from error


def _hashable(name: Any) -> Hashable:
    return tuple(map(_hashable, name)) if isinstance(name, list) else name


publish("fitprint.models", ColSpec, TensorSpec)
