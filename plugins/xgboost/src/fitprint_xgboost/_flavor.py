"""XGBoost's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xgboost
from xgboost import Booster, DMatrix, XGBClassifier, XGBModel, XGBRegressor, collective
from xgboost.core import XGBoostError

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
    UnknownColumns,
    columns_of_parts,
    example_row,
    known_shape,
    pickle_format,
    row_like_parts,
    to_json,
)
from fitprint_xgboost import _arguments, _checkpoints, _dask, _listening, _matrices, _packages, _spark

_MATRICES = ("DMatrix", "QuantileDMatrix", "ExtMemQuantileDMatrix")
"""Each has its own ``__init__``; the last one exists since XGBoost 3."""
_NOT_ALONE = "in a distributed training, XGBoost makes a matrix in all processes together, and predicting needs one"
"""A process that made one alone would wait for the others, which do not know of it."""
_IMPORTANCES = ("weight", "gain", "cover")


class XGBoostFlavor(BoostingFlavor):
    """XGBoost: ``train``, ``cv`` and ``fit`` of every estimator."""

    api_version = (2, 0)
    loader_module = "mlflow.xgboost"
    model_argument = "xgb_model"
    reads = ("sklearn",)  # the layout of what the native format would not preserve
    save_options = ("model_format",)
    container = DMatrix
    container_arguments = ("dtrain",)
    regressor = XGBRegressor
    classifier = XGBClassifier
    classifying_objectives = ("binary:", "multi:")
    rules = (PartOfDistributed([_dask.MODULE, _spark.MODULE]),)

    def patches(self) -> Sequence[Patch]:
        matrices = [name for name in _MATRICES if hasattr(xgboost.core, name)]
        return [
            Patch("xgboost.training", "train", inside=True),
            Patch("xgboost.training", "cv"),
            Patch("xgboost.sklearn", "XGBModel.fit", subclasses=True),
            Patch(_dask.MODULE, "train"),
            Patch(_spark.MODULE, "_SparkXGBEstimator._fit"),  # it has no `fit` of its own
            *(Patch(_dask.MODULE, f"{name}.__init__", role=Role.WATCHED) for name in _dask.MATRICES),
            *(Patch("xgboost.core", f"{name}.__init__", role=Role.WATCHED) for name in matrices),
            Patch("xgboost.core", "Booster.save_model", role=Role.WATCHED),
            *(Patch("xgboost.core", f"Booster.{name}", role=Role.PREDICTS) for name in ("predict", "inplace_predict")),
            *(
                Patch("xgboost.sklearn", f"XGBModel.{name}", subclasses=True, role=Role.PREDICTS)
                for name in ("predict", "predict_proba")
            ),
            Patch("xgboost.sklearn", "XGBModel.score", subclasses=True, role=Role.SCORES),
        ]

    def world(self, call: TrainingCall) -> tuple[int, int]:
        return collective.get_rank(), collective.get_world_size()  # (0, 1) outside of a CommunicatorContext

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return super().run_name(call, None if _spark.is_by_spark(call) else model)

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        if _spark.is_by_spark(call):
            return _spark.params(call)
        arguments = self.arguments(call)
        if call.instance is None:
            return _arguments.training_params(call.function, arguments)
        return _arguments.estimator_params(call.instance, arguments)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        is_estimator = isinstance(call.instance, XGBModel)
        return _arguments.fitted_params(call.instance) if is_estimator else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        if _is_distributed(call):
            call.cache[_checkpoints.ENDED] = True  # the user has no booster before the end
            return None
        # an estimator's `fit` calls `train`, which is listened to instead
        if call.instance is not None:
            return None
        finish, cache = _listening.listen(call, emit, self.arguments(call), self.in_training(call)), call.cache

        def end() -> None:
            cache[_checkpoints.ENDED] = True
            finish()

        return end

    def watched(self, call: TrainingCall) -> None:
        if call.name == "save_model":
            _checkpoints.note(call)
        elif type(call.instance).__module__ == _dask.MODULE:
            self.origins.remember(call.instance, data=columns_of_parts(call.argument("data")))
        else:
            super().watched(call)

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        return _checkpoints.load(path, model)

    def checkpoint_needs_trust(self, path: Path) -> str | None:
        return None  # XGBoost's own formats contain only data

    def resumes(self, call: TrainingCall) -> Any:
        return self.arguments(call).get("xgb_model")

    def callback(self, recording: CallbackRecording) -> _listening.Callback:
        return _listening.Callback(recording)

    def trained(self, call: TrainingCall) -> Any:
        if _spark.is_by_spark(call):
            return _spark.trained(call)
        return _dask.trained(call) if _dask.is_by_dask(call) else super().trained(call)

    def model(self, call: TrainingCall) -> Any:
        if _spark.is_by_spark(call):
            return call.result  # what the user has, and predicts with
        return self.trained(call) if _dask.is_by_dask(call) else super().model(call)

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if _spark.is_by_spark(call):
            _spark.emit_history(call)
            return {}
        if _dask.is_by_dask(call):
            model = _dask.trained(call)
            return _dask.emit_history(call, model) if model is not None else {}
        if call.instance is None:
            return {}
        if call.world()[1] > 1:
            call.skip("training metrics", "distributed", _NOT_ALONE)
            return {}
        return self.estimator_metrics(call, call.instance)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        model = self.trained(call)
        if model is None:
            return {"cv_results.csv": self.validation_table(call.result)} if call.name == "cv" else {}
        return {"feature_importance.json": _feature_importance(_packages.booster_of(model))}

    def data(self, call: TrainingCall) -> Any:
        return None if _is_distributed(call) else super().data(call)

    def target(self, call: TrainingCall) -> Any:
        return None if _is_distributed(call) else super().target(call)

    def sample(self, call: TrainingCall) -> Any:
        if _spark.is_by_spark(call):
            return _spark.row_like(self.trained(call))
        if _dask.is_by_dask(call):
            data = self.training_data(call)
            is_matrix = call.instance is None
            row = row_like_parts(self.origins.columns(data) if is_matrix else columns_of_parts(data))
            if row is None:
                call.skip("signature", "distributed", "the types of the columns are known to the workers alone")
            return row
        if call.world()[1] > 1:
            call.skip("signature", "distributed", _NOT_ALONE)
            return None
        if call.instance is not None:
            return _matrices.without_query(call.instance, self.data(call))
        return super().sample(call)

    def sample_of(self, data: Any) -> Any:
        table = _matrices.table_like(data, self.table_of(data))
        if table is None:
            columns = self.origins.columns(data)
            row = example_row(columns) if columns is not None and _matrices.tells_all(columns) else None
            table = _matrices.table_like(data, row) if row is not None else None
        return table if table is not None else UnknownColumns(self.container_rows(data))

    def shapes(self, call: TrainingCall) -> Mapping[str, tuple[int, ...]]:
        if _spark.is_by_spark(call):
            return {}
        if _dask.is_by_dask(call):
            shape = known_shape(self.training_data(call))
            return {"inputs": shape} if shape is not None else {}
        if call.instance is not None:
            return super().shapes(call)
        matrix = self.training_data(call)
        label = self.origins.alive(matrix, "label")  # the matrix itself would have to make a new array
        shapes: dict[str, tuple[int, ...]] = {"inputs": self.container_shape(matrix)}
        return shapes if label is None else {**shapes, "target": tuple(label.shape)}

    def container_shape(self, container: DMatrix) -> tuple[int, int]:
        return container.num_row(), container.num_col()

    def container_label(self, container: DMatrix) -> Any:
        label = container.get_label()
        return label if len(label) else None

    def container_rows(self, container: DMatrix) -> Any:
        return _matrices.zeros_like(container)

    def objective_of(self, model: Any) -> str | None:
        if not isinstance(model, Booster):
            return None
        return str(json.loads(model.save_config())["learner"]["objective"]["name"])

    def classes_of(self, model: Any) -> Any:
        return None  # XGBoost requires the classes of the target to be 0, 1, 2, ...

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        if collective.get_world_size() > 1:
            raise NotImplementedError(_NOT_ALONE)
        model = _local_model(model)
        rows = data.rows if isinstance(data, UnknownColumns) else data
        return super().predict(model, _matrices.matrix_of(rows) if isinstance(model, Booster) else rows, params)

    def package_flavor(self, model: Any) -> str:
        return self.name if _packages.is_kept_natively(_local_model(model)) else "sklearn"

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(_local_model(model), package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        if "pickled_model" in config:
            return pickle_format.needs_trust(config)
        return None  # XGBoost's own formats contain only data

    def file_config(self, path: Path) -> Mapping[str, Any]:
        return _packages.file_config(path)

    def size(self, model: Any) -> int | None:
        return _packages.size(_local_model(model))

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements(_local_model(model))


def _is_distributed(call: TrainingCall) -> bool:
    """Return whether dask or Spark distributes a training that this process has begun."""
    return _dask.is_by_dask(call) or _spark.is_by_spark(call)


def _local_model(model: Any) -> Any:
    """Return a model like one of dask's or Spark's that needs neither; any other model itself."""
    return _spark.local_model(_dask.local_model(model))


def _feature_importance(booster: Booster) -> str:
    """Return importances by kind and feature as JSON. Linear models have only their weights."""
    importances = {}
    for kind in _IMPORTANCES:
        try:
            importances[kind] = booster.get_score(importance_type=kind)
        except XGBoostError:  # not defined for this kind of booster
            continue
    return to_json(importances)
