"""Writing and reading scikit-learn's part of a package, in the layout of MLflow's sklearn flavor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sklearn

from fitprint.plugin import Package, member, pickle_format

SAVE_OPTIONS = (*pickle_format.OPTIONS, "pyfunc_predict_fn")
PREDICT = ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")
"""The methods that a package may predict with: those that MLflow's loader accepts."""


def save(model: Any, package: Package) -> dict[str, Any]:
    """Writes an estimator, or anything picklable that predicts. Returns the keys of MLflow's sklearn flavor.

    Raises ValueError for an option that is none, and what pickling raises.
    """
    file, keys = pickle_format.save(model, package)
    package.pyfunc = _generic(model, file, package.options.get("pyfunc_predict_fn"))
    return {"pickled_model": file, **keys, "sklearn_version": sklearn.__version__}


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Reads an estimator. Raises PackageError for a format that is not read here, or a broken file."""
    path = member(folder, config.get("pickled_model") or config.get("model_path") or config.get("data"))
    return pickle_format.load(path, config)


def _generic(model: Any, file: str, predict_fn: str | None) -> dict[str, Any] | None:
    if predict_fn is None:
        return {"model_path": file, "predict_fn": "predict"} if hasattr(model, "predict") else None
    if predict_fn not in PREDICT or not hasattr(model, predict_fn):
        there = ", ".join(each for each in PREDICT if hasattr(model, each)) or "none"
        raise ValueError(f"pyfunc_predict_fn={predict_fn!r}: {type(model).__name__} can predict with: {there}")
    return {"model_path": file, "predict_fn": predict_fn}
