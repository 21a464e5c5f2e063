"""Keras's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

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
    take_rows,
)
from fitprint_keras import _checkpoints, _inputs, _listening, _packages, _params, _predicting, _signatures

_MODULE = "keras.src.models.model"
_SAMPLE_ROWS = 5


class KerasFlavor(Flavor):
    """Keras 3 on every backend: ``fit``, loops of ``train_on_batch``, and ``evaluate`` afterwards."""

    api_version = (2, 0)
    loader_module = "fitprint_keras.loader"
    defaults = {"max_model_size": "6GB"}  # noqa: RUF012  read only
    holds_model = True

    def patches(self) -> Sequence[Patch]:
        return [
            Patch(_MODULE, "Model.fit", subclasses=True),
            Patch(_MODULE, "Model.train_on_batch", subclasses=True, role=Role.STEP),
            Patch(_MODULE, "Model.save", subclasses=True, role=Role.SAVES),
            Patch(_MODULE, "Model.predict", subclasses=True, role=Role.PREDICTS),
            Patch(_MODULE, "Model.evaluate", subclasses=True, role=Role.SCORES),
        ]

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _params.of_training(call)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _params.of_model(self._model(call))

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        _listening.listen(call, emit)
        return None

    def callback(self, recording: CallbackRecording) -> _listening.Callback:
        return _listening.Callback(recording)

    def resumes(self, call: TrainingCall) -> Any:
        return _checkpoints.resumed_from(call)

    def first_step(self, call: TrainingCall) -> int:
        return _checkpoints.iterations(call.instance)

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        if "rows" not in call.cache:
            rows = _inputs.arrays_of(call.instance, call.argument("x"))
            few = take_rows(rows, slice(0, _SAMPLE_ROWS)) if rows is not None else None
            call.cache["rows"] = keras.tree.map_structure(lambda part: part.copy(), few)
        for name, value in _listening.named_results(call.instance, call.result).items():
            emit(name, value, step)

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        return _listening.of_early_stopping(call) if call.name == "fit" else {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        lines: list[str] = []
        self._model(call).summary(print_fn=lambda line, *args, **kwargs: lines.append(str(line)))
        return {"model_summary.txt": "\n".join(lines)}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return {"backend": keras.backend.backend(), "precision": keras.config.dtype_policy().name}

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return _checkpoints.iterations(self._model(call)) > 0

    def best_model(self, call: TrainingCall) -> BestModel | None:
        return _checkpoints.best_model(call) if call.name == "fit" else None

    def saved(self, call: TrainingCall) -> None:
        call.checkpoint(call.argument("filepath"))

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        return _checkpoints.load(path, model)

    def checkpoint_needs_trust(self, path: Path) -> str | None:
        return _checkpoints.needs_trust(path)

    def data(self, call: TrainingCall) -> Any:
        return _inputs.arrays_of(call.instance, call.argument("x")) if call.name == "fit" else None

    def sample(self, call: TrainingCall) -> Any:
        data = self.data(call) if call.name == "fit" else call.cache.get("rows")
        if data is None and call.name == "fit":
            data = _inputs.sample(call)
        _signatures.remember_dtypes(self._model(call), data)
        return data

    def target(self, call: TrainingCall) -> Any:
        if call.name != "fit":
            return None
        return _inputs.arrays_of(call.instance, call.argument("y"), "output_names")

    def predictions(self, call: TrainingCall) -> Any:
        return list(call.result.values()) if isinstance(call.result, dict) else call.result

    def scored_predictions(self, call: TrainingCall) -> Iterable[Any]:
        return (call.instance,)

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        return _listening.named_results(call.instance, call.result)

    def predicted_data(self, call: TrainingCall) -> Any:
        return call.argument("x")

    def rows_of(self, data: Any) -> Any:
        return _inputs.arrays_of(None, data)

    def is_local(self, model: Any) -> bool:
        return keras.distribution.distribution() is None

    def signature(self, model: Any) -> DeclaredSignature | None:
        return _signatures.declared(model)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _predicting.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return _packages.needs_trust(config)

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements(model)

    @staticmethod
    def _model(call: TrainingCall) -> Any:
        return call.loop if call.loop is not None else call.instance
