"""MXNet's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

import sys
import weakref
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
    is_recording,
)
from fitprint_mxnet import _facts, _listening, _loops, _packages


class MXNetFlavor(Flavor):
    """MXNet: ``fit`` of Gluon's estimator and of modules, and loops of ``Trainer.step``.

    The packages are those of MLflow's former gluon flavor.
    """

    api_version = (2, 0)
    loader_module = "fitprint_mxnet.loader"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    model_argument = "gluon_model"
    reads = ("gluon",)
    holds_model = True  # most scripts train inside a function, and save nothing or only parameters

    def __init__(self) -> None:
        self._loops = _loops.Loops()
        self._origins: weakref.WeakKeyDictionary[Any, str | None] = weakref.WeakKeyDictionary()
        """Of each network the file that was loaded into it; None if a recorded training was the last."""

    def patches(self) -> Sequence[Patch]:
        estimator, module = "mxnet.gluon.contrib.estimator.estimator", "mxnet.module.base_module"
        return [
            Patch(estimator, "Estimator.fit", subclasses=True),
            Patch(module, "BaseModule.fit", subclasses=True),
            Patch("mxnet.gluon.trainer", "Trainer.step", role=Role.STEP),
            Patch("mxnet.gluon.trainer", "Trainer.update", role=Role.STEP),
            Patch("mxnet.ndarray.ndarray", "NDArray.backward", role=Role.WATCHED),
            Patch("mxnet.autograd", "backward", role=Role.WATCHED),
            Patch("mxnet.gluon.block", "Block.save_parameters", subclasses=True, role=Role.WATCHED),
            Patch("mxnet.gluon.block", "Block.load_parameters", subclasses=True, role=Role.WATCHED),
            Patch("mxnet.model", "save_checkpoint", role=Role.WATCHED),
            Patch(estimator, "Estimator.evaluate", subclasses=True, role=Role.SCORES),
            Patch(module, "BaseModule.score", subclasses=True, role=Role.SCORES),
        ]

    def package_flavor(self, model: Any) -> str:
        return "gluon"

    def loop_of(self, call: TrainingCall) -> Any:
        return self._loops.of_trainer(call.instance, sys._getframe(1)) if call.name in _loops.STEPS else call.instance

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        self._loops.stepped(call, emit, step)

    def first_step(self, call: TrainingCall) -> int:
        return int(call.instance.optimizer.num_update) if call.name in _loops.STEPS else 0

    def resumes(self, call: TrainingCall) -> Any:
        if "origin" in call.cache:  # it is asked again after the training
            return None
        model = call.loop if call.name in _loops.STEPS else self.model(call)
        path = self._origins.get(model)
        call.cache["origin"] = path if path is not None else model if model in self._origins else None
        return call.cache["origin"]

    def read_values(self, values: Sequence[Any]) -> Iterable[float]:
        return map(_loops.read, values)

    def model(self, call: TrainingCall) -> Any:
        if call.name not in _loops.STEPS:
            return call.instance.net if isinstance(call.instance, Estimator) else call.instance
        if isinstance(call.loop, mx.gluon.Block):
            return call.loop
        if call.settings.log_models:
            call.skip("model", "mxnet", "no network with the trained parameters was found in the code of the loop")
        return None

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(model if model is not None else call.instance).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        if call.name in _loops.STEPS:
            return _facts.loop_params(call.instance, call.argument("batch_size"), call.loop)
        params = _facts.estimator_params if isinstance(call.instance, Estimator) else _facts.module_params
        return params(call.function, call.instance, call.arguments())

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        model = call.loop if call.name in _loops.STEPS else self.model(call)
        return {"parameters": _facts.parameter_count(model)} if isinstance(model, _facts.NETWORKS) else {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        if isinstance(call.instance, Estimator):
            _listening.listen_to_estimator(call, emit)
        else:
            _listening.listen_to_module(call, emit)
        return None

    def callback(self, recording: CallbackRecording) -> _listening.OwnHandler:
        return _listening.OwnHandler(recording)

    def watches(self, name: str) -> bool:
        return name != "backward" or not is_recording()  # what a recorded `fit` differentiates is its own

    def watched(self, call: TrainingCall) -> None:
        if call.name == "backward":
            self._loops.note_losses(call)
        elif call.name == "load_parameters":
            self._origins[call.instance] = str(call.argument("filename"))
        else:
            _listening.note_checkpoint(call)

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return call.name in _loops.STEPS or bool(call.cache.get("rows"))  # at least one batch was begun

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        _loops.remove_hook(call.cache)
        model = call.loop if call.name in _loops.STEPS else self.model(call)
        if model is not None:
            self._origins[model] = None
        if not isinstance(call.instance, Estimator):
            return {}
        stopping = _facts.early_stopping_of(call.argument("event_handlers"))
        if stopping is None or not stopping.stop_training:
            return {}
        return {"stopped_epoch": float(stopping.stopped_epoch), "best_value": float(stopping.best)}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        model = call.loop if call.name in _loops.STEPS else self.model(call)
        return {"model_summary.txt": _facts.summary(model)} if isinstance(model, _facts.NETWORKS) else {}

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
