"""The flavor: which part answers which question of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from lightgbm import Booster, LGBMModel

from fitprint import Emit, Flavor, Patch, Role, TrainingCall
from fitprint._core import call_scope
from fitprint.models import Package, serialized
from fitprint.plugin.arguments import taken_by
from fitprint.plugin.containers import Unseen
from fitprint_lightgbm import _arguments, _datasets, _estimators, _listening, _packages


class LightGBMFlavor(Flavor):
    """LightGBM: ``train``, ``cv`` and every estimator's ``fit``."""

    loader_module = "mlflow.lightgbm"
    model_argument = "lgb_model"
    save_options = serialized.OPTIONS

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("lightgbm.engine", "train", inside=True),
            Patch("lightgbm.engine", "cv"),
            Patch("lightgbm.sklearn", "LGBMModel.fit", subclasses=True),
            Patch("lightgbm.basic", "Dataset.__init__", role=Role.WATCHED),
        ]

    def watched(self, call: TrainingCall) -> None:
        _datasets.remember(call)

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.params_of(call)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.fitted_params(call.instance) if call.instance is not None else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        if call.instance is not None:
            return None  # its fit calls train inside, which is listened to instead
        _datasets.remember_before_training(call.argument("train_set"))
        return _listening.listen(call, emit)

    def model(self, call: TrainingCall) -> Any:
        if call.name == "cv":
            call.skip("model", "cross-validation", "it trains a model per fold and keeps none")
            return None
        return call.instance if call.instance is not None else call.result

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        return _estimators.metrics_of_estimator(call) if call.instance is not None else {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.name == "cv":
            series = {name: values for name, values in call.result.items() if isinstance(values, list)}
            return {"cv_results.csv": str(pd.DataFrame(series).to_csv(index=False, lineterminator="\n"))}
        booster = _packages.booster_of(call.instance if call.instance is not None else call.result)
        names = booster.feature_name()
        kinds = ("split", "gain")
        found = {kind: dict(zip(names, booster.feature_importance(kind).tolist(), strict=True)) for kind in kinds}
        return {"feature_importance.json": found}

    def data(self, call: TrainingCall) -> Any:
        given = _arguments.arguments(call)
        return given.get("X") if call.instance is not None else _datasets.data_of(given["train_set"])

    def sample(self, call: TrainingCall) -> Any:
        """What the signature is inferred from: a row where the data itself is gone."""
        given = _arguments.arguments(call)
        if call.instance is not None:
            return given.get("X")
        rows = _datasets.rows_of(given["train_set"])
        if isinstance(rows, Unseen):
            reason = "what the Dataset was made from is gone, or was not seen, and a Dataset does not keep its dtypes"
            call.skip("signature inputs", "data", reason)
        return rows

    def target(self, call: TrainingCall) -> Any:
        given = _arguments.arguments(call)
        return given.get("y") if call.instance is not None else _datasets.label_of(given["train_set"])

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        if isinstance(data, Unseen):
            data = data.rows
        if isinstance(model, LGBMModel) and call_scope.is_recording():
            model = _estimators.stand_in(model)
        return model.predict(data, **taken_by(model.predict, params))

    def save(self, model: Any, package: Package) -> Mapping[str, Any]:
        return _packages.save(model, package)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None if _packages.is_text(config) else serialized.needs_trust(config)

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ("lightgbm", "numpy", "scipy") if isinstance(model, Booster) else ("lightgbm", "numpy", "scikit-learn")
