"""Writing and reading scikit-learn's part of a package: a pickle, in the layout of MLflow's sklearn flavor."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sklearn

from fitprint.models.errors import PackageError
from fitprint.models.package import Package, member
from fitprint.models.pickling import dump_model

FILE = "model.pkl"


def save(model: Any, package: Package) -> dict[str, Any]:
    """Pickles an estimator. Returns the keys of MLflow's sklearn flavor."""
    form = dump_model(model, package, FILE)
    package.pyfunc = {"model_path": FILE, "predict_fn": "predict"} if hasattr(model, "predict") else None
    return {"pickled_model": FILE, "serialization_format": form, "sklearn_version": sklearn.__version__}


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Unpickles an estimator. Raises PackageError for a format that is not read here, or a broken file."""
    form = config.get("serialization_format", "pickle")
    if form not in ("pickle", "cloudpickle"):
        raise PackageError(f"{folder}: fitprint does not read the serialization format {form} yet")
    path = member(folder, config.get("pickled_model"))
    try:
        with open(path, "rb") as file:
            return pickle.load(file)
    except (
        pickle.UnpicklingError,
        EOFError,
        AttributeError,
        ImportError,
        IndexError,
        TypeError,
        ValueError,
    ) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
