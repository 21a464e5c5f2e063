"""The params of a Prophet: those of its constructor, what was added to it, and the arguments of ``fit``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pandas as pd
from prophet import Prophet

from fitprint.plugin import Params, TrainingCall, default_values, unchanged

_OF_VALIDATION = ("horizon", "period", "initial", "parallel")


def model_params(model: Prophet) -> Params:
    """Return all params of the constructor; holidays and regressors by name, seasonalities with their settings."""
    names = [name for name in inspect.signature(Prophet.__init__).parameters if name != "self"]
    params = {name: getattr(model, name, None) for name in names if name != "stan_backend"}
    as_default = unchanged(params, default_values(Prophet))
    params["holidays"] = None if model.holidays is None else sorted({str(day) for day in model.holidays["holiday"]})
    params["changepoints"] = _dates(model.changepoints) if model.specified_changepoints else None
    params["country_holidays"] = model.country_holidays
    params["seasonalities"] = _settings(model.seasonalities)
    params["regressors"] = _settings(model.extra_regressors)
    as_default |= {name for name in ("country_holidays", "seasonalities", "regressors") if not params[name]}
    if params.get("holidays_mode") == params.get("seasonality_mode"):  # the constructor takes the one for the other
        as_default.add("holidays_mode")
    return Params(params, as_default)


def fit_params(call: TrainingCall) -> dict[str, Any]:
    """Return what ``fit`` passes on to Stan: ``iter``, ``seed``, ``algorithm``."""
    return {name: value for name, value in call.kwargs.items() if name != "df" and not isinstance(value, Mapping)}


def fitted_params(model: Prophet) -> Params:
    """Return what ``fit`` itself chose: the seasonalities that the data needs, and the number of changepoints."""
    params = {"n_changepoints": model.n_changepoints, "seasonalities": _settings(model.seasonalities)}
    return Params(params, unchanged(params, default_values(Prophet)))


def validation_params(call: TrainingCall) -> Params:
    """Return the params of the model that is validated, and those of ``cross_validation``."""
    params = model_params(call.argument("model"))
    for name in _OF_VALIDATION:
        value = call.argument(name)
        params[name] = value if value is None or isinstance(value, str) else _text(value)
    cutoffs = call.argument("cutoffs")
    params["cutoffs"] = None if cutoffs is None else [str(cutoff) for cutoff in cutoffs]
    return params


def _text(value: Any) -> str:
    return str(value) if isinstance(value, pd.Timedelta) else type(value).__name__


def _settings(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the settings of seasonalities or regressors, without what was learnt from the data."""
    learnt = ("mu", "std", "predictor")
    return {
        name: {key: value for key, value in settings.items() if key not in learnt} for name, settings in parts.items()
    }


def _dates(values: Any) -> list[str]:
    return [str(date) for date in values]
