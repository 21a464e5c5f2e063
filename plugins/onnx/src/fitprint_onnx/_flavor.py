"""ONNX's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import DeclaredSignature, Flavor, Package, Patch, Role, SaveContext, SavedModel, TrainingCall
from fitprint_onnx import _calls, _graph, _packages, _running


class OnnxFlavor(Flavor):
    """ONNX: nothing is trained. A model that is converted or saved becomes a package in the run of its source."""

    api_version = (2, 0)
    loader_module = "mlflow.onnx"
    model_argument = "onnx_model"
    save_options = _packages.SAVE_OPTIONS

    def patches(self) -> Sequence[Patch]:
        return [Patch(module, name, role=Role.CONVERTS) for module, name in _calls.PLACES]

    def model(self, call: TrainingCall) -> Any:
        return _calls.model_of(call)

    def source(self, call: TrainingCall) -> Any:
        return _calls.source_of(call)

    def identity(self, model: Any) -> Hashable:
        return _graph.digest(model)

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        source = _calls.source_of(call)
        return type(source).__name__ if source is not None else f"onnx.{call.name}"

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return _graph.facts(_calls.model_of(call))

    def signature(self, model: Any) -> DeclaredSignature:
        return _graph.signature(model), _graph.not_in_signature(model)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _running.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None  # the format contains only a graph of operators, and tensors

    def size(self, model: Any) -> int | None:
        return int(model.ByteSize())

    def requirements(self, model: Any) -> Iterable[str]:
        return _packages.requirements()
