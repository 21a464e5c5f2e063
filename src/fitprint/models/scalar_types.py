"""The scalar types of MLflow's signatures."""

from __future__ import annotations

import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from fitprint._core.publish import publish

if TYPE_CHECKING:
    import numpy as np


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

    __hash__ = object.__hash__  # `Enum` hashes the name, by a call in Python for each column of a table

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


publish("fitprint.models", DataType)
