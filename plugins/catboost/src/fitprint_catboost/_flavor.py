"""The flavor: which part answers which question of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from catboost import CatBoost, CatBoostClassifier, CatBoostRegressor

from fitprint import Emit, Flavor, Patch, Role, TrainingCall
from fitprint.models import Package
from fitprint.plugin.arguments import taken_by
from fitprint.plugin.containers import Unseen
from fitprint.plugin.training_metrics import TrainingRows, training_metrics
from fitprint_catboost import _arguments, _listening, _packages, _pools


class CatBoostFlavor(Flavor):
    """CatBoost: every class's ``fit``, ``train`` and ``cv``."""

    loader_module = "mlflow.catboost"
    model_argument = "cb_model"
    save_options = ("format",)

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("catboost.core", "CatBoost.fit", subclasses=True),
            Patch("catboost.core", "CatBoost._fit", inside=True),  # what all of them call, with all arguments
            Patch("catboost.core", "train"),
            Patch("catboost.core", "cv"),
            Patch("catboost.core", "Pool.__init__", role=Role.WATCHED),
        ]

    def watched(self, call: TrainingCall) -> None:
        _pools.remember(call)

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _arguments.params_of(call)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        model = _trained(call)
        return _arguments.fitted_params(model, _arguments.params_of(call)) if model is not None else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        return _listening.listen(call, emit) if call.name == "_fit" else None

    def model(self, call: TrainingCall) -> Any:
        model = _trained(call)
        if model is None:
            call.skip("model", "cross-validation", "it trains a model per fold and keeps none")
        elif not _packages.is_kept_natively(model) and (lost := _packages.what_is_lost(model)):
            call.skip("model", "pickle", lost)
            return None
        return model

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        model = _trained(call)
        if model is None:
            _listening.emit_validation(call, call.result[0] if isinstance(call.result, tuple) else call.result)
            return {}
        if not _listening.is_live(model):
            _listening.emit_all(call, model)
        return {**_listening.best_of(model), **_training_metrics(call)}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        model = _trained(call)
        if model is None:
            table = call.result[0] if isinstance(call.result, tuple) else call.result
            return {"cv_results.csv": str(pd.DataFrame(table).to_csv(index=False, lineterminator="\n"))}
        importances = np.asarray(model.feature_importances_)
        if importances.ndim != 1:
            call.skip("feature_importance.json", "catboost", "it computes none by itself for this loss or data")
            return {}
        return {"feature_importance.json": dict(zip(model.feature_names_, importances.tolist(), strict=True))}

    def data(self, call: TrainingCall) -> Any:
        return _pools.table_of(_arguments.data_of(call)[0])

    def sample(self, call: TrainingCall) -> Any:
        """What the signature is inferred from: a row where the data itself is gone."""
        rows = _pools.rows_of(_arguments.data_of(call)[0])
        if isinstance(rows, Unseen):
            reason = "what the Pool was made from is gone, or was not seen, and a Pool does not keep its dtypes"
            call.skip("signature inputs", "data", reason)
        return rows

    def target(self, call: TrainingCall) -> Any:
        return _pools.target_of(*_arguments.data_of(call))

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return model.predict(data.rows if isinstance(data, Unseen) else data, **taken_by(model.predict, params))

    def save(self, model: Any, package: Package) -> Mapping[str, Any]:
        return _packages.save(model, package)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None  # its own formats hold data alone

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ("catboost", "numpy", "pandas")


def _trained(call: TrainingCall) -> CatBoost | None:
    """The model of a call that has ended; None of cross-validation."""
    if call.name == "cv":
        return None
    return call.instance if call.instance is not None else call.result


def _training_metrics(call: TrainingCall) -> dict[str, float]:
    """Metrics of a classifier or regressor on its training rows, unless an evaluation set gives others."""
    model, given = call.instance, _arguments.given(call)
    if given.get("eval_set") is not None:
        return {}
    data, target = _arguments.data_of(call)
    rows = TrainingRows(_pools.table_of(data), _pools.target_of(data, target), given.get("sample_weight"))
    if isinstance(model, CatBoostRegressor):
        return training_metrics(call, rows, model.predict, None)
    if isinstance(model, CatBoostClassifier):
        rows.target = _pools.as_classes(rows.target, model.classes_)
        return training_metrics(call, rows, model.predict, model.predict_proba, model.classes_)
    return {}
