"""Writing and reading a Prophet in its own JSON without its training rows, in the layout of MLflow's prophet flavor."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import prophet
from prophet import Prophet
from prophet.serialize import model_from_json, model_to_json

from fitprint.plugin import Package, PackageError, dump_model, member

FILE, PICKLE = "model.pr", "model.pkl"


def save(model: Prophet, package: Package) -> dict[str, Any]:
    """Writes a fitted model natively; one of a class of the user's, which Prophet's format would drop, as a pickle.

    The pickle is in the layout of MLflow's sklearn flavor. Raises ValueError for a model that was not fitted.
    """
    if model.history is None:
        raise ValueError("this Prophet was not fitted: there is nothing to predict with yet")
    reduced = without_rows(model)
    if type(model) is not Prophet:
        return _save_pickle(reduced, package)
    package.write(FILE, json.dumps(model_to_json(reduced)))  # JSON in JSON: so MLflow writes it, and reads it
    return {"data": FILE, "model_type": type(model).__name__, "prophet_version": prophet.__version__}


def without_rows(model: Prophet) -> Prophet:
    """A copy that predicts the same: of the history it has the first and last date, and how far rows are apart.

    The dates of all rows stay: ``make_future_dataframe`` continues them.
    """
    made = copy.copy(model)
    history: Any = model.history
    apart = np.diff(history["t"]).mean() if len(history) > 1 else 0.0
    made.history = pd.DataFrame({"ds": history["ds"].iloc[[0, -1]].to_numpy(), "t": [0.0, apart]})
    made.stan_fit = None
    made.extra_regressors = OrderedDict(
        (name, {**each, "predictor": None} if "predictor" in each else each)
        for name, each in model.extra_regressors.items()
    )
    return made


def _save_pickle(model: Prophet, package: Package) -> dict[str, Any]:
    model.stan_backend = None
    form = dump_model(model, package, PICKLE)
    package.flavor_name, package.loader_module = "sklearn", "mlflow.sklearn"
    package.pyfunc = {"model_path": PICKLE, "predict_fn": "predict"}
    return {"pickled_model": PICKLE, "serialization_format": form}


def load(folder: Path, config: Mapping[str, Any]) -> Prophet:
    """Reads a model of fitprint's or MLflow's. Raises PackageError for what is no model of Prophet's, or broken."""
    path = member(folder, config.get("data") or FILE)
    try:
        return model_from_json(json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
