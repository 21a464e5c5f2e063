"""LightGBM's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightgbm import Booster, Dataset, LGBMClassifier, LGBMModel, LGBMRegressor

from fitprint.plugin import (
    BoostingFlavor,
    CallbackRecording,
    Emit,
    Package,
    PartOfDistributed,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    columns_of_parts,
    is_recording,
    known_shape,
    pickle_format,
    row_like_parts,
)
from fitprint_lightgbm import _arguments, _dask, _listening, _network, _packages
from fitprint_lightgbm._estimators import silent_copy


class LightGBMFlavor(BoostingFlavor):
    """LightGBM: ``train``, ``cv`` and ``fit`` of every estimator.

    A Dataset drops the data it was made from once it is constructed (``free_raw_data``).
    """

    api_version = (2, 0)
    loader_module = "mlflow.lightgbm"
    model_argument = "lgb_model"
    save_options = pickle_format.OPTIONS
    container = Dataset
    container_arguments = ("train_set",)
    regressor = LGBMRegressor
    classifier = LGBMClassifier
    classifying_objectives = ("binary", "multiclass", "cross_entropy")
    rules = (PartOfDistributed([_dask.MODULE]),)

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("lightgbm.engine", "train", inside=True),
            Patch("lightgbm.engine", "cv"),
            Patch("lightgbm.sklearn", "LGBMModel.fit", subclasses=True),
            Patch("lightgbm.basic", "Dataset.__init__", role=Role.WATCHED),
            Patch("lightgbm.basic", "Booster.predict", role=Role.PREDICTS),
            *(
                Patch("lightgbm.sklearn", f"LGBMModel.{name}", subclasses=True, role=Role.PREDICTS)
                for name in ("predict", "predict_proba")
            ),
            Patch("lightgbm.sklearn", "LGBMModel.score", subclasses=True, role=Role.SCORES),
        ]

    def world(self, call: TrainingCall) -> tuple[int, int]:
        return _network.world(self.params(call))

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        arguments = self.arguments(call)
        if call.is_by_callback and call.instance is None:
            arguments["params"] = _arguments.params_as_given(arguments)
        return _arguments.call_params(call.function, call.instance, arguments)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.fitted_params(call.instance) if call.instance is not None else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        if call.instance is not None:
            return None  # an estimator's `fit` calls `train`, which is listened to instead
        self.remember(call)
        return _listening.listen(call, emit, self.in_training(call))

    def callback(self, recording: CallbackRecording) -> _listening.Callback:
        return _listening.Callback(recording)

    def remember(self, call: TrainingCall) -> None:
        """Remember what a Dataset that was made unseen was made from: it has its data until it is constructed."""
        dataset = call.argument("train_set")
        if isinstance(dataset, Dataset) and self.origins.columns(dataset) is None:
            self.origins.remember(dataset, data=dataset.data, label=dataset.label)

    def resumes(self, call: TrainingCall) -> Any:
        return self.arguments(call).get("init_model")

    def data(self, call: TrainingCall) -> Any:
        return None if _dask.is_by_dask(call) else super().data(call)

    def target(self, call: TrainingCall) -> Any:
        return None if _dask.is_by_dask(call) else super().target(call)

    def sample(self, call: TrainingCall) -> Any:
        if not _dask.is_by_dask(call):
            return super().sample(call)
        row = row_like_parts(columns_of_parts(self.training_data(call)))
        if row is None:
            call.skip("signature", "distributed", "the types of the columns are known to the workers alone")
        return row

    def shapes(self, call: TrainingCall) -> Mapping[str, tuple[int, ...]]:
        if not _dask.is_by_dask(call):
            return super().shapes(call)
        shape = known_shape(self.training_data(call))
        return {"inputs": shape} if shape is not None else {}

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if call.instance is None:
            return {}
        if _dask.is_by_dask(call):
            return _dask.emit_history(call)
        if isinstance(call.instance, LGBMClassifier) and callable(call.instance.objective_):
            call.skip("training metrics", "objective", "with a custom objective the model predicts no labels")
            return {}
        return self.estimator_metrics(call, silent_copy(call.instance))

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        model = self.trained(call)
        if model is None:
            series = {name: values for name, values in call.result.items() if isinstance(values, list)}
            return {"cv_results.csv": self.validation_table(series)}
        booster = _packages.booster_of(model)
        names = booster.feature_name()
        importances = {
            kind: dict(zip(names, booster.feature_importance(kind).tolist(), strict=True)) for kind in ("split", "gain")
        }
        return {"feature_importance.json": importances}

    def container_shape(self, container: Dataset) -> tuple[int, int]:
        return container.num_data(), container.num_feature()

    def container_label(self, container: Dataset) -> Any:
        return container.label

    def container_rows(self, container: Dataset) -> Any:
        return np.zeros((1, container.num_feature()))

    def objective_of(self, model: Any) -> str | None:
        if not isinstance(model, Booster):
            return None
        lines = model.model_to_string(num_iteration=1).split("\n", 20)
        return next((line.removeprefix("objective=") for line in lines if line.startswith("objective=")), None)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        model = _dask.local_model(model)
        if isinstance(model, LGBMModel) and is_recording():
            model = silent_copy(model)
        return super().predict(model, data, params)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(_dask.local_model(model), package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None if _packages.is_text(config) else pickle_format.needs_trust(config)

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ("lightgbm", "numpy", "scipy") if isinstance(model, Booster) else ("lightgbm", "numpy", "scikit-learn")
