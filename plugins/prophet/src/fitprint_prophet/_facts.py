"""What a fitted Prophet learnt, and how well it describes the data that it was given."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.utilities import regressor_coefficients

from fitprint import TrainingCall
from fitprint.plugin.training_metrics import TrainingRows, training_metrics

_SCALARS = ("k", "m", "sigma_obs")


def columns(model: Prophet) -> list[str]:
    """The columns of a frame that the model predicts from."""
    found = ["ds", *(["cap"] if model.growth == "logistic" else []), *(["floor"] if model.logistic_floor else [])]
    conditions = [each.get("condition_name") for each in model.seasonalities.values()]
    return list(dict.fromkeys([*found, *model.extra_regressors, *(each for each in conditions if each)]))


def inputs(call: TrainingCall) -> pd.DataFrame:
    """Those columns of the frame that ``fit`` was given."""
    frame: pd.DataFrame = call.argument("df")
    return frame[columns(call.instance)]


def learnt(model: Prophet) -> dict[str, float]:
    """The rate and offset of the trend and the noise, in Prophet's own scale; of samples their mean."""
    return {name: float(np.mean(model.params[name])) for name in _SCALARS if name in model.params}


def metrics_of_rows(call: TrainingCall) -> dict[str, float]:
    """Regression metrics of ``yhat`` on the training rows, under scikit-learn's names."""
    frame: pd.DataFrame = call.argument("df")
    frame = frame[frame["y"].notna()]
    model = copy.copy(call.instance)
    model.uncertainty_samples = 0  # the intervals are what predicting costs

    def predict(rows: pd.DataFrame) -> Any:
        forecast = model.predict(rows)["yhat"].to_numpy()
        found = np.empty(len(rows))
        found[pd.to_datetime(rows["ds"]).reset_index(drop=True).sort_values().index] = (
            forecast  # which is in that order
        )
        return found

    return training_metrics(call, TrainingRows(frame, frame["y"].to_numpy(dtype=float)), predict, None)


def tables(model: Prophet) -> dict[str, str]:
    """The changepoints of the trend with how much its rate changes, and the coefficients of the regressors, as CSV."""
    found = {}
    if model.changepoints is not None and len(model.changepoints):
        changes = pd.DataFrame({"ds": model.changepoints.to_numpy(), "delta": np.mean(model.params["delta"], axis=0)})
        found["changepoints.csv"] = _csv(changes)
    if model.extra_regressors:
        found["regressor_coefficients.csv"] = _csv(regressor_coefficients(model))
    return found


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n"))
