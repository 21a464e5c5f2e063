"""Trying whether a model predicts rows together as it predicts them alone, before requests are joined."""

from __future__ import annotations

import json
from typing import Any

from fitprint._core.guard import attempt, describe
from fitprint._core.rows import row_count
from fitprint.serving.batch import join, part, rows_between
from fitprint.serving.decode import invocations
from fitprint.serving.errors import RequestError
from fitprint.serving.served import ServedModel

_MOST_ROWS = 8


def check_batching(model: ServedModel, method: str | None = None) -> None:
    """Predict rows of the example alone and together, and compare bit by bit.

    Args:
        model: The model.
        method: The method that is asked.

    Raises:
        ValueError: The predictions differ, or it cannot be tried; the message says why.
    """
    example = model.example
    if example is None or model.inputs is None:
        raise ValueError(f"{model.name} has no signature of its inputs, so requests cannot be predicted together")
    try:
        request = invocations(json.dumps(example.content).encode(), None, model)
    except RequestError as error:
        raise ValueError(f"the example of {model.name} does not fit its signature: {error.message}") from None
    if not request.can_batch or not request.rows:
        raise ValueError(f"{model.name} takes data that cannot be divided into rows")
    rows = _different_rows(request.data, request.rows)
    tried, outcome = attempt(_difference, model, rows, request.params, method)
    if not tried:
        raise ValueError(f"{model.name} cannot predict the rows of its example: {describe(outcome)}")
    if outcome:
        raise ValueError(f"{model.name} predicts rows differently when they are predicted together: {outcome}")


def _difference(model: ServedModel, rows: list[Any], params: Any, method: str | None) -> str | None:
    alone = [model.predict(row, params, method) for row in rows]
    together = part(model.predict(join(rows), params, method), [1] * len(rows))
    if together is None:
        return "there is not one prediction for each row"
    for number, (one, other) in enumerate(zip(alone, together, strict=True)):
        if not _same_bits(one, other):
            return f"row {number}{_distance(one, other)}"
    return None


def _different_rows(data: Any, count: int) -> list[Any]:
    """Return single rows of the example that differ; a single row gets company by changes of its numbers."""
    rows = [rows_between(data, number, number + 1) for number in range(min(count, _MOST_ROWS))]
    if len(rows) == 1:
        rows += [_changed(rows[0], times) for times in (1, 2, 3)]
    return rows


def _changed(row: Any, times: int) -> Any:
    if isinstance(row, dict):
        return {name: _changed(array, times) for name, array in row.items()}
    if hasattr(row, "columns"):
        changed = row.copy()
        for position, dtype in enumerate(row.dtypes):
            if getattr(dtype, "kind", "O") == "f" and hasattr(dtype, "byteorder"):
                changed.isetitem(position, row.iloc[:, position] * (1 + times / 8))
        return changed
    return row * (1 + times / 8) if getattr(row.dtype, "kind", "O") == "f" else row.copy()


def _same_bits(one: Any, other: Any) -> bool:
    import numpy as np

    if hasattr(one, "iloc"):
        one, other = one.reset_index(drop=True), other.reset_index(drop=True)
        return type(one) is type(other) and bool(one.equals(other))
    if row_count(one) != row_count(other):
        return False
    first, second = np.asarray(one), np.asarray(other)
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return bool((first == second).all()) if first.dtype.kind == "O" else first.tobytes() == second.tobytes()


def _distance(one: Any, other: Any) -> str:
    import numpy as np

    tried, distance = attempt(lambda: float(np.max(np.abs(np.asarray(one, float) - np.asarray(other, float)))))
    return f" differs by {distance:.3g}" if tried else " differs"
