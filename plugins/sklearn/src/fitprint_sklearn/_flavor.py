"""The flavor: which part answers which question of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor

from fitprint import Child, Flavor, Patch, TrainingCall
from fitprint._core import call_scope
from fitprint.models import Package, serialized
from fitprint_sklearn import (
    _arguments,
    _entry_points,
    _fitted,
    _packages,
    _params,
    _search,
    _training_metrics,
    _validation,
)
from fitprint_sklearn._stand_in import stand_in

Found = tuple[dict[str, float], dict[str, Any]]


class SklearnFlavor(Flavor):
    """scikit-learn: every estimator's fit, fit_transform and fit_predict, and cross-validation."""

    loader_module = "mlflow.sklearn"
    model_argument = "sk_model"
    save_options = _packages.SAVE_OPTIONS
    defaults = {"exclude_estimators": _entry_points.ONLY_PREPARES_DATA}  # noqa: RUF012  read only

    def patches(self) -> Sequence[Patch]:
        return _entry_points.PATCHES

    def model(self, call: TrainingCall) -> Any:
        if call.instance is None:
            call.skip("model", "cross-validation", "it trains many models and keeps none")
            return None
        if _arguments.inputs_of(call) is None:
            call.skip("data", "arguments", f"none of the arguments of {call.name} is known to be the training data")
        if _search.is_search(call.instance):
            return _best_of(call)
        return call.instance

    def run_name(self, call: TrainingCall) -> str:
        if call.instance is None:
            return f"{call.name} {type(call.argument('estimator')).__name__}"
        return type(call.instance).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.instance is None:
            return _params.validation_params(call)
        return _params.estimator_params(call.instance)

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        estimator = call.instance if call.instance is not None else call.argument("estimator")
        kind = type(estimator)
        return {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__qualname__}"}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _search.best_params(call.instance) if _search.is_search(call.instance) else {}

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if call.instance is None:
            metrics, artifacts = _validation.validation_facts(call)
            call.kept["artifacts"] = artifacts
            return metrics
        estimator = call.instance
        for name, values in _fitted.series(estimator):
            for step, value in enumerate(values):
                call.emit(name, value, step)
        found = _fitted.numbers(estimator)
        if _search.is_search(estimator):
            found |= _search.best_metrics(estimator)
        if call.settings.log_training_metrics:
            metrics, artifacts = _training_facts(call, stand_in(estimator))
            found |= metrics
            call.kept["artifacts"] = artifacts
        else:
            call.skip("training metrics", "log_training_metrics", "turned off")
        return found

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        found: dict[str, Any] = dict(call.kept.get("artifacts", {}))
        if call.instance is None:
            return found
        model = call.instance
        if _search.is_search(model):
            found["cv_results.csv"] = _search.results_table(model)
            model = getattr(model, "best_estimator_", model)
        if importance := _fitted.feature_importance(model):
            found["feature_importance.json"] = importance
        if variance := _fitted.explained_variance(model):
            found["explained_variance.json"] = variance
        return found

    def children(self, call: TrainingCall) -> Iterable[Child]:
        return _search.best_candidates(call.instance) if _search.is_search(call.instance) else ()

    def data(self, call: TrainingCall) -> Any:
        return _arguments.inputs_of(call)

    def target(self, call: TrainingCall) -> Any:
        return _arguments.target_of(call)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        for name in ("predict", "transform"):
            if hasattr(model, name):
                # for the signature of a model that is still the user's
                return getattr(stand_in(model) if call_scope.is_recording() else model, name)(data)
        raise NotImplementedError(f"{type(model).__name__} has neither predict nor transform")

    def save(self, model: Any, package: Package) -> Mapping[str, Any]:
        return _packages.save(model, package)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return serialized.needs_trust(config)

    def file_config(self, path: Path) -> Mapping[str, Any]:
        return {"pickled_model": path.name, "serialization_format": "skops"}  # the one that is no pickle

    def requirements(self, model: Any) -> Iterable[str]:
        return ("scikit-learn", "numpy", "scipy")


def _best_of(call: TrainingCall) -> Any:
    best = getattr(call.instance, "best_estimator_", None)
    if best is None:
        call.skip("model", "search", "it was not refitted (refit=False): there is no best estimator to keep")
    return best


def _training_facts(call: TrainingCall, estimator: Any) -> Found:
    if _search.is_search(estimator) and not hasattr(estimator, "best_estimator_"):
        return {}, {}
    if is_classifier(estimator):
        return _training_metrics.classifier_facts(call, estimator)
    if is_regressor(estimator):
        return _training_metrics.regressor_facts(call, estimator)
    if is_clusterer(estimator):
        return _training_metrics.clusterer_facts(call, estimator)
    if is_outlier_detector(estimator):
        return _training_metrics.outlier_facts(call, estimator)
    return {}, {}
