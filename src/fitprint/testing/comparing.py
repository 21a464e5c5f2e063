"""Whether two predictions are the same, whichever reader gave them, and which parts of a user's data changed."""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 5


def difference(expected: Any, found: Any, tolerance: float) -> str | None:
    """Where a prediction is another one than expected; None where it is the same."""
    if hasattr(expected, "columns") or hasattr(found, "columns"):
        return _of_frames(expected, found, tolerance)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        if [*expected] != [*found]:
            return f"keys {[*expected]} were expected, {[*found]} found"
        pairs = ((str(key), expected[key], found[key]) for key in expected)
    else:
        left, right = _plain(expected), _plain(found)
        if not isinstance(left, list) or not isinstance(right, list):
            return None if _same(left, right, tolerance) else f"{left!r:.200} was expected, {right!r:.200} found"
        if len(left) != len(right):
            return f"{len(left)} values were expected, {len(right)} found"
        pairs = ((str(at), *each) for at, each in enumerate(zip(left, right, strict=True)))
    for place, one, other in pairs:
        inner = difference(one, other, tolerance)
        if inner is not None:
            return f"at {place}: {inner}"
    return None


def _of_frames(expected: Any, found: Any, tolerance: float) -> str | None:
    for value in (expected, found):
        if not hasattr(value, "columns"):
            return f"a table was expected on both sides, here is {type(value).__name__}"
    if list(expected.columns) != list(found.columns):
        return f"columns {list(expected.columns)} were expected, {list(found.columns)} found"
    for at, name in enumerate(expected.columns):
        inner = difference(expected.iloc[:, at].tolist(), found.iloc[:, at].tolist(), tolerance)
        if inner is not None:
            return f"column {name}, {inner}"
    return None


def _plain(value: Any) -> Any:
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, (list, tuple)) else value


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, float) or isinstance(found, float):
        try:
            left, right = float(expected), float(found)
        except (TypeError, ValueError):
            return False
        both_missing = math.isnan(left) and math.isnan(right)
        return both_missing or math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    return bool(expected == found)


def contents(value: Any) -> dict[str, Any]:
    """Every part of what a user hands over, by where it lies: which object it is, and what it holds."""
    return dict(_parts(value, "data", 0, {}))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Where two looks at the same data differ."""
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
        inner = ((f"{place}[{key!r}]", each) for key, each in list(value.items()))
    elif isinstance(value, (list, tuple)):
        yield f"{place} (its length)", len(value)
        inner = ((f"{place}[{at}]", each) for at, each in enumerate(value))
    elif hasattr(value, "__dict__"):
        yield f"{place} (its attributes)", sorted(vars(value))
        inner = ((f"{place}.{name}", each) for name, each in list(vars(value).items()))
    for name, each in inner:
        yield from _parts(each, name, depth + 1, seen)
