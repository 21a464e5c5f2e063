"""How the scores read what they are given: labels, predictions and sample weights as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NO_ROWS = "there are no rows"
NO_WEIGHT = "the sample weights have no positive, finite sum"
NOT_FINITE = "the value is not a finite number"

# More outputs than this get no metrics of their own: a run is read by people, and each one costs time.
MOST_OUTPUTS = 20


def dense(values: Any) -> Array:
    """`values` as a numpy array; a sparse matrix (anything with `toarray`) is filled in."""
    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values)


def row_weights(weight: Any, rows: int) -> Array | None:
    """The sample weights as float64 of shape (rows,), None where there are none.

    Raises:
        ValueError: there is not one weight per row.
    """
    if weight is None:
        return None
    weights = np.asarray(weight, dtype=np.float64).ravel()
    if len(weights) != rows:
        raise ValueError(f"{len(weights)} sample weights for {rows} rows")
    return weights


def why_nothing(rows: int, weights: Array | None) -> str | None:
    """Why no metric at all is defined on these rows, None when some are."""
    if rows == 0:
        return NO_ROWS
    if weights is not None and not 0 < weights.sum() < np.inf:
        return NO_WEIGHT
    return None


def mean_over_rows(values: Array, weights: Array | None) -> Array:
    """The mean over axis 0, weighted if there are weights: sum(w * v) / sum(w)."""
    total = values.sum(axis=0) if weights is None else weights @ values
    return np.asarray(total / (len(values) if weights is None else weights.sum()))


def divided(numerator: Array, denominator: Array) -> Array:
    """`numerator / denominator`, 0.0 where the denominator is 0 (scikit-learn's `zero_division=0`)."""
    result = np.zeros(np.shape(numerator))
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def sort_outcomes(outcomes: dict[str, float | str]) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics and reasons of outcomes, each of which is a value or says why there is none.

    A value that is not finite is no metric: neither a chart nor strict JSON can hold it.
    """
    metrics: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, str):
            reasons[name] = outcome
        elif -np.inf < outcome < np.inf:
            metrics[name] = float(outcome)
        else:
            reasons[name] = NOT_FINITE
    return metrics, reasons
