"""PaddlePaddle's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle

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
from fitprint_paddle import _facts, _listening, _packages, _threads, loader


class PaddleFlavor(Flavor):
    """PaddlePaddle: ``paddle.Model.fit``; the model is the ``paddle.Model``."""

    api_version = (2, 0)
    loader_module = "fitprint_paddle.loader"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    model_argument = "pd_model"
    save_options = ("input_spec",)

    def __init__(self) -> None:
        self._origins: weakref.WeakKeyDictionary[Any, str | None] = weakref.WeakKeyDictionary()
        """Of each model the checkpoint that was loaded into it; None if a recorded training was the last."""

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("paddle.hapi.model", "Model.fit", subclasses=True),
            Patch("paddle.hapi.model", "Model.save", subclasses=True, role=Role.WATCHED),
            Patch("paddle.hapi.model", "Model.load", subclasses=True, role=Role.WATCHED),
            Patch("paddle.hapi.model", "Model.predict", subclasses=True, role=Role.PREDICTS),
            Patch("paddle.hapi.model", "Model.evaluate", subclasses=True, role=Role.SCORES),
        ]

    def model(self, call: TrainingCall) -> Any:
        if name := _threads.other_thread():
            call.skip("model", "threads", _threads.REASON.format(name=name))
            return None
        return call.instance

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(_packages.network_of(call.instance)).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _facts.training_params(call.function, call.instance, call.arguments())

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        return _listening.listen(call, emit)

    def callback(self, recording: CallbackRecording) -> _listening.OwnCallback:
        return _listening.OwnCallback(recording)

    def resumes(self, call: TrainingCall) -> Any:
        if "origin" not in call.cache:  # it is asked again after the training
            known = call.instance in self._origins
            path = self._origins.get(call.instance)
            call.cache["origin"] = (path if path is not None else call.instance) if known else None
            return call.cache["origin"]
        return None

    def watched(self, call: TrainingCall) -> None:
        if call.name == "load":
            self._origins[call.instance] = os.fspath(call.argument("path"))
        else:
            _listening.note_checkpoint(call)

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return bool(call.cache.get("rows"))  # at least one batch was begun

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        self._origins[call.instance] = None
        stopping = _facts.early_stopping_of(call.argument("callbacks"))
        if stopping is None or not call.instance.stop_training:
            return {}
        return {"stopped_epoch": stopping.stopped_epoch - 1, "best_value": float(np.ravel(stopping.best_value)[0])}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return {"model_summary.txt": _facts.summary(_packages.network_of(call.instance))}

    def sample(self, call: TrainingCall) -> Any:
        rows = call.cache.get("rows")
        if not rows:
            return None
        names = [spec.name for spec in call.instance._inputs]
        return rows[0] if len(rows) == 1 else dict(zip(names, rows, strict=True))

    def world(self, call: TrainingCall) -> tuple[int, int]:
        environment = paddle.distributed.ParallelEnv()
        return environment.rank, environment.nranks

    def predictions(self, call: TrainingCall) -> Any:
        return tuple(_arrays(call.result))

    def predicted_data(self, call: TrainingCall) -> Any:
        return call.argument("eval_data")

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        return _listening.numbers(call.result or {})

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        network = _packages.network_of(model)
        with _packages.evaluating(network):
            return loader.predict(network, [spec.name for spec in _packages.input_specs(model)], data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "a network of PaddlePaddle can read and write files, and older ones contain a pickle"

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return (distribution_of_module("paddle") or "paddlepaddle", "numpy", "pandas")


def _arrays(result: Any) -> Iterator[Any]:
    """Yield the arrays that `predict` has returned: for each output a list of batches, or one array."""
    for output in result or ():
        yield from output if isinstance(output, (list, tuple)) else (output,)
