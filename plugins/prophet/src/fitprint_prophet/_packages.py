"""Write and read a Prophet in its own JSON without training rows, in the layout of MLflow's prophet flavor."""

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

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, dump_model, member, pickle_format

FILE, PICKLE = "model.pr", "model.pkl"


def save(model: Prophet, package: Package, context: SaveContext) -> SavedModel:
    """Write a fitted model in Prophet's format; a model of a user's class, which that would lose, as a pickle.

    The pickle is in the layout of MLflow's sklearn flavor.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The model was not fitted.
    """
    if model.history is None:
        raise ValueError("this Prophet has not been fitted: call its fit() first")
    reduced = without_rows(model)
    if not is_kept_natively(model):
        return _save_pickle(reduced, package)
    package.write(FILE, json.dumps(model_to_json(reduced)))  # JSON inside JSON, as MLflow writes and reads it
    return SavedModel({"data": FILE, "model_type": type(model).__name__, "prophet_version": prophet.__version__})


def is_kept_natively(model: Any) -> bool:
    """Return whether Prophet's format preserves a model's class: it drops what a subclass adds."""
    return type(model) is Prophet


def without_rows(model: Prophet) -> Prophet:
    """Return a copy that predicts the same, with only the first and last date of the history and the mean distance.

    The dates of all rows are kept, because ``make_future_dataframe`` continues them.
    """
    copied = copy.copy(model)
    history: Any = model.history
    distance = np.diff(history["t"]).mean() if len(history) > 1 else 0.0
    copied.history = pd.DataFrame({"ds": history["ds"].iloc[[0, -1]].to_numpy(), "t": [0.0, distance]})
    copied.stan_fit = None
    copied.extra_regressors = OrderedDict(
        (name, {**regressor, "predictor": None} if "predictor" in regressor else regressor)
        for name, regressor in model.extra_regressors.items()
    )
    return copied


def _save_pickle(model: Prophet, package: Package) -> SavedModel:
    model.stan_backend = None
    serialization_format = dump_model(model, package, PICKLE)
    return SavedModel(
        keys={"pickled_model": PICKLE, "serialization_format": serialization_format},
        pyfunc={"model_path": PICKLE, "predict_fn": "predict"},
        loader_module="mlflow.sklearn",
    )


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is damaged, or is not a model of Prophet.
    """
    if "pickled_model" in config:
        return pickle_format.load(member(folder, config["pickled_model"]), config)
    path = member(folder, config.get("data") or FILE)
    try:
        return model_from_json(json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
