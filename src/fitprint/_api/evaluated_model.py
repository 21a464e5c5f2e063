"""A model that is evaluated, in whichever form the user has it: how it predicts, and which run it belongs to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fitprint._instrumentation.registry import entries, owner_of
from fitprint._runs.run import Run
from fitprint.plugin.contract import Flavor
from fitprint.plugin.probabilities import class_probabilities
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.pyfunc._loaded import PyFuncModel, load_model


class EvaluatedModel:
    """A native model, a package, or a function that predicts.

    Args:
        model: The model; a path or URI of a package, or a run with one, is loaded.

    Raises:
        TypeError: The model cannot predict, and no flavor is registered for its class.
        PackageError: The package cannot be loaded.
    """

    def __init__(self, model: Any) -> None:
        if isinstance(model, (str, os.PathLike, Run)):
            model = load_model(model)
        self._package = model if isinstance(model, PyFuncModel) else None
        self.native = model._loaded.model if isinstance(model, PyFuncModel) else model
        self.flavor = model._loaded.flavor if isinstance(model, PyFuncModel) else _flavor_of(model)
        if self.flavor is None and not callable(getattr(model, "predict", model)):
            raise TypeError(
                f"evaluate() cannot predict with an object of the class {type(model).__name__}: pass a model with a "
                "method predict, a function, the path of a package, or predictions="
            )

    @property
    def name(self) -> str:
        """The name of the class of the model, or of the function."""
        return str(getattr(self.native, "__name__", type(self.native).__name__))

    @property
    def model_type(self) -> str | None:
        """What the flavor says of the model: see `Flavor.model_type`."""
        return self.flavor.model_type(self.native) if self.flavor is not None else None

    def rows(self, data: Any) -> Any:
        """Return data as the native model takes it: that of a package is checked against its signature.

        Raises:
            SchemaError: The data does not fit the signature.
        """
        return self._package._enforced(data) if self._package is not None else data

    def predict(self, rows: Any) -> Any:
        """Return what the model predicts of what `rows` returned."""
        if self._package is not None:
            return self._package._loaded.predict(rows)
        if self.flavor is not None:
            return self.flavor.predict(self.native, rows)
        return self.native.predict(rows) if hasattr(self.native, "predict") else self.native(rows)

    def probabilities(self, rows: Any) -> tuple[Any, Any] | None:
        """Return class probabilities or decision values and the classes: see `Flavor.probabilities`."""
        if self.flavor is not None:
            return self.flavor.probabilities(self.native, rows)
        return class_probabilities(self.native, rows)

    def score(self, rows: Any, target: Any, weight: Any, metrics: Mapping[str, float]) -> float | None:
        """Return the model's own score: see `Flavor.score`."""
        return self.flavor.score(self.native, rows, target, weight, metrics) if self.flavor is not None else None


def _flavor_of(model: Any) -> Flavor | None:
    generic = PyfuncFlavor()
    if generic.takes(model):
        return generic
    name = owner_of(type(model))
    return entries()[name].flavor() if name is not None else None
