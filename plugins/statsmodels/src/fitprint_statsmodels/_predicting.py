"""What results predict from, as MLflow's wrapper calls them: rows of the regressors, or a start and an end."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.tsa.base.tsa_model import TimeSeriesModel

from fitprint.plugin import row_count, take_rows
from fitprint_statsmodels import _formulas
from fitprint_statsmodels._stand_in import stand_in

ROWS, TIMES = "rows", "times"
_SAMPLE_STEPS = 5
_SAMPLE_ROWS = 200


def predicts_from(results: Any) -> str | None:
    """Return `ROWS`, `TIMES`, or None if MLflow's wrapper cannot predict with the results: those of VAR and PHReg."""
    method = getattr(results, "predict", None)
    names = list(inspect.signature(method).parameters) if callable(method) else []
    if isinstance(getattr(results, "model", None), TimeSeriesModel):
        return TIMES if "start" in names and "end" in names else None
    return ROWS if names[:1] == ["exog"] else None


def predict(results: Any, data: Any) -> Any:
    """Predict from rows of the regressors or, with a time-series model, from a start and an end.

    Args:
        results: The results.
        data: The rows; for a time-series model a DataFrame of one row with the columns ``start`` and ``end``.

    Raises:
        ValueError: A time-series model was given something else.
        NotImplementedError: The results can predict from neither.
    """
    source = predicts_from(results)
    if source is None:
        raise NotImplementedError(f"{type(results).__name__} has no predict(exog), and no predict(start, end)")
    if source == ROWS:
        return stand_in(results).predict(data)
    if not isinstance(data, pd.DataFrame) or len(data) != 1 or not {"start", "end"} <= set(data.columns):
        raise ValueError("a time-series model predicts from a DataFrame of one row with the columns start and end")
    return stand_in(results).predict(start=data["start"].iloc[0], end=data["end"].iloc[0])


def inputs(model: Any) -> Any:
    """Return the regressors of a model; with a formula, the columns that it names. None without any."""
    data = getattr(model, "data", None)
    if getattr(data, "frame", None) is not None and hasattr(model, "formula"):
        return _formulas.inputs(model)
    exog = getattr(data, "orig_exog", None)
    return exog if exog is not None else getattr(model, "exog", None)


def target(model: Any) -> Any:
    """Return what a model explains; None if it does not keep it."""
    original = getattr(getattr(model, "data", None), "orig_endog", None)
    return original if original is not None else getattr(model, "endog", None)


def sample(results: Any) -> Any:
    """Return a few rows to predict from, spread over the data, or the last steps of a series; None without data."""
    model = getattr(results, "model", None)
    if predicts_from(results) == TIMES:
        return _last_steps(stand_in(model))
    data = inputs(model)
    count = row_count(data) if data is not None else None
    if not count:
        return None
    return data if count <= _SAMPLE_ROWS else take_rows(data, np.linspace(0, count - 1, _SAMPLE_ROWS).astype(int))


def _last_steps(model: Any) -> pd.DataFrame:
    """Return one row with the start and end of the last steps: as dates if the model knows them, else as positions."""
    count, index = len(model.endog), getattr(model, "_index", None)
    first = max(0, count - _SAMPLE_STEPS)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex) and len(index) == count:
        steps = {"start": [index[first]], "end": [index[-1]]}
        return pd.DataFrame(steps).astype("datetime64[ns]") if index.tz is None else pd.DataFrame(steps)
    return pd.DataFrame({"start": [first], "end": [count - 1]})
