"""Predicts with a bundle of MLeap. fitprint copies this file into every package of a bundle that Python can read.

MLeap itself runs bundles in the JVM. In Python it reads back those of linear models, whose names are below.
"""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

READABLE = {
    "linear_regression": ("base", "LinearRegression"),
    "logistic_regression": ("logistic", "LogisticRegression"),
}
"""What MLeap reads back: for the name of an operation a module below `mleap.sklearn`, and the class."""


def _load_pyfunc(path: str) -> Any:
    """Return an object with ``predict`` from the folder of a bundle."""
    return _Predictor(read(path))


class _Predictor:
    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, data: Any, params: Any = None) -> Any:
        return predict(self._model, data)


def predict(model: Any, data: Any) -> Any:
    """Return what a model from a bundle predicts. It knows no names of columns, so that a table counts as its values.

    Args:
        model: The model.
        data: A table or an array, with the columns in the order of the training.
    """
    return model.predict(data.to_numpy() if hasattr(data, "iloc") else data)


def operation_of(path: str) -> str | None:
    """Return the name of the operation of a bundle; None for a pipeline, whose parts lie in folders of their own."""
    try:
        with open(os.path.join(path, "model.json"), encoding="utf-8") as file:
            return str(json.load(file)["op"])
    except FileNotFoundError:
        return None


def read(path: str) -> Any:
    """Return the model of a bundle, with the coefficients that it has there.

    Args:
        path: The folder of the bundle.

    Raises:
        NotImplementedError: MLeap reads this bundle only in the JVM.
    """
    operation = operation_of(path)
    if operation not in READABLE:
        raise NotImplementedError(f"MLeap reads a bundle of {operation or 'a pipeline'} only in the JVM")
    module, name = READABLE[operation]
    model = getattr(importlib.import_module(f"mleap.sklearn.{module}"), name)()
    return model.deserialize_from_bundle(*os.path.split(os.path.abspath(path)))
