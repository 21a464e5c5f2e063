"""The schema of the params that a model takes at prediction, and the conversion of their values.

The JSON form is that of MLflow 3.17. MLflow has params since 2.6, and params that are objects since later versions.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fitprint._core.isolation import no_warnings_in_context
from fitprint._core.publish import publish
from fitprint.models.types import DataType, FieldType, Object, as_type, type_from_dict

ParamType = DataType | Object


@dataclass(frozen=True, init=False)
class ParamSpec:
    """One param that a model takes at prediction.

    Args:
        name: The name of the param.
        dtype: A scalar type other than `binary`, its name, or an `Object`.
        default: The value that the model gets where the caller passes none. A datetime may be given as ISO text.
        shape: None for a scalar or an object, `(-1,)` for a list.

    Raises:
        ValueError: A param cannot have this type or this shape, or the default does not fit them.
    """

    name: str
    dtype: ParamType
    default: Any
    shape: tuple[int, ...] | None

    def __init__(self, name: str, dtype: FieldType | str, default: Any, shape: Iterable[int] | None = None) -> None:
        axes = tuple(shape) if isinstance(shape, Iterable) else shape
        if axes not in (None, (-1,)):
            raise ValueError(f"The shape of the param {name!r} must be None (a scalar) or [-1] (a list), not {axes}.")
        checked = _param_type(name, dtype)
        try:
            value = convert_param(default, checked, axes)
        except ValueError as error:
            raise ValueError(f"The default of the param {name!r} does not fit its type: {error}.") from error
        object.__setattr__(self, "name", str(name))
        object.__setattr__(self, "dtype", checked)
        object.__setattr__(self, "default", value)
        object.__setattr__(self, "shape", axes)

    def __repr__(self) -> str:
        listed = "" if self.shape is None else "list of "
        return f"{self.name!r}: {listed}{self.dtype} (default: {self.default!r})"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object, with MLflow's order of keys: `name`, `default`, `shape`, then those of the type."""
        default = self.default
        if self.dtype is DataType.datetime:
            default = _iso(default) if self.shape is None else [_iso(item) for item in default]
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "default": default, "shape": shape, **self.dtype.to_dict()}

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> ParamSpec:
        """Read a param from its JSON object.

        Args:
            spec: The JSON object. In files of older versions of MLflow, the key of the type is `dtype`.

        Returns:
            The param.

        Raises:
            ValueError: A key is absent, or its value is not valid.
        """
        if not isinstance(spec, Mapping):
            raise ValueError(f"A param must be a JSON object with 'name', 'type' and 'default'; got {spec!r}.")
        kind = spec.get("type") or spec.get("dtype")
        absent = [key for key in ("name", "default") if key not in spec] + ([] if kind else ["type"])
        if absent:
            raise ValueError(f"The param {dict(spec)!r} lacks {' and '.join(absent)}.")
        dtype = type_from_dict({**spec, "type": kind})
        return cls(str(spec["name"]), dtype, spec["default"], spec.get("shape"))

    @classmethod
    def from_json_dict(cls, **spec: Any) -> ParamSpec:
        """Read a param from the keys of its JSON object, as `from_dict` does. The name is that of MLflow.

        Args:
            **spec: The keys of the object.

        Returns:
            The param.
        """
        return cls.from_dict(spec)


