"""Strict JSON for any value. NaN and the infinities become the strings "NaN", "Infinity" and "-Infinity"."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

LONGEST_INT = 10_000
"""Bits of a whole number; Python refuses to spell out much longer ones."""
DEEPEST = 8
"""Levels of nested values."""


class Bounds(NamedTuple):
    """How much of a value is written.

    Attributes:
        text: Characters of each text.
        entries: Entries of each list and mapping.
        described: Whether the shape and dtype of an array are written beside its values.
    """

    text: int = 100_000
    entries: int = 1_000
    described: bool = False


USUAL = Bounds()
WHOLE = Bounds(50_000_000, 1_000_000, described=True)
ALL = Bounds(50_000_000, 1_000_000)


def to_json(value: Any, indent: int | None = None) -> str:
    """Write plain values as strict JSON, which has no bare NaN.

    Args:
        value: A value as `jsonable` returns it.
        indent: The indentation; None for one line.

    Returns:
        The JSON text.
    """
    encoder = _encoder(indent)
    try:
        return encoder.encode(value)
    except ValueError:
        return encoder.encode(_spelled(value))


@functools.lru_cache(maxsize=8)
def _encoder(indent: int | None) -> json.JSONEncoder:
    return json.JSONEncoder(allow_nan=False, indent=indent, ensure_ascii=False)


def of_data(value: Any) -> bytes:
    """Write the facts that a flavor collected as strict JSON, whatever their size.

    Args:
        value: The facts. Values that JSON does not know are made plain.

    Returns:
        The JSON text in UTF-8.
    """
    encoder = _encoder_of_data()
    try:
        text = encoder.encode(value)
    except ValueError:
        text = encoder.encode(_spelled(value))
    return text.encode("utf-8", "backslashreplace")


@functools.cache
def _encoder_of_data() -> json.JSONEncoder:
    return json.JSONEncoder(allow_nan=False, ensure_ascii=False, default=jsonable)


def to_bytes(value: Any, indent: int | None = None) -> bytes:
    """Write plain values as strict JSON in UTF-8. A lone surrogate, as in odd file names, becomes its JSON escape.

    Args:
        value: A value as `jsonable` returns it.
        indent: The indentation; None for one line.

    Returns:
        The JSON text in UTF-8.
    """
    return to_json(value, indent).encode("utf-8", "backslashreplace")


def number(value: Any) -> Any:
    """Restore a number that was read from strict JSON.

    Args:
        value: The value in the JSON.

    Returns:
        A float for "NaN" and the infinities; any other value unchanged.
    """
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {key: _spelled(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(inner) for inner in value]
    return value


def jsonable(value: Any, depth: int = 0, bounds: Bounds = USUAL) -> Any:
    """Turn a value of the user into one that JSON can hold.

    Numbers, texts, lists and mappings stay what they are, arrays become lists, functions and classes become their
    names, and anything else its repr. Of a table only the class and the shape are kept, because its rows are data.
    Raises whatever the value's own ``repr`` raises.

    Args:
        value: The value.
        depth: How deep the value is nested.
        bounds: How much of it is kept.

    Returns:
        The plain value.
    """
    kind = type(value)
    if kind is int and value.bit_length() > LONGEST_INT:  # its digits may be more than Python spells out
        return f"a whole number of {value.bit_length()} bits"
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if kind is str:
        return _short(value, bounds)
    if depth < DEEPEST:
        if isinstance(value, Mapping):
            return {
                str(key): jsonable(inner, depth + 1, bounds) for key, inner in islice(value.items(), bounds.entries)
            }
        if isinstance(value, (list, tuple)):
            return _plain_list(value, depth, bounds)
    for base in (int, float, str):  # subclasses: numpy.float64 is a float, an IntEnum an int
        if isinstance(value, base):
            return base(value)
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:  # other numpy scalars
        return jsonable(item(), depth + 1, bounds) if depth < DEEPEST else repr(value)
    if isinstance(value, type) or callable(value):
        return _name(value, bounds)
    if getattr(value, "shape", None) is not None:
        return _array_or_table(value, depth, bounds)
    return _text(value, bounds)


def _plain_list(value: Any, depth: int, bounds: Bounds) -> Any:
    if len(value) > bounds.entries:
        return f"{type(value).__name__} of {len(value)}: {_short(repr(value[:5]), bounds)}"
    return [jsonable(inner, depth + 1, bounds) for inner in value]


def _array_or_table(value: Any, depth: int, bounds: Bounds) -> Any:
    """Return the values of a numpy array, the class and shape of a table, or the repr of anything else."""
    if isinstance(value.shape, tuple) and any(hasattr(value, name) for name in ("columns", "index", "to_frame")):
        kind = type(value)
        return f"{kind.__module__.partition('.')[0]}.{kind.__name__} of shape {value.shape}"
    if type(value).__module__.partition(".")[0] != "numpy" or value.size > bounds.entries or depth >= DEEPEST:
        return _short(repr(value), bounds)
    values = [jsonable(inner, depth + 1, bounds) for inner in value.tolist()]
    return {"shape": list(value.shape), "dtype": str(value.dtype), "values": values} if bounds.described else values


def _name(value: Any, bounds: Bounds) -> str:
    """Return the name of a function or class: its repr has a memory address, which differs in every run."""
    while isinstance(value, functools.partial):
        value = value.func
    name = getattr(value, "__qualname__", None)
    if name is None:
        return _text(value, bounds)
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def _text(value: Any, bounds: Bounds) -> str:
    """Return the repr of a value without its memory address, which differs in every run."""
    text = repr(value)
    address = f" at {id(value):#x}"
    start = text.lower().find(address)
    return _short(text if start < 0 else text[:start] + text[start + len(address) :], bounds)


def _short(text: str, bounds: Bounds) -> str:
    return text if len(text) <= bounds.text else text[: bounds.text] + "..."
