"""What the type hint of a model's input asks for: lists where enforcement made a DataFrame, and values that fit it."""

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
    """The type hint of the argument that takes the data, or None. ``position``: 1 where a context comes before it."""
    known, hints = attempt(typing.get_type_hints, predict)
    if not known or not hints:
        return None
    names = [each for each in inspect.signature(predict).parameters if each not in ("self", "params")]
    return hints.get(names[position]) if len(names) > position else None


def as_hinted(data: Any, hint: Any) -> Any:
    """A DataFrame as the list of texts, or of dicts of texts, that the hint asks for; anything else as it is."""
    if not hasattr(data, "iloc") or not hasattr(data, "columns") or not len(data):
        return data
    first = next((name for name, value in data.iloc[0].items() if isinstance(value, str)), None)
    if hint in _TEXTS:
        if first is None:
            raise SchemaError(["expected a column of text, as the type hint of the model's input says; there is none"])
        return data[first].tolist()
    if hint in _ROWS:
        return data.to_dict(orient="records")
    return data


def fitting(data: Any, hint: Any) -> Any:
    """Data that a type hint describes, checked. Raises SchemaError saying where it does not fit."""
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        data = _rows(data, hint)
    problems = list(_problems(data, hint, "the data"))
    if problems:
        raise SchemaError(problems, "The data does not fit the type hint of the model's input")
    return _built(data, hint)


def _rows(frame: Any, hint: Any) -> Any:
    """A DataFrame as a list: of its one column, or of dicts."""
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
        for number, each in enumerate(value):
            yield from _problems(each, inner[0], f"element {number} of {where}")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{where}: expected a dict, got {type(value).__name__}"
            return
        for name, each in value.items():
            yield from _problems(each, inner[1], f"{name!r} of {where}")
    elif origin in (typing.Union, UnionType):
        wanted = [each for each in inner if each is not type(None)]
        if value is not None and len(wanted) == 1:  # several types: any value, as MLflow has it
            yield from _problems(value, wanted[0], where)
    elif hasattr(hint, "model_validate"):
        if not isinstance(value, (dict, hint)):
            yield f"{where}: expected a dict or a {hint.__name__}, got {type(value).__name__}"
    elif isinstance(hint, type) and not isinstance(value, hint):
        yield f"{where}: expected {hint.__name__}, got {type(value).__name__} {value!r:.60}"


def _built(value: Any, hint: Any) -> Any:
    """Dicts made into the models that the hint names; everything else as it is."""
    if typing.get_origin(hint) is list:
        return [_built(each, typing.get_args(hint)[0]) for each in value]
    if hasattr(hint, "model_validate") and isinstance(value, dict):
        return hint.model_validate(value)
    return value
