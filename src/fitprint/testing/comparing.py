"""Comparing predictions, whichever reader made them, and finding what has changed in a user's data."""

from __future__ import annotations

import hashlib
import math
import pickle
import types
from collections.abc import Iterator, Mapping
from typing import Any

from fitprint._core.guard import attempt

_DEEPEST = 5


def difference(expected: Any, actual: Any, tolerance: float) -> str | None:
    """Return where a prediction differs from the expected one, or None if they are the same."""
    if hasattr(expected, "columns") or hasattr(actual, "columns"):
        return _of_frames(expected, actual, tolerance)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        if [*expected] != [*actual]:
            return f"keys {[*expected]} were expected, {[*actual]} found"
        pairs = ((str(key), expected[key], actual[key]) for key in expected)
    else:
        left, right = _plain(expected), _plain(actual)
        if not isinstance(left, list) or not isinstance(right, list):
            return None if _same(left, right, tolerance) else f"{left!r:.200} was expected, {right!r:.200} found"
        if len(left) != len(right):
            return f"{len(left)} values were expected, {len(right)} found"
        pairs = ((str(at), *pair) for at, pair in enumerate(zip(left, right, strict=True)))
    for place, expected_part, actual_part in pairs:
        inner = difference(expected_part, actual_part, tolerance)
        if inner is not None:
            return f"at {place}: {inner}"
    return None


def _of_frames(expected: Any, actual: Any, tolerance: float) -> str | None:
    for value in (expected, actual):
        if not hasattr(value, "columns"):
            return f"both should be tables, one is {type(value).__name__}"
    if list(expected.columns) != list(actual.columns):
        return f"columns {list(expected.columns)} were expected, {list(actual.columns)} found"
    for at, name in enumerate(expected.columns):
        inner = difference(expected.iloc[:, at].tolist(), actual.iloc[:, at].tolist(), tolerance)
        if inner is not None:
            return f"column {name}, {inner}"
    return None


def _plain(value: Any) -> Any:
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, (list, tuple)) else value


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    if isinstance(expected, float) or isinstance(actual, float):
        try:
            left, right = float(expected), float(actual)
        except (TypeError, ValueError):
            return False
        both_missing = math.isnan(left) and math.isnan(right)
        return both_missing or math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    return bool(expected == actual)


def contents(value: Any) -> dict[str, Any]:
    """Return every part of what a user hands over, by its place: which object it is, and what it holds."""
    return dict(_parts(value, "data", 0, {}))


def state(model: Any) -> dict[str, Any]:
    """Return what a model holds, by its place, without regard to which objects hold it; two models can be compared.

    Objects without attributes, such as those of a compiled library, are told apart by their pickles.
    """
    values: dict[str, Any] = {}
    waiting, seen = [("model", model, 0)], list[Any]()
    while waiting:
        place, value, depth = waiting.pop()
        if any(value is other for other in seen) or depth > _DEEPEST:
            continue
        inner = None if type(value).__module__.partition(".")[0] in ("numpy", "pandas") else _inside(value)
        if inner is None:
            values[place] = _digest(value)
        else:
            seen.append(value)
            values[place] = type(value).__qualname__, [name for name, _ in inner]
            waiting += [(f"{place}{name}", item, depth + 1) for name, item in inner]
    return values


def _inside(value: Any) -> list[tuple[str, Any]] | None:
    """Return the parts of a container or the attributes of an object, each with its place; None if it has none."""
    if isinstance(value, (type, types.FunctionType, types.ModuleType)):
        return None
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", item) for key, item in list(value.items())]
    if isinstance(value, (list, tuple)):
        return [(f"[{at}]", item) for at, item in enumerate(value)]
    return [(f".{name}", item) for name, item in sorted(vars(value).items())] if hasattr(value, "__dict__") else None


def _digest(value: Any) -> str:
    pickled, stream = attempt(pickle.dumps, value, 5)
    return hashlib.sha256(stream).hexdigest() if pickled else type(value).__qualname__


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the places where two results of `contents` differ."""
    return sorted(place for place in {*before, *after} if before.get(place) != after.get(place))


def _parts(value: Any, place: str, depth: int, seen: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    kind = type(value).__module__.partition(".")[0]
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, type)):
        yield place, value
        return
    if id(value) in seen or depth > _DEEPEST:
        yield place, id(value)
        return
    seen[id(value)] = value
    if kind in ("numpy", "pandas"):
        yield place, (id(value), hashlib.sha256(pickle.dumps(value, 5)).hexdigest())
        return
    yield place, (id(value), type(value))
    inner: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, Mapping):
        yield f"{place} (its keys)", [repr(key) for key in value]
        inner = ((f"{place}[{key!r}]", item) for key, item in list(value.items()))
    elif isinstance(value, (list, tuple)):
        yield f"{place} (its length)", len(value)
        inner = ((f"{place}[{at}]", item) for at, item in enumerate(value))
    elif hasattr(value, "__dict__"):
        yield f"{place} (its attributes)", sorted(vars(value))
        inner = ((f"{place}.{name}", item) for name, item in list(vars(value).items()))
    for inner_place, item in inner:
        yield from _parts(item, inner_place, depth + 1, seen)
