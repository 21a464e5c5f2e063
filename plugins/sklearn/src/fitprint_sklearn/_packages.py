"""Writing and reading scikit-learn's part of a package, in the layout of MLflow's sklearn flavor."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sklearn

from fitprint.models.errors import PackageError
from fitprint.models.package import Package, member
from fitprint.models.pickling import dump_model
from fitprint.models.unpickling import load_pickle
from fitprint_sklearn import _skops

FILE = "model.pkl"
SAVE_OPTIONS = ("serialization_format", "pyfunc_predict_fn", "skops_trusted_types")
FORMATS = ("pickle", "cloudpickle", "skops")
PREDICT = ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")
"""The methods that a package may predict with: those that MLflow's loader accepts."""


def save(model: Any, package: Package) -> dict[str, Any]:
    """Writes an estimator, or anything picklable that predicts. Returns the keys of MLflow's sklearn flavor.

    Raises ValueError for an option that is none, and what pickling raises.
    """
    form, predict_fn = package.options.get("serialization_format"), package.options.get("pyfunc_predict_fn")
    if form not in (None, *FORMATS):
        raise ValueError(f"serialization_format is one of {', '.join(FORMATS)}, not {form!r}")
    if form == "skops":
        keys = _skops.save(model, package)
    else:
        keys = {"pickled_model": FILE, "serialization_format": dump_model(model, package, FILE, form)}
    package.pyfunc = _generic(model, str(keys["pickled_model"]), predict_fn)
    return {**keys, "sklearn_version": sklearn.__version__}


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Reads an estimator. Raises PackageError for a format that is not read here, or a broken file."""
    form = config.get("serialization_format", "pickle")
    path = member(folder, config.get("pickled_model") or config.get("model_path") or config.get("data"))
    if form == "skops":
        return _skops.load(path, config.get("skops_trusted_types") or ())
    if form not in FORMATS:
        raise PackageError(f"{folder}: the serialization format {form!r} is none of {', '.join(FORMATS)}")
    try:
        with open(path, "rb") as file:
            return load_pickle(file)
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


def needs_trust(config: Mapping[str, Any]) -> str | None:
    """Why loading could run code: pickles do, skops loads only types that the caller trusts."""
    return None if config.get("serialization_format") == "skops" else "its model is a pickle"


def _generic(model: Any, file: str, predict_fn: str | None) -> dict[str, Any] | None:
    if predict_fn is None:
        return {"model_path": file, "predict_fn": "predict"} if hasattr(model, "predict") else None
    if predict_fn not in PREDICT or not hasattr(model, predict_fn):
        there = ", ".join(each for each in PREDICT if hasattr(model, each)) or "none"
        raise ValueError(f"pyfunc_predict_fn={predict_fn!r}: {type(model).__name__} can predict with: {there}")
    return {"model_path": file, "predict_fn": predict_fn}
