"""Strict JSON: NaN and infinities become the strings "NaN", "Infinity", "-Infinity"; any value has a plain form."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 100_000
LONGEST_LIST = 1_000
LONGEST_INT = 10_000
DEEPEST = 8


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


def plain(value: Any, depth: int = 0) -> Any:
    """A value of the user's as JSON can hold it: itself, or numbers and lists of arrays, or its repr; bounded.

    Functions stand by their name, those in a ``functools.partial`` too. Raises whatever the ``repr`` raises.
    """
    kind = type(value)
    if kind is int and value.bit_length() > LONGEST_INT:  # more digits than Python spells out
        return f"a whole number of {value.bit_length()} bits"
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if kind is str:
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "..."
    if depth < DEEPEST:
        if isinstance(value, Mapping):
            return {str(key): plain(inner, depth + 1) for key, inner in list(value.items())[:LONGEST_LIST]}
        if isinstance(value, (list, tuple)):
            return _plain_list(value, depth)
    for base in (int, float, str):  # subclasses: numpy.float64 is a float, an IntEnum an int
        if isinstance(value, base):
            return base(value)
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:  # other numpy scalars
        return plain(item(), depth + 1) if depth < DEEPEST else repr(value)
    while isinstance(value, functools.partial):
        value = value.func
    if isinstance(value, type) or callable(value):
        return _named(value)
    return _text(value)


def _plain_list(value: Any, depth: int) -> Any:
    if len(value) > LONGEST_LIST:
        return f"{type(value).__name__} of {len(value)}: {_short(repr(value[:5]))}"
    return [plain(inner, depth + 1) for inner in value]


def _named(value: Any) -> str:
    """Functions and classes by their name: their repr holds a memory address, another in every run."""
    name = getattr(value, "__qualname__", None)
    if name is None:
        return _text(value)
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def _text(value: Any) -> str:
    """The repr of a value without its address, which would be another in every run."""
    text = repr(value)
    address = f" at {id(value):#x}"
    start = text.lower().find(address)
    return _short(text if start < 0 else text[:start] + text[start + len(address) :])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "..."