class ParamSchema:
    """The schema of the params that a model takes at prediction: an immutable list of `ParamSpec`.

    Args:
        params: The params.

    Raises:
        ValueError: Something else than `ParamSpec` is given, or two params have the same name.
    """

    __slots__ = ("_params",)

    def __init__(self, params: Iterable[ParamSpec]) -> None:
        self._params = specs_of(params, "ParamSchema", ParamSpec)
        names = [param.name for param in self._params]
        if len(set(names)) < len(names):
            raise ValueError(f"Two params of a schema have the same name; got the names {names}.")

    @property
    def params(self) -> list[ParamSpec]:
        """The params, in order."""
        return list(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def __iter__(self) -> Iterator[ParamSpec]:
        return iter(self._params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSchema) and self._params == other._params

    __hash__ = None  # type: ignore[assignment]  # a default may be a list

    def __repr__(self) -> str:
        return f"ParamSchema([{', '.join(map(repr, self._params))}])"

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON list: one object for each param."""
        return [param.to_dict() for param in self._params]

    def to_json(self) -> str:
        """Return the JSON text, which has the same bytes as MLflow's.

        Raises:
            ValueError: JSON cannot express a default.
        """
        try:
            return json.dumps(self.to_dict())
        except TypeError as error:
            raise ValueError(f"The default of a param cannot be written as JSON: {error}.") from error

    @classmethod
    def from_dict(cls, specs: Iterable[Mapping[str, Any]]) -> ParamSchema:
        """Read a schema of params from its JSON list.

        Args:
            specs: One JSON object for each param.

        Returns:
            The schema.

        Raises:
            ValueError: An object is not valid; the message names it.
        """
        return cls(ParamSpec.from_dict(spec) for spec in specs)

    @classmethod
    def from_json(cls, text: str) -> ParamSchema:
        """Read a schema of params from its JSON text.

        Args:
            text: The JSON text, on one line or on many.

        Returns:
            The schema.

        Raises:
            ValueError: The text is not a JSON list, or an object in it is not valid; the message names it.
        """
        return cls.from_dict(read_json_list(text, "params schema"))


def specs_of(values: Any, what: str, *kinds: type) -> tuple[Any, ...]:
    """Return the specs that a schema is made of as a tuple.

    Raises:
        ValueError: They are not a list of specs.
    """
    specs = tuple(values) if isinstance(values, Iterable) else (values,)
    wrong = [spec for spec in specs if not isinstance(spec, kinds)]
    if wrong or not isinstance(values, Iterable):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{what} takes a list of {names}, not {values!r:.80}.")
    return specs


def read_json_list(text: str, what: str) -> list[Any]:
    """Parse a JSON text that must be a list.

    Args:
        text: The JSON text.
        what: What the text is, for the message of the error.

    Returns:
        The list.

    Raises:
        ValueError: The text is not JSON, or it is not a list.
    """
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The {what} is not JSON ({error}): {str(text)[:80]!r}.") from error
    if not isinstance(value, list):
        raise ValueError(f"The {what} must be a JSON list of specs, not {type(value).__name__}.")
    return value


def _param_type(name: str, dtype: FieldType | str) -> ParamType:
    param_type = as_type(dtype)
    if not isinstance(param_type, (DataType, Object)) or param_type is DataType.binary:
        allowed = ", ".join(data_type.name for data_type in DataType if data_type is not DataType.binary)
        raise ValueError(f"The param {name!r} cannot have the type {param_type}; use {allowed} or an Object.")
    return param_type


def _iso(value: Any) -> str | None:
    return None if value is None else str(value.isoformat())


_BUILTINS: dict[DataType, frozenset[type]] = {
    DataType.boolean: frozenset({bool}),
    DataType.integer: frozenset({int}),
    DataType.long: frozenset({int}),
    DataType.float: frozenset({int, float}),
    DataType.double: frozenset({int, float}),
    DataType.string: frozenset({str}),
}
_NUMPY: dict[DataType, frozenset[str]] = {
    DataType.boolean: frozenset({"bool"}),
    DataType.integer: frozenset({"int32"}),
    DataType.long: frozenset({"int32", "int64"}),
    DataType.float: frozenset({"int32", "int64", "float32"}),
    DataType.double: frozenset({"int32", "int64", "float32", "float64"}),
}


def convert_param(
    value: Any, dtype: DataType | Object, shape: tuple[int, ...] | None = None, *, lossless: bool = False
) -> Any:
    """Convert the value of a param to its declared type, as MLflow does it at prediction and for defaults.

    Args:
        value: The value. None is accepted for every type.
        dtype: The declared type.
        shape: None for a scalar or an object, `(-1,)` for a list.
        lossless: Whether to accept, beyond what MLflow accepts, what keeps its value: whole floats as integers, numpy
            numbers of other dtypes, and a tuple as a list.

    Returns:
        A plain Python value, or a list of them.

    Raises:
        ValueError: The value does not fit; the message says what was expected.
    """
    if shape is not None:
        if isinstance(dtype, Object):
            raise ValueError("a param whose type is an object cannot be a list")
        return [_scalar(item, dtype, lossless) for item in _items(value, lossless)]
    if isinstance(dtype, Object):
        from fitprint.models.enforcement_values import enforce_value

        enforce_value(value, dtype, lossless=lossless)  # this only checks: the model gets the value unconverted
        return value
    return _scalar(value, dtype, lossless)


def _items(value: Any, lossless: bool) -> Any:
    if isinstance(value, list) or (lossless and isinstance(value, tuple)):
        return value
    if getattr(value, "ndim", None) == 1 and _is_ndarray(value):
        return value
    raise ValueError(f"expected a list, got {type(value).__name__} {value!r}; put the value into a list")


def _scalar(value: Any, dtype: DataType, lossless: bool) -> Any:
    if value is None:
        return None
    if dtype is DataType.datetime:
        return _datetime(value)
    if _is_accepted(value, dtype) or (lossless and _keeps_value(value, dtype)):
        try:
            return dtype.to_python()(value)
        except OverflowError:
            pass
    raise ValueError(f"expected {dtype}, got {type(value).__name__} {value!r}")


def _is_accepted(value: Any, dtype: DataType) -> bool:
    if type(value) in _BUILTINS[dtype]:
        return True
    if not _is_numpy_scalar(value):
        return False
    if dtype is DataType.string:
        return bool(value.dtype.kind == "U")
    return value.dtype.name in _NUMPY[dtype]


def _keeps_value(value: Any, dtype: DataType) -> bool:
    numeric = isinstance(value, (int, float)) or (_is_numpy_scalar(value) and value.dtype.kind in "iuf")
    if isinstance(value, bool) or not numeric:
        return False
    if dtype in {DataType.integer, DataType.long}:
        return bool(value == value // 1)  # false for NaN and infinity, for which `//` gives NaN
    return dtype in {DataType.float, DataType.double} and (value != value or float(value) == value)


def _datetime(value: Any) -> datetime.date:
    """Convert ISO text or a numpy datetime to a date or datetime, and a datetime with a time zone to naive UTC."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return datetime.datetime.fromisoformat(value.isoformat(timespec="microseconds"))
    import numpy as np

    try:
        with no_warnings_in_context():  # numpy warns of text with a time zone
            converted = np.datetime64(value).item()
    except (ValueError, TypeError):
        converted = value
    if converted is None or isinstance(converted, datetime.date):
        return converted  # type: ignore[return-value]  # None stands for NaT
    raise ValueError(
        f"expected a datetime, got {type(value).__name__} {value!r}; use ISO text such as '2024-01-02T03:00:00'"
    )


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _is_ndarray(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


publish("fitprint.models", ParamSchema, ParamSpec)
