"""PyTorch's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import Flavor, Package, Patch, Role, SaveContext, SavedModel
from fitprint_pytorch import _modules, _packages, _predicting


class PyTorchFlavor(Flavor):
    """PyTorch: loops of ``Optimizer.step``, and packages of modules."""

    api_version = (2, 0)
    loader_module = "mlflow.pytorch"
    model_argument = "pytorch_model"
    save_options = ("serialization_format",)

    def tops(self) -> set[str]:
        return {"torch"}

    def patches(self) -> Sequence[Patch]:
        return [Patch("torch.optim.optimizer", "Optimizer.step", subclasses=True, role=Role.STEP)]

    def is_local(self, model: Any) -> bool:
        return _modules.is_local(model)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _predicting.predict(model, data, params)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _predicting.predicts_itself(_packages.load(folder, config))

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "the model is a pickle"

    def size(self, model: Any) -> int | None:
        return _packages.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ["torch", "cloudpickle"]
