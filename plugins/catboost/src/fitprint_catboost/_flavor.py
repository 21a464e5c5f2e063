"""CatBoost's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from catboost import CatBoostClassifier, CatBoostRegressor, FeaturesData, Pool

from fitprint.plugin import (
    BoostingFlavor,
    CallbackRecording,
    Emit,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    TrainingRows,
    UnknownColumns,
    pickle_format,
)
from fitprint_catboost import _arguments, _listening, _packages

_SAMPLE_ROWS = 5


class CatBoostFlavor(BoostingFlavor):
    """CatBoost: ``fit`` of every class, ``train`` and ``cv``."""

    api_version = (2, 0)
    loader_module = "mlflow.catboost"
    model_argument = "cb_model"
    reads = ("sklearn",)  # the layout of what the native format would not preserve
    save_options = ("format",)
    container = Pool
    container_arguments = ("pool", "dtrain")
    regressor = CatBoostRegressor
    classifier = CatBoostClassifier
    classifying_objectives = ("Logloss", "CrossEntropy", "MultiClass")

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("catboost.core", "CatBoost.fit", subclasses=True),
            Patch("catboost.core", "CatBoost._fit", inside=True),  # every training calls it, with all arguments
            Patch("catboost.core", "train"),
            Patch("catboost.core", "cv"),
            Patch("catboost.core", "Pool.__init__", role=Role.WATCHED),
            *(
                Patch("catboost.core", f"CatBoost.{name}", subclasses=True, role=Role.PREDICTS)
                for name in ("predict", "predict_proba", "predict_log_proba")
            ),
            Patch("catboost.core", "CatBoost.score", subclasses=True, role=Role.SCORES),
        ]

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.call_params(call.function, call.instance, self.arguments(call))

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        model = self.trained(call)
        return _arguments.fitted_params(model, self.params(call)) if model is not None else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        return _listening.listen(call, emit, self.arguments(call)) if call.name == "_fit" else None

    def callback(self, recording: CallbackRecording) -> _listening.Callback:
        return _listening.Callback(recording)

    def model(self, call: TrainingCall) -> Any:
        model = super().model(call)
        if model is not None and not _packages.is_kept_natively(model) and (lost := _packages.what_is_lost(model)):
            call.skip("model", "pickle", lost)
            return None
        return model

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        model = self.trained(call)
        if model is None:
            _listening.emit_validation(call, _validation_result(call))
            return {}
        if not _listening.is_live(model):
            _listening.emit_all(call, model, self.arguments(call).get("metric_period"))
        return {**_listening.best_of(model), **self.estimator_metrics(call, call.instance)}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        model = self.trained(call)
        if model is None:
            return {"cv_results.csv": self.validation_table(_validation_result(call))}
        importances = np.asarray(model.feature_importances_)
        if importances.ndim != 1:
            call.skip("feature_importance.json", "catboost", "CatBoost computes none by itself for this loss or data")
            return {}
        return {"feature_importance.json": dict(zip(model.feature_names_, importances.tolist(), strict=True))}

    def container_shape(self, container: Pool) -> tuple[int, int]:
        rows, columns = container.shape
        return rows, columns

    def container_label(self, container: Pool) -> Any:
        return container.get_label()

    def container_rows(self, container: Pool) -> Any:
        return container.slice(list(range(min(_SAMPLE_ROWS, container.num_row()))))

    def sample_of(self, data: Any) -> Any:
        return UnknownColumns(data) if isinstance(data, FeaturesData) else super().sample_of(data)

    def training_rows(self, call: TrainingCall, model: Any) -> TrainingRows:
        rows = super().training_rows(call, model)
        if isinstance(model, CatBoostClassifier):
            rows.target = _as_classes(rows.target, model.classes_)
        return rows

    def objective_of(self, model: Any) -> str | None:
        return str(model.get_all_params().get("loss_function")) if model.is_fitted() else None

    def probabilities(self, model: Any, data: Any) -> tuple[Any, Any] | None:
        if isinstance(model, CatBoostClassifier) or self.model_type(model) != "classifier":
            return super().probabilities(model, data)
        return model.predict(data, prediction_type="Probability"), model.classes_  # the base class has no predict_proba

    def package_flavor(self, model: Any) -> str:
        return self.name if _packages.is_kept_natively(model) else "sklearn"

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        if "pickled_model" in config:
            return pickle_format.needs_trust(config)
        return None  # CatBoost's own formats contain only data

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ("catboost", "numpy", "pandas")


def _validation_result(call: TrainingCall) -> Any:
    """Return the table of a cross-validation, which may be returned together with the models."""
    return call.result[0] if isinstance(call.result, tuple) else call.result


def _as_classes(target: Any, classes: Any) -> Any:
    """Return the target in the form of the model's classes: old versions turn True and False into texts."""
    if not len(classes) or not isinstance(classes[0], str):
        return target
    values = np.asarray(target)
    return values.astype(str) if values.dtype.kind == "b" else target
