"""The flavor of transformers: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import Pipeline, PreTrainedModel

from fitprint.plugin import (
    BestModel,
    CallbackRecording,
    DeclaredSignature,
    Emit,
    Flavor,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    to_json,
)
from fitprint_transformers import _callback, _checkpoints, _facts, _listening, _packages, _tasks
from fitprint_transformers._parts import Preparing, evaluating, model_of

_OF_SPEED = ("_runtime", "_per_second", "_time")
"""How the names of what a trainer measures of itself end. They say nothing of the model."""


class TransformersFlavor(Flavor):
    """transformers: ``Trainer.train``, and what the trainer evaluates and predicts afterwards."""

    api_version = (2, 0)
    loader_module = "mlflow.transformers"
    defaults = {"max_model_size": "5GB"}  # noqa: RUF012  read only
    model_argument = "transformers_model"

    def __init__(self) -> None:
        """Know of no trainer yet."""
        self._preparing = Preparing()

    def patches(self) -> Sequence[Patch]:
        trainer = "transformers.trainer"
        return [
            Patch(trainer, "Trainer.train", subclasses=True),
            Patch(trainer, "Trainer.evaluate", subclasses=True, role=Role.SCORES),
            Patch(trainer, "Trainer.predict", subclasses=True, role=Role.SCORES),
        ]

    def world(self, call: TrainingCall) -> tuple[int, int]:
        return call.instance.args.process_index, call.instance.args.world_size

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(model if model is not None else model_of(call.instance)).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _facts.params(call.instance)

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        return _listening.listen(call, emit)

    def callback(self, recording: CallbackRecording) -> _callback.Callback:
        return _callback.Callback(recording)

    def model(self, call: TrainingCall) -> Any:
        model = model_of(call.instance)
        if not isinstance(model, PreTrainedModel):
            reason = f"a {type(model).__name__} has no save_pretrained: only models of transformers leave a package"
            call.skip("model", "flavor", reason)
            return None
        self._preparing.remember(call.instance)
        if call.settings.log_input_examples:
            call.skip("input example", "flavor", "a trainer is given tokens, and the texts are not known")
        return model

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        return _facts.metrics(call.instance)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return {"history.json": to_json(call.instance.state.log_history, indent=1)}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return _facts.tags(call.instance)

    def data(self, call: TrainingCall) -> Any:
        return None  # a data set may be read once, or compute its rows: only the trainer reads it

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return bool(call.instance.state.global_step > 0)

    def resumes(self, call: TrainingCall) -> Any:
        return _checkpoints.resumed(call)

    def best_model(self, call: TrainingCall) -> BestModel | None:
        best = _checkpoints.best_model(call)
        if best is not None:
            self._preparing.remember(call.instance, best.model)
        return best

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        return _checkpoints.load(path)

    def checkpoint_needs_trust(self, path: Path) -> str | None:
        return _checkpoints.needs_trust(path)

    def is_local(self, model: Any) -> bool:
        return not any(_is_sharded(parameter) for parameter in self._preparing.parts_of(model).model.parameters())

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        metrics = getattr(call.result, "metrics", call.result) or {}
        of_model = {name: value for name, value in metrics.items() if name != "epoch" and not name.endswith(_OF_SPEED)}
        return {name: float(value) for name, value in of_model.items() if isinstance(value, numbers.Real)}

    def predicted_data(self, call: TrainingCall) -> Any:
        if call.name == "predict":
            return call.argument("test_dataset")
        dataset = call.argument("eval_dataset")
        return dataset if dataset is not None else call.instance.eval_dataset

    def rows_of(self, data: Any) -> Any:
        return None  # see `data`

    def signature(self, model: Any) -> DeclaredSignature | None:
        return _tasks.signature_of(self._preparing.parts_of(model).task), ()

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        if not isinstance(model, Pipeline):
            model = _packages.pipeline_of(self._preparing.parts_of(model))
        with evaluating(model.model):
            return _tasks.predict(model, data, params)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(self._preparing.parts_of(model), package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None  # safetensors and JSON contain only data, and code that a config names is never run

    def size(self, model: Any) -> int | None:
        return _packages.size(self._preparing.parts_of(model))

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements(self._preparing.parts_of(model))


def _is_sharded(parameter: Any) -> bool:
    """Return whether a parameter is distributed over several processes: by FSDP, as a DTensor, or by DeepSpeed."""
    return type(parameter).__name__ in ("DTensor", "FlatParameter") or hasattr(parameter, "ds_id")
