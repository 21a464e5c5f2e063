"""The params of a Prophet: what it was made with, what was added to it, and what ``fit`` was given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pandas as pd
from prophet import Prophet

from fitprint.plugin import TrainingCall

_OF_VALIDATION = ("horizon", "period", "initial", "parallel")


def model_params(model: Prophet) -> dict[str, Any]:
    """All constructor params; holidays and regressors by name, added seasonalities with their settings."""
    names = [name for name in inspect.signature(Prophet.__init__).parameters if name != "self"]
    found = {name: getattr(model, name, None) for name in names if name != "stan_backend"}
    found["holidays"] = None if model.holidays is None else sorted({str(each) for each in model.holidays["holiday"]})
    found["changepoints"] = _dates(model.changepoints) if model.specified_changepoints else None
    found["country_holidays"] = model.country_holidays
    found["seasonalities"] = _settings(model.seasonalities)
    found["regressors"] = _settings(model.extra_regressors)
    return found


def fit_params(call: TrainingCall) -> dict[str, Any]:
    """What ``fit`` hands on to Stan: ``iter``, ``seed``, ``algorithm``."""
    return {name: value for name, value in call.kwargs.items() if name != "df" and not isinstance(value, Mapping)}


def fitted_params(model: Prophet) -> dict[str, Any]:
    """What ``fit`` itself decided: the seasonalities that the data asks for, and how many changepoints it allows."""
    return {"n_changepoints": model.n_changepoints, "seasonalities": _settings(model.seasonalities)}


def validation_params(call: TrainingCall) -> dict[str, Any]:
    """The params of the model that is validated, and those of ``cross_validation``."""
    found = model_params(call.argument("model"))
    for name in _OF_VALIDATION:
        value = call.argument(name)
        found[name] = value if value is None or isinstance(value, str) else _text(value)
    cutoffs = call.argument("cutoffs")
    return {**found, "cutoffs": None if cutoffs is None else [str(each) for each in cutoffs]}


def _text(value: Any) -> str:
    return str(value) if isinstance(value, pd.Timedelta) else type(value).__name__


def _settings(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of seasonalities or regressors; what of them is learnt from the data, or a model, is none."""
    learnt = ("mu", "std", "predictor")
    return {name: {key: each[key] for key in each if key not in learnt} for name, each in parts.items()}


def _dates(values: Any) -> list[str]:
    return [str(each) for each in values]
