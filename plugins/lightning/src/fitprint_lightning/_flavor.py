"""Lightning's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import (
    BestModel,
    CallbackRecording,
    Emit,
    Flavor,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    attempt,
    distribution_of_module,
)
from fitprint_lightning import _callback, _checkpoints, _compilation, _inputs, _listening, _logger, _params, _sharding

_FORMAT = "pytorch"
"""The flavor whose format the packages have; its plugin writes and reads them."""
_METHODS = {"fit": Role.TRAINS, "validate": Role.SCORES, "test": Role.SCORES, "save_checkpoint": Role.WATCHED}
_NO_ROWS = "no inputs were seen, or they are not tensors: set example_input_array of the module"


def lightning_tuner(call: TrainingCall) -> str | None:
    """Leave out what `Tuner` trains to find a learning rate or a batch size: it takes back all of it."""
    if any(getattr(callback, "_early_exit", False) for callback in call.instance.callbacks):
        return "the tuner only tries out a setting, and takes this training back"
    return None


class LightningFlavor(Flavor):
    """Lightning: `Trainer.fit`, `Trainer.validate` and `Trainer.test`, under both names of the framework."""

    api_version = (2, 0)
    loader_module = "mlflow.pytorch"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    model_argument = "pytorch_model"
    reads = (_FORMAT,)
    rules = (lightning_tuner,)

    def patches(self) -> Sequence[Patch]:
        return [
            Patch(f"{name}.trainer.trainer", f"Trainer.{method}", role=role)
            for name in _listening.NAMES
            for method, role in _METHODS.items()
        ]

    def loop_of(self, call: TrainingCall) -> Any:
        return _module(call)

    def model(self, call: TrainingCall) -> Any:
        return _module(call)

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(_module(call)).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _params.before_training(call)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        logged = call.cache.get(_logger.LOGGED) or {}
        known = _params.before_training(call) if logged else {}
        of_user = {name: value for name, value in logged.items() if name not in known}
        return {**of_user, **_params.after_training(call.instance)}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        return _listening.listen(call, emit)

    def callback(self, recording: CallbackRecording) -> Any:
        return _callback.make_callback(recording)

    def logger(self, recording: CallbackRecording) -> Any:
        return _logger.make_logger(recording)

    def watched(self, call: TrainingCall) -> None:
        _checkpoints.note_saved(call)

    def resumes(self, call: TrainingCall) -> Any:
        return _checkpoints.resumed(call)

    def best_model(self, call: TrainingCall) -> BestModel | None:
        return _checkpoints.best_model(call, _module(call))

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        return _checkpoints.load(path, model)

    def checkpoint_needs_trust(self, path: Path) -> str | None:
        return "checkpoints of Lightning are pickles"

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        trainer = call.instance
        of_device = {"device": str(trainer.strategy.root_device.type), "precision": str(trainer.precision)}
        # Lightning 2.1 returns from an interrupted training as from any other
        return {**of_device, "interrupted": "true"} if trainer.interrupted else of_device

    def world(self, call: TrainingCall) -> tuple[int, int]:
        return int(call.instance.global_rank), int(call.instance.world_size)

    def is_local(self, model: Any) -> bool:
        return not _sharding.is_sharded(model)

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        return bool(call.instance.global_step > 0)

    def sample(self, call: TrainingCall) -> Any:
        """Return the first of the known rows that the module accepts: its own example, or those of the first batch."""
        model, reason = _module(call), _NO_ROWS
        own_example = getattr(model, "example_input_array", None)
        for rows in (_inputs.first_rows(own_example), call.cache["listener"].rows):
            if rows is not None:
                arrays = _inputs.as_arrays(rows)
                accepted, predicted = attempt(self.predict, model, arrays)
                if accepted:
                    call.predicted = (arrays, predicted)
                    return arrays
                reason = f"the module cannot predict the inputs of a batch: {type(predicted).__name__}: {predicted}"
        call.skip("signature", "flavor", reason)
        return None

    def scored_predictions(self, call: TrainingCall) -> Iterable[Any]:
        return (_module(call),)

    def predicted_data(self, call: TrainingCall) -> Any:
        loaders = call.argument("dataloaders")
        return loaders if loaders is not None else call.argument("datamodule")

    def rows_of(self, data: Any) -> Any:
        return None  # a loader is not read

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        return {name: float(value) for metrics in call.result or () for name, value in metrics.items()}

    def read_values(self, values: Sequence[Any]) -> Iterable[float]:
        return _listening.read_values(values)

    def package_flavor(self, model: Any) -> str:
        return _FORMAT

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel | Mapping[str, Any]:
        return self.other(_FORMAT).save(_compilation.without_compilation(model), package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return self.other(_FORMAT).load(folder, config)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        plain = _compilation.without_compilation(model)
        if not _sharding.in_several_processes():
            return self.other(_FORMAT).predict(plain, data, params)
        with _sharding.NoCollectives():
            return self.other(_FORMAT).predict(plain, data, params)

    def size(self, model: Any) -> int | None:
        return self.other(_FORMAT).size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        package = _listening.package_of(type(model))
        own = distribution_of_module(package.partition(".")[0]) if package is not None else None
        return [*self.other(_FORMAT).requirements(model), *([own] if own is not None else [])]

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return self.other(_FORMAT).needs_trust(config)


def _module(call: TrainingCall) -> Any:
    """Return the Lightning module of a call; of a compiled one, that which was compiled."""
    model = call.argument("model")
    if model is None:
        model = call.instance.lightning_module
    return getattr(model, "_orig_mod", model)
