"""The metrics of a regressor on the rows it was trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.inputs import (
    MOST_OUTPUTS,
    Array,
    dense,
    mean_over_rows,
    row_weights,
    sort_outcomes,
    why_nothing,
)

METRICS = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")


class RegressionFacts(NamedTuple):
    """What the predictions on the training rows say about a regressor."""

    metrics: dict[str, float]
    """The metrics under MLflow's names, without a prefix; with several outputs also `<name>_<i>` of each."""
    reasons: dict[str, str]
    """Why each metric that is missing is missing."""


def regression_facts(truth: Any, predicted: Any, *, weight: Any = None) -> RegressionFacts:
    """Compute the errors of predictions; several outputs are averaged with equal weights.

    Args:
        truth: Numbers of shape (n,) or (n, outputs). Everything is computed in float64.
        predicted: As many numbers.
        weight: Sample weights of shape (n,).

    Returns:
        The metrics, and the reason for each that is missing.

    Raises:
        ValueError: The shapes of truth, prediction and weights do not match.
    """
    true, seen = _columns(truth), _columns(predicted)
    if len(true) != len(seen):
        raise ValueError(f"{len(seen)} predictions for {len(true)} rows")
    if true.shape != seen.shape:
        raise ValueError(f"predictions of shape {seen.shape} for true values of shape {true.shape}")
    weights = row_weights(weight, len(true))
    reason = why_nothing(len(true), weights)
    if reason is not None:
        return RegressionFacts({}, dict.fromkeys(METRICS, reason))
    with np.errstate(all="ignore"):  # a value that overflows or is not a number becomes a reason below
        by_output = _errors(true, seen, weights)
    outcomes: dict[str, float | str] = {name: float(values.mean()) for name, values in by_output.items()}
    if 1 < true.shape[1] <= MOST_OUTPUTS:
        for name, values in by_output.items():
            outcomes |= {f"{name}_{i}": value for i, value in enumerate(values.tolist())}
    if len(true) < 2:
        outcomes |= {name: "R2 needs two rows" for name in outcomes if name.startswith("r2_score")}
    return RegressionFacts(*sort_outcomes(outcomes))


def _columns(values: Any) -> Array:
    """Return (n, outputs) float64; (n,) is one output."""
    array = dense(values).astype(np.float64, copy=False)
    return array.reshape(len(array), -1) if array.size else array.reshape(0, 1)


def _errors(true: Array, seen: Array, weights: Array | None) -> dict[str, Array]:
    """Return each metric as (outputs,). The average root is the mean of roots, not the root of the mean."""
    difference = true - seen
    squared = mean_over_rows(difference**2, weights)
    return {
        "mean_squared_error": squared,
        "root_mean_squared_error": np.sqrt(squared),
        "mean_absolute_error": mean_over_rows(np.abs(difference), weights),
        "r2_score": _r2(true, squared, weights),
    }


def _r2(true: Array, squared: Array, weights: Array | None) -> Array:
    """Return 1 - mean squared error / variance of the truth, as sklearn.metrics.r2_score.

    A constant truth has no variance: 1.0 if it is predicted exactly, else 0.0. It is recognised by its values, as the
    variance of a constant need not come out as 0 in floating point.
    """
    variance = mean_over_rows((true - mean_over_rows(true, weights)) ** 2, weights)
    constant = (true == true[0]).all(axis=0) | (variance == 0)
    score = 1 - squared / np.where(constant, 1.0, variance)
    return np.where(squared == 0, 1.0, np.where(constant, 0.0, score))
