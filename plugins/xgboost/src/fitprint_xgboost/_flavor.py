"""The flavor: which part answers which question of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xgboost
from xgboost import Booster, DMatrix

from fitprint import Emit, Flavor, Patch, Role, TrainingCall
from fitprint.models import Package
from fitprint.plugin.arguments import taken_by
from fitprint_xgboost import _arguments, _facts, _listening, _matrices, _packages, _training_metrics

_MATRICES = ("DMatrix", "QuantileDMatrix", "ExtMemQuantileDMatrix")
"""Each has an ``__init__`` of its own; the last came with xgboost 3."""


class XGBoostFlavor(Flavor):
    """XGBoost: ``train``, ``cv`` and every estimator's ``fit``."""

    loader_module = "mlflow.xgboost"
    model_argument = "xgb_model"
    save_options = ("model_format",)

    def patches(self) -> Sequence[Patch]:
        matrices = [each for each in _MATRICES if hasattr(xgboost.core, each)]
        return [
            Patch("xgboost.training", "train", inside=True),
            Patch("xgboost.training", "cv"),
            Patch("xgboost.sklearn", "XGBModel.fit", subclasses=True),
            *(Patch("xgboost.core", f"{each}.__init__", role=Role.WATCHED) for each in matrices),
        ]

    def watched(self, call: TrainingCall) -> None:
        _matrices.remember(call)

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.training_params(call) if call.instance is None else _arguments.estimator_params(call)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.fitted_params(call.instance) if call.instance is not None else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        # an estimator's fit calls train inside, which is listened to instead
        return _listening.listen(call, emit) if call.instance is None else None

    def model(self, call: TrainingCall) -> Any:
        if call.name == "cv":
            call.skip("model", "cross-validation", "it trains a model per fold and keeps none")
            return None
        return call.instance if call.instance is not None else call.result

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        return _training_metrics.metrics_of_estimator(call) if call.instance is not None else {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.name == "cv":
            return {"cv_results.csv": _facts.validation_table(call.result)}
        model = call.instance if call.instance is not None else call.result
        return {"feature_importance.json": _facts.feature_importance(_packages.booster_of(model))}

    def data(self, call: TrainingCall) -> Any:
        given = _arguments.arguments(call)
        return given.get("X") if call.instance is not None else _matrices.data_of(given["dtrain"])

    def sample(self, call: TrainingCall) -> Any:
        """What the signature is inferred from: few rows where the data itself is gone."""
        given = _arguments.arguments(call)
        if call.instance is not None:
            return _matrices.inputs_of(call.instance, given.get("X"))
        rows = _matrices.rows_of(given["dtrain"])
        if isinstance(rows, DMatrix):
            reason = "what the DMatrix was made from is gone, or was not seen, and a DMatrix does not keep its dtypes"
            call.skip("signature inputs", "data", reason)
        return rows

    def target(self, call: TrainingCall) -> Any:
        given = _arguments.arguments(call)
        return given.get("y") if call.instance is not None else _matrices.label_of(given["dtrain"])

    def shapes(self, call: TrainingCall) -> Mapping[str, tuple[int, ...]]:
        if call.instance is not None:
            return super().shapes(call)
        return _matrices.shapes_of(_arguments.arguments(call)["dtrain"])

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        wanted = taken_by(model.predict, params)
        if isinstance(model, Booster):
            return model.predict(_matrices.matrix_of(data), **wanted)
        return model.predict(data, **wanted)

    def save(self, model: Any, package: Package) -> Mapping[str, Any]:
        return _packages.save(model, package)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None  # its own formats hold data alone

    def file_config(self, path: Path) -> Mapping[str, Any]:
        return _packages.file_config(path)

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements(model)
