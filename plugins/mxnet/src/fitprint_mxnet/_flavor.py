"""MXNet's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mxnet as mx
from mxnet.gluon.contrib.estimator import Estimator

from fitprint.plugin import (
    CallbackRecording,
    Emit,
    Flavor,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    distribution_of_module,
)
from fitprint_mxnet import _facts, _listening, _packages


class MXNetFlavor(Flavor):
    """MXNet: ``fit`` of Gluon's estimator and of modules. The packages are those of MLflow's former gluon flavor."""

    api_version = (2, 0)
    loader_module = "fitprint_mxnet.loader"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    model_argument = "gluon_model"
    reads = ("gluon",)

    def patches(self) -> Sequence[Patch]:
        estimator, module = "mxnet.gluon.contrib.estimator.estimator", "mxnet.module.base_module"
        return [
            Patch(estimator, "Estimator.fit", subclasses=True),
            Patch(module, "BaseModule.fit", subclasses=True),
            Patch("mxnet.gluon.block", "Block.save_parameters", subclasses=True, role=Role.WATCHED),
            Patch("mxnet.model", "save_checkpoint", role=Role.WATCHED),
            Patch(estimator, "Estimator.evaluate", subclasses=True, role=Role.SCORES),
            Patch(module, "BaseModule.score", subclasses=True, role=Role.SCORES),
        ]

    def package_flavor(self, model: Any) -> str:
        return "gluon"

    def model(self, call: TrainingCall) -> Any:
        return call.instance.net if isinstance(call.instance, Estimator) else call.instance

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(self.model(call)).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        params = _facts.estimator_params if isinstance(call.instance, Estimator) else _facts.module_params
        return params(call.function, call.instance, call.arguments())

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return {"parameters": _facts.parameter_count(self.model(call))}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        if isinstance(call.instance, Estimator):
            _listening.listen_to_estimator(call, emit)
        else:
            _listening.listen_to_module(call, emit)
        return None

    def callback(self, recording: CallbackRecording) -> _listening.OwnHandler:
        return _listening.OwnHandler(recording)

    def watched(self, call: TrainingCall) -> None:
        _listening.note_checkpoint(call)

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return bool(call.cache.get("rows"))  # at least one batch was begun

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if not isinstance(call.instance, Estimator):
            return {}
        stopping = _facts.early_stopping_of(call.argument("event_handlers"))
        if stopping is None or not stopping.stop_training:
            return {}
        return {"stopped_epoch": float(stopping.stopped_epoch), "best_value": float(stopping.best)}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return {"model_summary.txt": _facts.summary(self.model(call))}

    def sample(self, call: TrainingCall) -> Any:
        rows = call.cache.get("rows")
        if not rows:
            return None
        if len(rows) == 1:
            return rows[0]
        module = isinstance(call.instance, mx.mod.BaseModule)
        names = call.instance.data_names if module else [f"data{position}" for position in range(len(rows))]
        return dict(zip(names, rows, strict=True))

    def scored_predictions(self, call: TrainingCall) -> Iterable[Any]:
        return (call.instance.val_net,) if isinstance(call.instance, Estimator) else (call.instance,)

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        if isinstance(call.instance, Estimator):
            measured = _listening.values_of(call.instance.val_metrics)
            return {name.removeprefix("validation_"): value for name, value in measured}
        return {str(name): float(value) for name, value in call.result or ()}

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _packages.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None  # the graph and the parameters contain only data

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return (distribution_of_module("mxnet") or "mxnet", "numpy", "pandas")
