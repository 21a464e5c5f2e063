"""Strict JSON: NaN and infinities become the strings "NaN", "Infinity", "-Infinity"; any value has a plain form."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

LONGEST_INT = 10_000
DEEPEST = 8


class Bounds(NamedTuple):
    """How much of a value is kept."""

    text: int = 100_000
    """Characters."""
    entries: int = 1_000
    """Of each list and mapping."""
    described: bool = False
    """Whether an array stands with its shape and dtype beside its values."""


USUAL = Bounds()
WHOLE = Bounds(50_000_000, 1_000_000, described=True)
ALL = Bounds(50_000_000, 1_000_000)


def dumps(value: Any, indent: int | None = None) -> str:
    """The JSON text of plain values (see `plain`), strict: no bare NaN."""
    try:
        return json.dumps(value, allow_nan=False, indent=indent, ensure_ascii=False)
    except ValueError:
        return json.dumps(_spelled(value), allow_nan=False, indent=indent, ensure_ascii=False)


def of_data(value: Any) -> bytes:
    """The JSON of facts that a flavor made: whole, whatever their size; only what is foreign to JSON is made plain."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=plain)
    except ValueError:
        text = json.dumps(_spelled(value), allow_nan=False, ensure_ascii=False, default=plain)
    return text.encode("utf-8", "backslashreplace")


def to_bytes(value: Any, indent: int | None = None) -> bytes:
    """The JSON of plain values in UTF-8. A lone surrogate, as in odd file names, becomes its JSON escape."""
    return dumps(value, indent).encode("utf-8", "backslashreplace")


def number(value: Any) -> Any:
    """A number read back from strict JSON: "NaN" and the infinities are floats again."""
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {key: _spelled(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(inner) for inner in value]
    return value


def plain(value: Any, depth: int = 0, bounds: Bounds = USUAL) -> Any:
    """A value of the user's as JSON can hold it: itself, or numbers and lists of arrays, or its repr; bounded.

    Of a table its class and shape alone: its rows are data. Functions stand by their name, those in a
    ``functools.partial`` too.

    Raises whatever the value's own ``repr`` raises.
    """
    kind = type(value)
    if kind is int and value.bit_length() > LONGEST_INT:  # more digits than Python spells out
        return f"a whole number of {value.bit_length()} bits"
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if kind is str:
        return _short(value, bounds)
    if depth < DEEPEST:
        if isinstance(value, Mapping):
            return {str(key): plain(inner, depth + 1, bounds) for key, inner in islice(value.items(), bounds.entries)}
        if isinstance(value, (list, tuple)):
            return _plain_list(value, depth, bounds)
    for base in (int, float, str):  # subclasses: numpy.float64 is a float, an IntEnum an int
        if isinstance(value, base):
            return base(value)
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:  # other numpy scalars
        return plain(item(), depth + 1, bounds) if depth < DEEPEST else repr(value)
    if isinstance(value, type) or callable(value):
        return _named(value, bounds)
    if getattr(value, "shape", None) is not None:
        return _of_shape(value, depth, bounds)
    return _text(value, bounds)


def _plain_list(value: Any, depth: int, bounds: Bounds) -> Any:
    if len(value) > bounds.entries:
        return f"{type(value).__name__} of {len(value)}: {_short(repr(value[:5]), bounds)}"
    return [plain(inner, depth + 1, bounds) for inner in value]


def _of_shape(value: Any, depth: int, bounds: Bounds) -> Any:
    """An array of numpy's as its values; a table by its shape; of anything else its repr."""
    if isinstance(value.shape, tuple) and any(hasattr(value, each) for each in ("columns", "index", "to_frame")):
        kind = type(value)
        return f"{kind.__module__.partition('.')[0]}.{kind.__name__} of shape {value.shape}"
    if type(value).__module__.partition(".")[0] != "numpy" or value.size > bounds.entries or depth >= DEEPEST:
        return _short(repr(value), bounds)
    values = [plain(inner, depth + 1, bounds) for inner in value.tolist()]
    return {"shape": list(value.shape), "dtype": str(value.dtype), "values": values} if bounds.described else values


def _named(value: Any, bounds: Bounds) -> str:
    """Functions and classes by their name: their repr holds a memory address, another in every run."""
    while isinstance(value, functools.partial):
        value = value.func
    name = getattr(value, "__qualname__", None)
    if name is None:
        return _text(value, bounds)
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def _text(value: Any, bounds: Bounds) -> str:
    """The repr of a value without its address, which would be another in every run."""
    text = repr(value)
    address = f" at {id(value):#x}"
    start = text.lower().find(address)
    return _short(text if start < 0 else text[:start] + text[start + len(address) :], bounds)


def _short(text: str, bounds: Bounds) -> str:
    return text if len(text) <= bounds.text else text[: bounds.text] + "..."
