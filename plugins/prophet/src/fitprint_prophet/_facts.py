"""What a fitted Prophet has learnt, and how well it describes its training data."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.utilities import regressor_coefficients

from fitprint.plugin import TrainingCall, TrainingRows, training_metrics

_SCALARS = ("k", "m", "sigma_obs")


def columns(model: Prophet) -> list[str]:
    """Return the columns that a model needs to predict."""
    names = ["ds", *(["cap"] if model.growth == "logistic" else []), *(["floor"] if model.logistic_floor else [])]
    conditions = [seasonality.get("condition_name") for seasonality in model.seasonalities.values()]
    return list(dict.fromkeys([*names, *model.extra_regressors, *filter(None, conditions)]))


def inputs(call: TrainingCall) -> pd.DataFrame:
    """Return these columns of the frame that was passed to ``fit``."""
    frame: pd.DataFrame = call.argument("df")
    return frame[columns(call.instance)]


def learnt(model: Prophet) -> dict[str, float]:
    """Return the rate and offset of the trend and the noise, in Prophet's own scale; the mean if there are samples."""
    return {name: float(np.mean(model.params[name])) for name in _SCALARS if name in model.params}


def metrics_of_rows(call: TrainingCall) -> dict[str, float]:
    """Return regression metrics of ``yhat`` on the training rows, under scikit-learn's names."""
    frame: pd.DataFrame = call.argument("df")
    frame = frame[frame["y"].notna()]
    model = copy.copy(call.instance)
    model.uncertainty_samples = 0  # computing the intervals takes most of the time

    def predict(rows: pd.DataFrame) -> Any:
        forecast = model.predict(rows)["yhat"].to_numpy()
        in_order = pd.to_datetime(rows["ds"]).reset_index(drop=True).sort_values().index
        predictions = np.empty(len(rows))
        predictions[in_order] = forecast  # the forecast is sorted by date
        return predictions

    return training_metrics(call, TrainingRows(frame, frame["y"].to_numpy(dtype=float)), predict, None)


def tables(model: Prophet) -> dict[str, str]:
    """Return the changepoints with the change of the trend, and the coefficients of the regressors, as CSV."""
    texts = {}
    if model.changepoints is not None and len(model.changepoints):
        changes = pd.DataFrame({"ds": model.changepoints.to_numpy(), "delta": np.mean(model.params["delta"], axis=0)})
        texts["changepoints.csv"] = _csv(changes)
    if model.extra_regressors:
        texts["regressor_coefficients.csv"] = _csv(regressor_coefficients(model))
    return texts


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n"))
