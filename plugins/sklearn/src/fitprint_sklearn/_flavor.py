"""scikit-learn's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.base import (
    ClassifierMixin,
    ClusterMixin,
    OutlierMixin,
    RegressorMixin,
    is_classifier,
    is_clusterer,
    is_outlier_detector,
    is_regressor,
)

from fitprint.plugin import (
    ChildRun,
    Emit,
    Flavor,
    Package,
    Patch,
    SaveContext,
    SavedModel,
    TrainingCall,
    is_recording,
    pickle_format,
)
from fitprint_sklearn import (
    _arguments,
    _entry_points,
    _fitted,
    _packages,
    _params,
    _partial_fit,
    _scores,
    _search,
    _training_metrics,
    _validation,
)
from fitprint_sklearn._silent_copy import predict_silently, silent_copy_for


class SklearnFlavor(Flavor):
    """scikit-learn: ``fit``, ``fit_transform`` and ``fit_predict``, loops of ``partial_fit``, and cross-validation."""

    api_version = (2, 0)
    loader_module = "mlflow.sklearn"
    model_argument = "sk_model"
    holds_model = True  # nobody saves a model by a call of scikit-learn, so that each loop ends without a package else
    save_options = _packages.SAVE_OPTIONS
    defaults = {"exclude_estimators": _entry_points.ONLY_PREPARES_DATA}  # noqa: RUF012  read only

    def patches(self) -> Sequence[Patch]:
        return _entry_points.PATCHES

    def model(self, call: TrainingCall) -> Any:
        if call.instance is None:
            call.skip("model", "cross-validation", "cross-validation trains one model per fold and keeps none of them")
            return None
        if _is_loop(call):
            return call.instance
        if _arguments.inputs_of(call) is None:
            call.skip("data", "arguments", f"fitprint does not know which argument of {call.name} is the training data")
        if _search.is_search(call.instance):
            return _best_of(call)
        return call.instance

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        if call.instance is None:
            return f"{call.name} {type(call.argument('estimator')).__name__}"
        return type(call.instance).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.instance is None:
            return _params.validation_params(call)
        return _params.estimator_params(call.instance)

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        estimator = call.instance if call.instance is not None else call.argument("estimator")
        cls = type(estimator)
        names = {"estimator_name": cls.__name__, "estimator_class": f"{cls.__module__}.{cls.__qualname__}"}
        if call.instance is None:
            return {**names, **_search.scoring_tag(call.argument("scoring"), estimator)}
        return {**names, **(_search.scoring_tag_of(estimator) if _search.is_search(estimator) else {})}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _search.best_params(call.instance) if _search.is_search(call.instance) else {}

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if _is_loop(call):
            return _metrics_of_loop(call)
        if call.instance is None:
            metrics, artifacts = _validation.validation_facts(call)
            call.cache["artifacts"] = artifacts
            return metrics
        return _metrics_of(call)

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        if "batches" not in call.cache:
            call.cache["batches"] = _partial_fit.Batches()
        call.cache["batches"].add(call)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        artifacts: dict[str, Any] = dict(call.cache.get("artifacts", {}))
        if call.instance is None:
            return artifacts
        model = call.instance
        if _search.is_search(model):
            artifacts["cv_results.csv"] = _search.results_table(model)
            model = getattr(model, "best_estimator_", model)
        if importance := _fitted.feature_importance(model):
            artifacts["feature_importance.json"] = importance
        if variance := _fitted.explained_variance(model):
            artifacts["explained_variance.json"] = variance
        return artifacts

    def children(self, call: TrainingCall) -> Iterable[ChildRun]:
        return _search.best_candidates(call.instance) if _search.is_search(call.instance) else ()

    def data(self, call: TrainingCall) -> Any:
        return None if _is_loop(call) else _arguments.inputs_of(call)

    def sample(self, call: TrainingCall) -> Any:
        if _is_loop(call) and "batches" in call.cache:
            return _arguments.inputs_of(call.cache["batches"].call_with_rows(call))
        return _arguments.inputs_of(call)

    def target(self, call: TrainingCall) -> Any:
        return None if _is_loop(call) else _arguments.target_of(call)

    def predicted_data(self, call: TrainingCall) -> Any:
        return _scores.predicted_data(call)

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        if call.name in _entry_points.CROSS_VALIDATION:
            return _scores.validation_scores(call)
        _scores.skip_others(call)
        return super().scores(call)

    def score_name(self, call: TrainingCall) -> str:
        return _scores.scorer_name(call) if call.name == _scores.SCORER else super().score_name(call)

    def validated_model(self, call: TrainingCall) -> Any:
        return call.argument("estimator") if call.instance is None else None

    def score_artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return _scores.artifacts_of(call)

    def outputs_like(self, model: Any) -> Any:
        return _fitted.outputs_like(model)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        for name in ("predict", "transform"):
            if hasattr(model, name):
                if is_recording():  # then the model belongs to the user: predicting must not change it
                    return predict_silently(model, name, data)
                return getattr(model, name)(data)
        raise NotImplementedError(f"{type(model).__name__} has neither predict nor transform")

    def model_type(self, model: Any) -> str | None:
        if _is_classifier(model) or _is_outlier_detector(model):
            return "classifier"
        if _is_regressor(model):
            return "regressor"
        return "clusterer" if _is_clusterer(model) else None

    def probabilities(self, model: Any, data: Any) -> tuple[Any, Any] | None:
        if _is_outlier_detector(model):  # it predicts 1 for the usual, for which its decision value is high, and -1
            return (model.decision_function(data), [-1, 1]) if hasattr(model, "decision_function") else None
        return super().probabilities(model, data)

    def score(self, model: Any, data: Any, target: Any, weight: Any, metrics: Mapping[str, float]) -> float | None:
        return _training_metrics.score_of(model, data, target, weight, metrics)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return pickle_format.needs_trust(config)

    def file_config(self, path: Path) -> Mapping[str, Any]:
        return {"pickled_model": path.name, "serialization_format": "skops"}  # the only format that is not a pickle

    def requirements(self, model: Any) -> Iterable[str]:
        return ("scikit-learn", "numpy", "scipy")


def _metrics_of(call: TrainingCall) -> dict[str, float]:
    estimator = call.instance
    for name, values in _fitted.series(estimator):
        for step, value in enumerate(values):
            call.emit(name, value, step)
    metrics = _fitted.numbers(estimator)
    if _search.is_search(estimator):
        metrics |= _search.best_metrics(estimator)
    if call.settings.log_training_metrics:
        training_metrics, artifacts = _training_facts(call, estimator)
        metrics |= training_metrics
        call.cache["artifacts"] = artifacts
    else:
        call.skip("training metrics", "log_training_metrics", "turned off")
    return metrics


def _is_loop(call: TrainingCall) -> bool:
    return call.name == "partial_fit"


def _metrics_of_loop(call: TrainingCall) -> dict[str, float]:
    """Return the metrics of a loop that has ended, as if it had been one training on the rows that were kept."""
    batches: _partial_fit.Batches = call.cache.get("batches") or _partial_fit.Batches()
    counts = {"batches": float(batches.count), "rows": float(batches.rows)}
    if call.instance is None:
        return counts
    metrics = _metrics_of(batches.call_with_rows(call))
    if batches.rows > batches.kept_rows and any(name.startswith("training_") for name in metrics):
        reason = f"taken on {batches.kept_rows} of {batches.rows} rows, from batches all over the loop"
        call.skip("training metrics of all rows", "metric", reason)
    of_the_loop = {name: value for name, value in metrics.items() if name not in _fitted.OF_LAST_BATCH}
    return {**counts, **of_the_loop}


def _best_of(call: TrainingCall) -> Any:
    best = getattr(call.instance, "best_estimator_", None)
    if best is None:
        call.skip("model", "search", "with refit=False there is no best estimator to keep")
    call.other_names = ("best_estimator",)  # as MLflow calls it
    return best


def _training_facts(call: TrainingCall, estimator: Any) -> tuple[dict[str, float], dict[str, Any]]:
    if _is_loop(call) and _arguments.inputs_of(call) is None:
        call.skip("training metrics", "metric", "no rows of the batches could be kept: they are of different kinds")
        return {}, {}
    if _search.is_search(estimator) and not hasattr(estimator, "best_estimator_"):
        return {}, {}
    model, inputs = silent_copy_for(estimator, _arguments.inputs_of(call))
    if _is_loop(call) and model is not estimator:
        vars(model).pop("labels_", None)  # those of the last batch: all rows that were kept are predicted instead
    if _is_classifier(model):
        return _training_metrics.classifier_facts(call, model, inputs)
    if _is_regressor(model):
        return _training_metrics.regressor_facts(call, model, inputs)
    metrics: dict[str, float] = {}
    artifacts: dict[str, Any] = {}
    if _is_clusterer(model):
        metrics, artifacts = _training_metrics.clusterer_facts(call, model, inputs)
    elif _is_outlier_detector(model):
        metrics, artifacts = _training_metrics.outlier_facts(call, model, inputs)
    return metrics | _training_metrics.own_score(call, model, inputs), artifacts


def _is_classifier(model: Any) -> bool:
    """Return whether an estimator is a classifier, in whatever order its class names its bases.

    scikit-learn tells the kind of estimator only of a class that names the mixin before ``BaseEstimator``.
    """
    return is_classifier(model) or isinstance(model, ClassifierMixin)


def _is_regressor(model: Any) -> bool:
    """Return whether an estimator is a regressor, in whatever order its class names its bases."""
    return is_regressor(model) or isinstance(model, RegressorMixin)


def _is_clusterer(model: Any) -> bool:
    """Return whether an estimator is a clusterer, in whatever order its class names its bases."""
    return is_clusterer(model) or isinstance(model, ClusterMixin)


def _is_outlier_detector(model: Any) -> bool:
    """Return whether an estimator is an outlier detector, in whatever order its class names its bases."""
    return is_outlier_detector(model) or isinstance(model, OutlierMixin)
