"""The params of a training call on their way into its run: which are left out, and which are data, not params."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from fitprint._core.guard import guarded
from fitprint._core.rows import row_count
from fitprint._runs.run import Run
from fitprint.plugin.flavor import TrainingCall

REASON = "they have the shape of the data, and may be some of it; log_param() records them all the same"
_ATOMS = (str, bytes, bool, int, float, type(None))
_DEEPEST = 4


def add_params(run: Run, call: TrainingCall, values: Mapping[str, Any]) -> None:
    """Adds the params of a call, or of a candidate in it, without those of `exclude_params`; each fails alone."""
    excluded = call.settings.exclude_params
    for given, value in values.items():
        name = str(given)
        if excluded and any(fnmatchcase(name, pattern) for pattern in excluded):
            run.skip(f"param {name}", "exclude_params", "named there")
            continue
        with guarded(f"param {name}", call.flavor.name, run, call.settings.strict):
            shown = _without_rows(value, call)
            if shown is not value:
                run.skip(f"values of param {name}", "data", REASON)
            run.add_param(name, shown)


def _without_rows(value: Any, call: TrainingCall, depth: int = 0) -> Any:
    """The value itself, unless there is an array in it that looks like rows of the data, or like a value for each.

    Centroids to begin with are often rows of the data, and weights are part of it: neither is kept without being asked
    for.
    """
    if isinstance(value, _ATOMS) or depth > _DEEPEST:
        return value
    shape = _shape(value)
    if shape is not None and _is_like_data(shape, call):
        return f"{getattr(value, 'dtype', type(value).__name__)} array of shape {shape}"
    if isinstance(value, Mapping):
        inner = {name: _without_rows(each, call, depth + 1) for name, each in value.items()}
        return inner if any(inner[name] is not value[name] for name in inner) else value
    if isinstance(value, (list, tuple)):
        several = [_without_rows(each, call, depth + 1) for each in value]
        return several if any(one is not other for one, other in zip(several, value, strict=True)) else value
    return value


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of an array, or of a list of rows of floats."""
    if isinstance(value, (list, tuple)):
        rows = [
            len(each) for each in value if isinstance(each, (list, tuple)) and all(isinstance(v, float) for v in each)
        ]
        return (len(rows), rows[0]) if rows and len(rows) == len(value) and len({*rows}) == 1 else None
    shape = getattr(value, "shape", None)
    return shape if isinstance(shape, tuple) and shape else None


def _is_like_data(shape: tuple[int, ...], call: TrainingCall) -> bool:
    data = call.flavor.data(call)
    rows = row_count(data)
    if rows is None:
        return False
    found = getattr(data, "shape", None)
    width = found[1] if isinstance(found, tuple) and len(found) == 2 else None
    return shape[0] == rows or (len(shape) == 2 and shape[1] == (_width(data) if width is None else width))


def _width(data: Any) -> int | None:
    first = data[0] if isinstance(data, (list, tuple)) and data else None
    return len(first) if isinstance(first, (list, tuple)) else None
