"""What a fitted Prophet learnt, and how well it describes the data that it was given."""

from __future__ import annotations

import copy
import time

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.utilities import regressor_coefficients

from fitprint._flavor import TrainingCall
from fitprint._scores.regression import regression_facts

_SCALARS = ("k", "m", "sigma_obs")
_PILOT = 1_000
_SEED = 0


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


def training_metrics(call: TrainingCall) -> dict[str, float]:
    """Regression metrics of ``yhat`` on the training rows, under scikit-learn's names."""
    if not call.settings.log_training_metrics:
        return {}
    frame: pd.DataFrame = call.argument("df")
    frame = frame[frame["y"].notna()]
    model = copy.copy(call.instance)
    model.uncertainty_samples = 0  # the intervals are what predicting costs
    wanted = _rows_within(call.settings.max_metric_seconds, model, frame)
    if wanted < len(frame):
        chosen = np.sort(np.random.default_rng(_SEED).choice(len(frame), wanted, replace=False))
        reason = f"taken on {wanted} of {len(frame)} rows, seed {_SEED}"
        call.skip("training metrics of all rows", "max_metric_seconds", reason)
        frame = frame.iloc[chosen]
    truth = frame.sort_values("ds", key=pd.to_datetime)["y"].to_numpy(dtype=float)
    predicted = model.predict(frame).sort_values("ds")["yhat"].to_numpy()
    return {f"training_{name}": value for name, value in regression_facts(truth, predicted).metrics.items()}


def _rows_within(seconds: float, model: Prophet, frame: pd.DataFrame) -> int:
    if len(frame) <= 2 * _PILOT:
        return len(frame)
    began = time.perf_counter()
    model.predict(frame.iloc[:_PILOT])
    return max(_PILOT, int(seconds * _PILOT / (time.perf_counter() - began)))


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
