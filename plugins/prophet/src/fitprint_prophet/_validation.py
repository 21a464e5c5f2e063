"""The scores of a cross-validation: over all forecasts, by horizon and by cutoff, without any row of the forecasts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from prophet.diagnostics import performance_metrics  # type: ignore[attr-defined,unused-ignore]

_SCORES = ("mse", "rmse", "mae", "mape", "mdape", "smape", "coverage")
_NEAR_ZERO = 1e-8


def metrics(forecasts: pd.DataFrame) -> dict[str, float]:
    """Return Prophet's ``performance_metrics`` over all forecasts."""
    table = performance_metrics(forecasts, metrics=_scores_of(forecasts), rolling_window=1)
    if table is None or table.empty:
        return {}
    last = table.iloc[-1].drop("horizon")
    return {str(name): float(value) for name, value in last.items() if math.isfinite(value)}


def tables(forecasts: pd.DataFrame) -> dict[str, Any]:
    """Return ``performance_metrics`` by horizon, and the errors by cutoff, as CSV."""
    by_file = {"cutoffs.csv": _by_cutoff(forecasts)}
    by_horizon = performance_metrics(forecasts, metrics=_scores_of(forecasts))
    if by_horizon is not None:
        by_file["performance_metrics.csv"] = by_horizon
    return {name: table.to_csv(index=False, lineterminator="\n") for name, table in by_file.items()}


def _scores_of(forecasts: pd.DataFrame) -> list[str]:
    """Return the scores that these forecasts have; for others Prophet would log a message."""
    left_out = set() if forecasts["y"].abs().min() >= _NEAR_ZERO else {"mape"}
    if not {"yhat_lower", "yhat_upper"} <= set(forecasts.columns):
        left_out.add("coverage")
    return [score for score in _SCORES if score not in left_out]


def _by_cutoff(forecasts: pd.DataFrame) -> pd.DataFrame:
    error = (forecasts["yhat"] - forecasts["y"]).astype(float)
    squares = pd.DataFrame({"cutoff": forecasts["cutoff"], "mse": error**2, "mae": error.abs()})
    table = squares.groupby("cutoff", as_index=False).mean()
    table.insert(1, "forecasts", squares.groupby("cutoff").size().to_numpy())
    return table.assign(rmse=np.sqrt(table["mse"]))
