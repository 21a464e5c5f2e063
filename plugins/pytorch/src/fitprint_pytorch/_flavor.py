"""PyTorch's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

from fitprint.plugin import (
    Emit,
    Flavor,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    StepRecorder,
    TrainingCall,
    attempt,
)
from fitprint_pytorch import _facts, _modules, _packages, _predicting, _samples, _states, _values, _watching
from fitprint_pytorch._losses import FUNCTIONS
from fitprint_pytorch._observer import Observer, modules_of

_LOOP = "loop"
_SHARDS = "torch.distributed.checkpoint.state_dict_saver"
_SAVES = ("save", "async_save")
_LONGEST = 300
_NO_ROWS = "no call was seen in which one module got only tensors, all of them with the same number of rows"
LOSSES = frozenset(FUNCTIONS)


class PyTorchFlavor(Flavor):
    """PyTorch: loops of ``Optimizer.step``, and packages of modules."""

    api_version = (2, 0)
    loader_module = "mlflow.pytorch"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    model_argument = "pytorch_model"
    save_options = ("serialization_format",)
    watches_inside = False  # a framework that trains by PyTorch's means calls what is watched at every step
    holds_model = True  # most scripts train inside a function, and save nothing or only weights

    def __init__(self) -> None:
        self._observer = Observer()
        self.watchers = {"backward": self._observer.losses.backward}

    def tops(self) -> set[str]:
        return {"torch"}

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("torch.optim.optimizer", "Optimizer.step", subclasses=True, role=Role.STEP),
            Patch("torch.serialization", "save", role=Role.SAVES),
            Patch(_SHARDS, "save", role=Role.SAVES),
            Patch(_SHARDS, "async_save", role=Role.SAVES),
            *_watching.patches(),
        ]

    def disable(self) -> None:
        self._observer.discovery.stop()

    def loop_of(self, call: TrainingCall) -> Any:
        if call.name == "step" and isinstance(call.instance, Optimizer):
            return self._observer.objects_of_step(call.instance)
        if call.name in _SAVES:
            return self._observer.saved_objects(_states.given_to(call))
        return self._observer.latest_objects() if call.name in _watching.OF_THE_LATEST_LOOP else None

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        if _LOOP not in call.cache:
            call.cache[_LOOP] = self._observer.begin_loop()
            call.cache["sample"] = next((s for s in self._observer.samples_of(call.instance) if s is not None), None)
        self.step_recorder(call, emit)(call.instance, call.args, call.kwargs, call.result, step)

    def step_recorder(self, call: TrainingCall, emit: Emit) -> StepRecorder:
        return self._observer.step_recorder(call.instance, call.cache[_LOOP], emit)

    def watches(self, name: str) -> bool:
        if name not in LOSSES:
            return True
        loop = self._observer.thread.state.loop
        return loop is None or "loss" not in loop.facts or not torch.is_grad_enabled() or loop.is_evaluating()

    def watched(self, call: TrainingCall) -> None:
        take_note = _watching.TAKE_NOTE.get(call.name)
        if take_note is not None:
            take_note(call, self._observer)
        elif (loop := call.cache.get(_LOOP)) is not None:
            _watching.TAKE_NOTE_IN_LOOP[call.name](call, loop)

    def read_values(self, values: Sequence[Any]) -> Iterable[float]:
        return list(_values.read(values))

    def saved(self, call: TrainingCall) -> None:
        file, loop = _states.file_of(call), call.cache.get(_LOOP)
        if loop is None:
            return
        loop.settle(call.emit)
        if isinstance(file, (str, os.PathLike)):
            call.checkpoint(os.fspath(file), step=loop.latest_step)

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return {**_facts.of_modules(modules_of(call.loop)), **_facts.of_optimizer(call.instance)}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        loop = call.cache.get(_LOOP)
        return loop.facts if loop is not None else {}

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        loop = call.cache.get(_LOOP)
        if loop is not None:
            loop.settle(call.emit)
        return {}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return _facts.precision(modules_of(call.loop))

    def model(self, call: TrainingCall) -> Any:
        modules = modules_of(call.loop)
        if not modules:
            if call.settings.log_models:
                call.skip("model", "module", "the optimizer trains tensors that belong to no module")
            return None
        return modules[0] if len(modules) == 1 else _modules.together(modules)

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        modules = modules_of(call.loop)
        return "+".join(map(_modules.class_name, modules)) or type(call.instance).__name__

    def world(self, call: TrainingCall) -> tuple[int, int]:
        distributed = torch.distributed
        if distributed.is_available() and distributed.is_initialized():
            return distributed.get_rank(), distributed.get_world_size()
        return 0, 1

    def resumes(self, call: TrainingCall) -> Any:
        is_first_step = call.instance is not None
        return self._observer.loaded_from if is_first_step and self.first_step(call) else None

    def first_step(self, call: TrainingCall) -> int:
        trained = self._observer.trained_by(call.instance)
        return trained.steps_before if trained is not None else 0

    def is_local(self, model: Any) -> bool:
        return _modules.is_local(model)

    def sample(self, call: TrainingCall) -> Any:
        rows, model = _samples.as_arrays(call.cache.get("sample")), self.model(call)
        reason = _NO_ROWS if len(modules_of(call.loop)) < 2 else "the package has several modules"
        if rows is not None and len(modules_of(call.loop)) == 1:
            accepted, predicted = attempt(self.predict, model, rows)
            if accepted:
                call.predicted = (rows, predicted)
                return rows
            told = " ".join(str(predicted).split())[:_LONGEST]
            reason = f"a few rows of its first call cannot be predicted: {type(predicted).__name__}: {told}"
        call.skip("signature", "flavor", reason)
        return None

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _predicting.predict(model, data, params)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _predicting.predicts_itself(_packages.load(folder, config))

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        return _states.load_checkpoint(path, model)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "the model is a pickle"

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ["torch", "cloudpickle"]
