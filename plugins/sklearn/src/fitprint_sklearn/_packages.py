"""Write and read scikit-learn's part of a package, in the layout of MLflow's sklearn flavor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sklearn

from fitprint.plugin import Package, SaveContext, SavedModel, member, pickle_format

SAVE_OPTIONS = (*pickle_format.OPTIONS, "pyfunc_predict_fn")
PREDICT = ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")
"""The methods with which a package may predict: those that MLflow's loader accepts."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write an estimator, or any picklable object that predicts.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The keys of MLflow's sklearn flavor in MLmodel.

    Raises:
        ValueError: An option has an unknown value. Errors of pickling are raised too.
    """
    file, keys = pickle_format.save(model, package, context.options)
    return SavedModel(
        keys={"pickled_model": file, **keys, "sklearn_version": sklearn.__version__},
        pyfunc=_generic(model, file, context.options.get("pyfunc_predict_fn")),
    )


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read an estimator that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is damaged, or its format is unknown.
    """
    path = member(folder, config.get("pickled_model") or config.get("model_path") or config.get("data"))
    return pickle_format.load(path, config)


def _generic(model: Any, file: str, predict_fn: str | None) -> dict[str, Any] | None:
    if predict_fn is None:
        return {"model_path": file, "predict_fn": "predict"} if hasattr(model, "predict") else None
    if predict_fn not in PREDICT or not hasattr(model, predict_fn):
        methods = ", ".join(name for name in PREDICT if hasattr(model, name)) or "none"
        raise ValueError(f"pyfunc_predict_fn={predict_fn!r}: {type(model).__name__} can predict with: {methods}")
    return {"model_path": file, "predict_fn": predict_fn}
