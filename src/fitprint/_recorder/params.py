"""The params of a training call on their way into its run: which are left out, and which are data, not params."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from fitprint._flavor import TrainingCall
from fitprint._guard import guarded
from fitprint._run.run import Run
from fitprint.models.rows import row_count


def add_params(run: Run, call: TrainingCall, values: Mapping[str, Any]) -> None:
    """Adds the params of a call, or of a candidate in it, without those of `exclude_params`; each fails alone."""
    excluded = call.settings.exclude_params
    for given, value in values.items():
        name = str(given)
        if excluded and any(fnmatchcase(name, pattern) for pattern in excluded):
            run.skip(f"param {name}", "exclude_params", "named there")
            continue
        with guarded(f"param {name}", call.flavor.name, run, call.settings.strict):
            run.add_param(name, _without_rows(name, value, call, run))


def _without_rows(name: str, value: Any, call: TrainingCall, run: Run) -> Any:
    """The value, unless it is an array that looks like rows of the data, or like a value for each of them.

    Centroids to begin with are often rows of the data, and weights are part of it: neither is kept without being asked
    for.
    """
    shape = _shape(value)
    if shape is None or not _is_like_data(shape, call):
        return value
    reason = "it has the shape of the data, so that its values may be some of it; log_param() records them all the same"
    run.skip(f"values of param {name}", "data", reason)
    return f"{getattr(value, 'dtype', type(value).__name__)} array of shape {shape}"


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
