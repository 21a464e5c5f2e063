"""TensorFlow's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fitprint.plugin import (
    DeclaredSignature,
    Emit,
    Flavor,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
)
from fitprint_tensorflow import _loops, _owners, _packages

_SAMPLE_ROWS = 2


class TensorFlowFlavor(Flavor):
    """Loops with a tape and an optimizer, and packages of modules. What Keras's `fit` trains is Keras's flavor's."""

    api_version = (2, 0)
    loader_module = "mlflow.tensorflow"
    defaults = {"max_model_size": "2GB"}  # noqa: RUF012  read only
    holds_model = True

    def __init__(self) -> None:
        self._loops = _loops.Loops()
        self._read_from: str | None = None
        """The checkpoint that was read last, since a loop began."""

    def tops(self) -> set[str]:
        return {"tensorflow"}

    def patches(self) -> Sequence[Patch]:
        functions = "tensorflow.python.eager.polymorphic_function.polymorphic_function"
        checkpoints = "tensorflow.python.checkpoint.checkpoint"
        return [
            Patch("keras.src.optimizers.base_optimizer", "BaseOptimizer.apply", role=Role.STEP),
            Patch(functions, "Function.__call__", role=Role.STEP),
            Patch("tensorflow.python.eager.backprop", "GradientTape.gradient", role=Role.WATCHED),
            Patch("tensorboard.plugins.scalar.summary_v2", "scalar", role=Role.WATCHED),
            Patch("tensorflow.python.saved_model.save", "save", role=Role.SAVES),
            Patch(checkpoints, "Checkpoint.read", role=Role.WATCHED),
            Patch(checkpoints, "Checkpoint.save", role=Role.SAVES),
            Patch(checkpoints, "Checkpoint.write", role=Role.SAVES),
        ]

    def loop_of(self, call: TrainingCall) -> Any:
        if call.name == "__call__":
            return self._loops.of_function(call.instance)
        if call.name == "apply":
            return self._loops.of_optimizer(call)
        if call.name in ("gradient", "scalar", "read"):
            return self._loops.latest()
        saved = call.argument("obj")
        return saved if saved is not None else tuple(vars(call.instance).values())  # what a checkpoint consists of

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        self._loops.emit_loss(call, emit, step)

    def watched(self, call: TrainingCall) -> None:
        if call.name == "gradient":
            self._loops.note_gradient(call)
        elif call.name == "read":
            self._read_from = os.fspath(call.argument("save_path"))
        else:
            _loops.emit_scalar(call)

    def first_step(self, call: TrainingCall) -> int:
        return self._loops.steps_before(call)

    def resumes(self, call: TrainingCall) -> Any:
        if "origin" in call.cache:  # it is asked once more
            return None
        call.cache["origin"], self._read_from = self._read_from, None
        if self._loops.steps_before(call) == 0:
            return None
        return call.cache["origin"] or call.loop

    def read_values(self, values: Sequence[Any]) -> Iterable[float]:
        return [float(value) for value in values]

    def saved(self, call: TrainingCall) -> None:
        if call.name != "save" or call.instance is not None:
            call.checkpoint(call.result if isinstance(call.result, str) else call.argument("file_prefix"))

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        optimizer = self._loops.optimizer_of(call)
        with tf.init_scope():  # also while TensorFlow makes a graph
            config = optimizer.get_config()
        params: dict[str, Any] = {"optimizer": type(optimizer).__name__}
        for name, value in config.items():
            if isinstance(value, Mapping) and "class_name" in value:  # a schedule
                params[f"optimizer_{name}"] = value["class_name"]
                params |= {f"optimizer_{name}.{key}": part for key, part in (value.get("config") or {}).items()}
            elif name != "name":
                params[f"optimizer_{name}"] = float(str(np.float32(value))) if isinstance(value, float) else value
        return params

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        if not _owners.is_model(call.loop):
            return {}
        counts = [int(np.prod(one.shape)) for one in call.loop.trainable_variables]
        return {"trainable_params": sum(counts)}

    def model(self, call: TrainingCall) -> Any:
        if _owners.is_model(call.loop):
            return call.loop
        if call.loop is not None:
            reason = "no tf.Module or Keras model with the trained variables was found in the code of the loop"
            call.skip("model", "tensorflow", reason)
        return None

    def sample(self, call: TrainingCall) -> Any:
        """Return zeros like the inputs of a Keras model, one or several by name; the graph of a module declares its."""
        inputs = getattr(call.loop, "inputs", None) if isinstance(call.loop, keras.Model) else None
        if not inputs or any(None in tuple(one.shape)[1:] for one in inputs):
            return None
        zeros = [np.zeros((_SAMPLE_ROWS, *one.shape[1:]), dtype=one.dtype) for one in inputs]
        return zeros[0] if len(zeros) == 1 else dict(zip([one.name for one in inputs], zeros, strict=True))

    def signature(self, model: Any) -> DeclaredSignature | None:
        signature = _packages.signature_of(model)
        return (signature, []) if signature is not None else None

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _packages.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        if "saved_model_dir" in config:
            return "a SavedModel is a program of TensorFlow, which may read and write files"
        return "its custom objects may be a pickle"

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements(model)
