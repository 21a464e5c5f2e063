"""Params on their way into a run: some are excluded by a setting, and some hold rows of the data, which stay out."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from fitprint._core.guard import guarded
from fitprint._core.rows import row_count
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import TrainingCall
from fitprint.plugin.params import Params

DATA_REASON = "they have the shape of the data and may be part of it; log_param() records them if you want them"
_ATOMS = frozenset((str, bool, int, float, type(None)))
_SCALARS = (str, bytes, bool, int, float, type(None))
_MAX_DEPTH = 4


def add_params(writer: RunWriter, call: TrainingCall, params: Mapping[str, Any]) -> None:
    """Add params to a run, except those that `exclude_params` names. Each one fails by itself.

    Args:
        writer: The writer of the run.
        call: The training call that the params belong to.
        params: The params by name.
    """
    excluded = call.settings.exclude_params
    for key, value in params.items():
        name = str(key)
        if excluded and any(fnmatchcase(name, pattern) for pattern in excluded):
            writer.skip(f"param {name}", "exclude_params", "exclude_params names it")
            continue
        if type(value) in _ATOMS:  # nothing can go wrong with it, and most params are such
            writer.add_param(name, value)
            continue
        with guarded(f"param {name}", call.flavor.name, writer, call.settings.strict):
            without_data = _without_data(value, call)
            if without_data is not value:
                writer.skip(f"values of param {name}", "data", DATA_REASON)
            writer.add_param(name, without_data)
    if isinstance(params, Params):
        writer.add_default_params([name for name in params if name in params.unchanged])


def _without_data(value: Any, call: TrainingCall, depth: int = 0) -> Any:
    """Return the value itself, or a copy in which arrays that may be part of the data are replaced by a description.

    Initial centroids are often rows of the data, and sample weights are one value for each row. Neither is recorded
    unless the user asks for it.
    """
    if isinstance(value, _SCALARS) or depth > _MAX_DEPTH:
        return value
    shape = _shape(value)
    if shape is not None and _is_shaped_like_data(shape, call):
        return f"{getattr(value, 'dtype', type(value).__name__)} array of shape {shape}"
    if isinstance(value, Mapping):
        items = {key: _without_data(item, call, depth + 1) for key, item in value.items()}
        return items if any(items[key] is not value[key] for key in items) else value
    if isinstance(value, (list, tuple)):
        elements = [_without_data(element, call, depth + 1) for element in value]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    return value


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, or of a list of rows of floats; None for anything else."""
    if isinstance(value, (list, tuple)):
        widths = [
            len(row) for row in value if isinstance(row, (list, tuple)) and all(isinstance(cell, float) for cell in row)
        ]
        return (len(widths), widths[0]) if widths and len(widths) == len(value) and len({*widths}) == 1 else None
    shape = getattr(value, "shape", None)
    return shape if isinstance(shape, tuple) and shape else None


def _is_shaped_like_data(shape: tuple[int, ...], call: TrainingCall) -> bool:
    """Return whether an array has one value or row for each row of the data, or rows as wide as those of the data."""
    data = call.flavor.data(call)
    rows = row_count(data)
    if rows is None:
        return False
    data_shape = getattr(data, "shape", None)
    width = data_shape[1] if isinstance(data_shape, tuple) and len(data_shape) == 2 else None
    return shape[0] == rows or (len(shape) == 2 and shape[1] == (_list_width(data) if width is None else width))


def _list_width(data: Any) -> int | None:
    first_row = data[0] if isinstance(data, (list, tuple)) and data else None
    return len(first_row) if isinstance(first_row, (list, tuple)) else None
