"""Several requests in one prediction: which can be joined, how, and which predictions belong to which request."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from fitprint._core.guard import attempt
from fitprint._core.rows import row_count, take_rows
from fitprint.serving.frames import NumberRows
from fitprint.serving.request import Request
from fitprint.serving.served import ServedModel

Outcome = tuple[bool, Any]
"""Whether a prediction was made; the prediction, or the error."""


def key_of(request: Request, method: str | None) -> Hashable | None:
    """Return what requests must have in common to be predicted together; None for one that is predicted alone."""
    if not request.can_batch or not request.rows:
        return None
    shape = request.form if request.form is not None else _shape_of(request.content)
    return None if shape is None else (method, repr(request.params), shape)


def _shape_of(data: Any) -> Hashable | None:
    """Return the form of data beyond its number of rows: labels and dtypes."""
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        return "table", tuple(data.columns.tolist()), tuple(data.dtypes.tolist())
    if isinstance(data, dict):
        parts = tuple((name, _shape_of(array)) for name, array in data.items())
        return None if any(shape is None for _, shape in parts) else parts
    if hasattr(data, "dtype") and hasattr(data, "shape") and not hasattr(data, "iloc"):
        return "array", str(data.dtype), tuple(data.shape[1:])
    return None


def outcomes_of(model: ServedModel, requests: Sequence[Request], method: str | None) -> list[Outcome]:
    """Predict requests in one call of the model, or each alone where that fails.

    Args:
        model: The model.
        requests: Requests with the same `key_of`.
        method: The method of the model.

    Returns:
        The outcome of each request.
    """
    if len(requests) > 1:
        predicted, parts = attempt(_together, model, requests, method)
        if predicted and parts is not None:
            return [(True, part) for part in parts]
    return [attempt(_alone, model, request, method) for request in requests]


def _alone(model: ServedModel, request: Request, method: str | None) -> Any:
    return model.predict(request.data, request.params, method)


def _together(model: ServedModel, requests: Sequence[Request], method: str | None) -> list[Any] | None:
    joined = join([request.content for request in requests])
    predictions = model.predict(joined, requests[0].params, method)
    return part(predictions, [request.rows or 0 for request in requests])


def join(parts: Sequence[Any]) -> Any:
    """Return the rows of several tables or tensors of one form as one."""
    import numpy as np
    import pandas as pd

    first = parts[0]
    if isinstance(first, NumberRows):
        return NumberRows(np.concatenate([one.values for one in parts]), first.labels).frame()
    if isinstance(first, dict):
        return {name: np.concatenate([one[name] for one in parts]) for name in first}
    if not hasattr(first, "iloc"):
        return np.concatenate(parts)
    dtypes = set(first.dtypes)
    if len(dtypes) == 1 and isinstance(first.dtypes.iloc[0], np.dtype) and first.dtypes.iloc[0].kind in "biuf":
        return pd.DataFrame(np.concatenate([one.to_numpy() for one in parts]), columns=first.columns)
    return pd.concat(parts, ignore_index=True)


def rows_between(data: Any, start: int, stop: int) -> Any:
    """Return some rows of a table or tensor; those of a table are counted from 0 again."""
    rows = take_rows(data, slice(start, stop))
    return rows.reset_index(drop=True) if hasattr(rows, "reset_index") else rows


def part(predictions: Any, counts: Sequence[int]) -> list[Any] | None:
    """Return the predictions of each request; None if there is not one for each row."""
    if isinstance(predictions, dict) or row_count(predictions) != sum(counts):
        return None
    parts, start = [], 0
    for count in counts:
        parts.append(rows_between(predictions, start, start + count))
        start += count
    return parts
