"""The type hint of a model's input: lists in place of a DataFrame if it asks for them, and whether values fit it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from types import UnionType
from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.errors import SchemaError

_ROWS = (list[dict[str, str]], typing.List[typing.Dict[str, str]])  # noqa: UP006
_TEXTS = (list[str], typing.List[str])  # noqa: UP006


def input_hint(predict: Callable[..., Any], position: int) -> Any:
    """Return the type hint of the argument that takes the data, or None.

    Args:
        predict: The method or function.
        position: 1 if a context comes before the data, else 0.
    """
    known, hints = attempt(typing.get_type_hints, predict)
    if not known or not hints:
        return None
    names = [name for name in inspect.signature(predict).parameters if name not in ("self", "params")]
    return hints.get(names[position]) if len(names) > position else None


def output_hint(predict: Callable[..., Any]) -> Any:
    """Return the type hint of what a method or function returns, or None."""
    known, hints = attempt(typing.get_type_hints, predict)
    return hints.get("return") if known else None


def as_hinted(data: Any, hint: Any) -> Any:
    """Return a DataFrame as the list of strings, or of dicts of strings, that the hint asks for.

    Anything else is returned as it is.
    """
    if not hasattr(data, "iloc") or not hasattr(data, "columns") or not len(data):
        return data
    first = next((name for name, value in data.iloc[0].items() if isinstance(value, str)), None)
    if hint in _TEXTS:
        if first is None:
            raise SchemaError(["the type hint of the model's input needs a column of strings, and there is none"])
        return data[first].tolist()
    if hint in _ROWS:
        return data.to_dict(orient="records")
    return data


def fitting(data: Any, hint: Any) -> Any:
    """Return data in the form that a type hint describes.

    Raises:
        SchemaError: It does not fit; the message says where.
    """
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        data = _rows(data, hint)
    problems = list(_problems(data, hint, "the data"))
    if problems:
        raise SchemaError(problems, "The data does not fit the type hint of the model's input")
    return _built(data, hint)


def _rows(frame: Any, hint: Any) -> Any:
    """Return a DataFrame as a list: of its one column, or of dicts."""
    if typing.get_origin(hint) is not list:
        return frame
    (element,) = typing.get_args(hint)
    as_dicts = typing.get_origin(element) is dict or element is dict or hasattr(element, "model_validate")
    if as_dicts and list(frame.columns) != [0]:
        return frame.to_dict(orient="records")
    return frame.iloc[:, 0].tolist()


def _problems(value: Any, hint: Any, where: str) -> typing.Iterator[str]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        if not isinstance(value, list):
            yield f"{where}: expected a list, got {type(value).__name__}"
            return
        for number, item in enumerate(value):
            yield from _problems(item, inner[0], f"element {number} of {where}")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{where}: expected a dict, got {type(value).__name__}"
            return
        for name, item in value.items():
            yield from _problems(item, inner[1], f"{name!r} of {where}")
    elif origin in (typing.Union, UnionType):
        types = [option for option in inner if option is not type(None)]
        if value is not None and len(types) == 1:  # with several types MLflow accepts any value
            yield from _problems(value, types[0], where)
    elif hasattr(hint, "model_validate"):
        if not isinstance(value, (dict, hint)):
            yield f"{where}: expected a dict or a {hint.__name__}, got {type(value).__name__}"
    elif isinstance(hint, type) and not isinstance(value, hint):
        yield f"{where}: expected {hint.__name__}, got {type(value).__name__} {value!r:.60}"


def _built(value: Any, hint: Any) -> Any:
    """Return dicts as instances of the models that the hint names; everything else as it is."""
    if typing.get_origin(hint) is list:
        return [_built(item, typing.get_args(hint)[0]) for item in value]
    if hasattr(hint, "model_validate") and isinstance(value, dict):
        return hint.model_validate(value)
    return value
