"""statsmodels' flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import Flavor, Package, Patch, SaveContext, SavedModel, TrainingCall
from fitprint_statsmodels import _entry_points, _facts, _packages, _params, _predicting, _rows
from fitprint_statsmodels._stand_in import stand_in


class StatsmodelsFlavor(Flavor):
    """statsmodels: ``fit`` and similar methods of every model, including those of the formula API."""

    api_version = (2, 0)
    loader_module = "mlflow.statsmodels"
    model_argument = "statsmodels_model"
    save_options = _packages.SAVE_OPTIONS
    rules = (_entry_points.statsmodels_itself,)

    def patches(self) -> Sequence[Patch]:
        return _entry_points.PATCHES

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _params.params(call)

    def model(self, call: TrainingCall) -> Any:
        results = call.result
        if _are_results(results):
            if _predicting.predicts_from(results) is None:
                reason = f"{type(results).__name__} has no predict(exog), and no predict(start, end)"
                call.skip("the package's predict", "statsmodels", reason)
            return results
        call.skip(
            "model",
            "statsmodels",
            f"{call.name} returned {type(results).__name__}, which are not results of statsmodels",
        )
        return None

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(
            call.instance
        ).__name__  # the model's class; what statsmodels saves and predicts with are its results

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        results = call.cache["results"] = stand_in(call.result)
        for step, value in enumerate(_facts.deviances(results)):
            call.emit("iteration_deviance", value, step)
        return _facts.metrics(results)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        results = call.cache["results"]
        texts = {"coefficients.csv": _facts.coefficients(results), "model_summary.txt": _facts.summary(results)}
        if call.settings.log_models and _are_results(call.result):
            _rows.remember(call.result, results)
        return {name: text for name, text in texts.items() if text is not None}

    def data(self, call: TrainingCall) -> Any:
        return _predicting.inputs(call.instance)

    def sample(self, call: TrainingCall) -> Any:
        if _predicting.predicts_from(call.result) == _predicting.TIMES:
            return _predicting.sample(call.result)
        return _predicting.inputs(call.instance)

    def target(self, call: TrainingCall) -> Any:
        return _predicting.target(call.instance)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _predicting.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "its model is a pickle"

    def requirements(self, model: Any) -> Iterable[str]:
        return ("statsmodels", "numpy", "pandas", "scipy")


def _are_results(value: Any) -> bool:
    return any(base.__module__.partition(".")[0] == "statsmodels" for base in type(value).__mro__)
