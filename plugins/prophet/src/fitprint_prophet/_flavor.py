"""Prophet's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fitprint.plugin import Flavor, Package, Patch, SaveContext, SavedModel, TrainingCall, pickle_format
from fitprint_prophet import _facts, _packages, _params, _validation

_SAMPLE_ROWS = 1_000


class ProphetFlavor(Flavor):
    """Prophet: ``fit``, and ``cross_validation``."""

    api_version = (2, 0)
    loader_module = "mlflow.prophet"
    model_argument = "pr_model"
    reads = ("sklearn",)  # the layout of what the native format would not preserve

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("prophet.forecaster", "Prophet.fit", subclasses=True),
            Patch("prophet.diagnostics", "cross_validation"),
        ]

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.instance is None:
            return _params.validation_params(call)
        of_model = _params.model_params(call.instance)
        of_model.update(_params.fit_params(call))
        return of_model

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _params.fitted_params(call.instance) if call.instance is not None else {}

    def model(self, call: TrainingCall) -> Any:
        if call.instance is None:
            call.skip(
                "model", "cross-validation", "cross-validation trains one model per cutoff and keeps none of them"
            )
            return None
        return call.instance

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if call.instance is None:
            return _validation.metrics(call.result)
        return {**_facts.learnt(call.instance), **_facts.metrics_of_rows(call)}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.instance is None:
            return _validation.tables(call.result)
        return _facts.tables(call.instance)

    def data(self, call: TrainingCall) -> Any:
        return _facts.inputs(call) if call.instance is not None else None

    def sample(self, call: TrainingCall) -> Any:
        """Return the first rows, with ``ds`` as Prophet converts it: dates in nanoseconds."""
        rows = _facts.inputs(call).iloc[:_SAMPLE_ROWS]
        return rows.assign(ds=pd.to_datetime(rows["ds"]).astype("datetime64[ns]"))

    def target(self, call: TrainingCall) -> Any:
        return call.argument("df")["y"] if call.instance is not None else None

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return model.predict(data)

    def package_flavor(self, model: Any) -> str:
        return self.name if _packages.is_kept_natively(model) else "sklearn"

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        if "pickled_model" in config:
            return pickle_format.needs_trust(config)
        return None  # Prophet's JSON contains only data

    def requirements(self, model: Any) -> Iterable[str]:
        return ("prophet", "holidays", "numpy", "pandas")
