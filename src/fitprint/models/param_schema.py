"""Schemas of the params a model takes at prediction: name, type, default, scalar or list.

Source of the format: MLflow's signatures as of 3.17; `params` came with 2.6, object params later.
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
    """One param. `shape` is None for a scalar or an object, `(-1,)` for a list.

    Raises ValueError for a type params cannot have (binary, array, map, any), another shape,
    or a default that does not fit the type. Datetimes may be given as ISO text.
    """

    name: str
    dtype: ParamType
    default: Any
    shape: tuple[int, ...] | None

    def __init__(self, name: str, dtype: FieldType | str, default: Any, shape: Iterable[int] | None = None) -> None:
        axes = None if shape is None else tuple(shape)
        if axes not in (None, (-1,)):
            raise ValueError(f"Param {name!r}: shape must be None (a scalar) or [-1] (a list), not {axes}.")
        checked = _param_type(name, dtype)
        try:
            value = convert_param(default, checked, axes)
        except ValueError as error:
            raise ValueError(f"Param {name!r}: its default does not fit: {error}.") from error
        object.__setattr__(self, "name", str(name))
        object.__setattr__(self, "dtype", checked)
        object.__setattr__(self, "default", value)
        object.__setattr__(self, "shape", axes)

    def __repr__(self) -> str:
        listed = "" if self.shape is None else "list of "
        return f"{self.name!r}: {listed}{self.dtype} (default: {self.default!r})"

    def to_dict(self) -> dict[str, Any]:
        """The JSON map, keys in MLflow's order: `name`, `default`, `shape`, `type` (, `properties`)."""
        default = self.default
        if self.dtype is DataType.datetime:
            default = _iso(default) if self.shape is None else [_iso(item) for item in default]
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "default": default, "shape": shape, **self.dtype.to_dict()}

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> ParamSpec:
        """Read the JSON map; old files say `dtype` for `type`. Raises ValueError naming what is absent."""
        if not isinstance(spec, Mapping):
            raise ValueError(f"A param must be a map with 'name', 'type' and 'default'; got {spec!r}.")
        kind = spec.get("type") or spec.get("dtype")
        absent = [key for key in ("name", "default") if key not in spec] + ([] if kind else ["type"])
        if absent:
            raise ValueError(f"The param {dict(spec)!r} lacks {' and '.join(absent)}.")
        dtype = type_from_dict({**spec, "type": kind})
        return cls(str(spec["name"]), dtype, spec["default"], spec.get("shape"))

    @classmethod
    def from_json_dict(cls, **spec: Any) -> ParamSpec:
        """`from_dict`, by MLflow's name."""
        return cls.from_dict(spec)


class ParamSchema:
    """An immutable list of `ParamSpec`. Raises ValueError when two have the same name."""

    __slots__ = ("_params",)

    def __init__(self, params: Iterable[ParamSpec]) -> None:
        self._params = tuple(params)
        names = [param.name for param in self._params]
        if len(set(names)) < len(names):
            raise ValueError(f"A params schema has a name twice among {names}; give each its own.")

    @property
    def params(self) -> list[ParamSpec]:
        """The specs, in order."""
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
        """The JSON list."""
        return [param.to_dict() for param in self._params]

    def to_json(self) -> str:
        """The JSON text, byte-equal to MLflow's. Raises ValueError for a default JSON cannot hold."""
        try:
            return json.dumps(self.to_dict())
        except TypeError as error:
            raise ValueError(f"A param's default cannot be written as JSON: {error}.") from error

    @classmethod
    def from_dict(cls, specs: Iterable[Mapping[str, Any]]) -> ParamSchema:
        """Read the JSON list; raises ValueError naming the param at fault."""
        return cls(ParamSpec.from_dict(spec) for spec in specs)

    @classmethod
    def from_json(cls, text: str) -> ParamSchema:
        """Read the JSON text, on one line or many; raises ValueError naming the param at fault."""
        return cls.from_dict(read_json_list(text, "params schema"))


def read_json_list(text: str, what: str) -> list[Any]:
    """Parse JSON that must be a list; raises ValueError saying what is wrong with which text."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The {what} is not JSON ({error}): {str(text)[:80]!r}.") from error
    if not isinstance(found, list):
        raise ValueError(f"The {what} must be a JSON list of specs, not {type(found).__name__}.")
    return found


def _param_type(name: str, dtype: FieldType | str) -> ParamType:
    found = as_type(dtype)
    if not isinstance(found, (DataType, Object)) or found is DataType.binary:
        allowed = ", ".join(each.name for each in DataType if each is not DataType.binary)
        raise ValueError(f"Param {name!r} cannot have the type {found}; use {allowed} or an Object.")
    return found


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
    """The value as a plain Python value (or datetime) of the type; a list when `shape` is `(-1,)`.

    None passes. With `lossless`, whole floats pass as integers, any numpy number that keeps its value
    passes, and a tuple passes as a list. Raises ValueError saying what was expected and what came.
    """
    if shape is not None:
        if isinstance(dtype, Object):
            raise ValueError("an object param cannot be a list")
        return [_scalar(item, dtype, lossless) for item in _items(value, lossless)]
    if isinstance(dtype, Object):
        from fitprint.models.enforcement_values import enforce_value

        enforce_value(value, dtype, lossless=lossless)  # checks only: the model gets what the caller gave
        return value
    return _scalar(value, dtype, lossless)


def _items(value: Any, lossless: bool) -> Any:
    if isinstance(value, list) or (lossless and isinstance(value, tuple)):
        return value
    if getattr(value, "ndim", None) == 1 and _is_ndarray(value):
        return value
    raise ValueError(f"expected a list, got {type(value).__name__} {value!r}; wrap it as [...]")


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
        return bool(value == value // 1)  # not for NaN or infinity, which equal nothing here
    return dtype in {DataType.float, DataType.double} and (value != value or float(value) == value)


def _datetime(value: Any) -> datetime.date:
    """A date or datetime from ISO text, a date, a datetime (to naive UTC) or a numpy datetime."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return datetime.datetime.fromisoformat(value.isoformat(timespec="microseconds"))
    import numpy as np

    try:
        with no_warnings_in_context():  # numpy warns of text with a time zone
            found = np.datetime64(value).item()
    except (ValueError, TypeError):
        found = value
    if found is None or isinstance(found, datetime.date):
        return found  # type: ignore[return-value]  # None is NaT
    raise ValueError(
        f"expected a datetime, got {type(value).__name__} {value!r}; give ISO text like '2024-01-02T03:00:00'"
    )


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _is_ndarray(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


publish("fitprint.models", ParamSchema, ParamSpec)
