"""The contract between fitprint and a flavor: what a plugin implements for its framework. Contract version 1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import Field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitprint._settings import parsers as read
from fitprint._settings.table import setting
from fitprint.plugin.call import Rule, SecondsUnknown, TrainingCall
from fitprint.plugin.emit import Child, Declared, Emit
from fitprint.plugin.patch import Patch, Role

if TYPE_CHECKING:
    from fitprint.models.package import Package

__all__ = [
    "CONTRACT",
    "Child",
    "Declared",
    "Emit",
    "Flavor",
    "Patch",
    "Role",
    "Rule",
    "SecondsUnknown",
    "TrainingCall",
    "read",
    "setting",
]

CONTRACT = 1


class Flavor(ABC):
    """A framework's plugin. Every method runs under fitprint's guard: an error costs its own step alone.

    The order for one call: `params`, `listen`; the user's call; `model`, `metrics`, `artifacts`, `children`, then the
    package: `data`, `predict`, `size`, `save`, `requirements`. For a loop: `params` before its first step, `stepped`
    after each; what comes after the user's call, when the loop ends: then its arguments are gone.
    """

    contract = CONTRACT
    name = ""
    """Set from the entry point."""
    framework_version: str | None = None
    """Set when the framework is imported."""
    loader_module = ""
    """The module with ``_load_pyfunc`` that other readers load through: ``mlflow.<name>`` or the plugin's own."""
    defaults: Mapping[str, Any] = {}
    """The flavor's own defaults of settings."""
    settings: Mapping[str, Field[Any]] = {}
    """Settings of the flavor's own, each name with its `setting(...)`; a call has their values in `settings.own`."""
    rules: Sequence[Rule] = ()
    """The flavor's own rules."""
    model_argument = "model"
    """What MLflow calls the model in this flavor's `log_model`: understood too."""
    save_options: Sequence[str] = ()
    """The names of the flavor's own options of `log_model` and `save_model`; `save` finds them in `package.options`."""

    def tops(self) -> set[str]:
        """The top-level modules of the framework; what brings them is among `requirements`."""
        return {patch.module.partition(".")[0] for patch in self.patches()}

    @abstractmethod
    def patches(self) -> Sequence[Patch]:
        """The entry points to record."""

    @abstractmethod
    def save(self, model: Any, package: Package) -> Mapping[str, Any]:
        """Writes the model into the package. Returns the keys of the flavor's map in MLmodel.

        A key ``data`` is given to the generic flavor too; ``package.pyfunc`` takes other keys for it, and None when
        the model cannot predict.
        """

    @abstractmethod
    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        """The native model of a package; ``config`` is the flavor's map of MLmodel."""

    def model(self, call: TrainingCall) -> Any:
        """What was trained: by default a loop's object, else the instance, of a function its result."""
        found = call.loop if call.loop is not None else call.instance
        return found if found is not None else call.result

    def run_name(self, call: TrainingCall) -> str:
        """The name of the run: by default the model's class, or the flavor's function."""
        return type(call.instance).__name__ if call.instance is not None else f"{self.name}.{call.name}"

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        """The params of the training, before it starts."""
        return {}

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        """Params that are known only when the training has ended, such as those a search found best."""
        return {}

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        """Subscribes to the framework's own callbacks: puts new ``call.args`` or ``call.kwargs`` in place.

        May return a function that is called when the training has ended, well or not, to emit what is left.
        """
        return None

    def watched(self, call: TrainingCall) -> None:
        """A `Role.WATCHED` entry point has returned."""
        return

    def loop_of(self, call: TrainingCall) -> Any:
        """The object that a step is one of, a saving saves or a training trains: by default the instance.

        It is held weakly. None: the call is no part of any loop. Asked at every step, so it costs next to nothing.
        """
        return call.instance

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        """A step of a loop has returned, the first as ``step`` 0: emits its metrics. The user's loop waits for it."""
        return

    def source(self, call: TrainingCall) -> Any:
        """What a conversion has converted: its run gets the package. None where that cannot be told."""
        return None

    def identity(self, model: Any) -> Hashable:
        """What tells a model that takes no weak reference from others, such as a digest of it; None: nothing does."""
        return None

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        """Metrics of the finished training; series go through ``call.emit``."""
        return {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        """Facts of the finished training as data: file name to text, or to a value that is written as JSON."""
        return {}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        """Tags of the run, beyond those every run has."""
        return {}

    def children(self, call: TrainingCall) -> Iterable[Child]:
        """The runs below a search, best first."""
        return ()

    def data(self, call: TrainingCall) -> Any:
        """The inputs that the signature is inferred from, or None."""
        return None

    def sample(self, call: TrainingCall) -> Any:
        """A few rows like the inputs, where `data` is None because they are gone; by default `data` itself."""
        return self.data(call)

    def target(self, call: TrainingCall) -> Any:
        """What is to be predicted, or None."""
        return None

    def shapes(self, call: TrainingCall) -> Mapping[str, tuple[int, ...]]:
        """The shapes of `data` and `target`, for rules; nothing is copied or read for them."""
        from fitprint._core.rows import shape_of

        found = {"inputs": shape_of(self.data(call)), "target": shape_of(self.target(call))}
        return {name: shape for name, shape in found.items() if shape is not None}

    def signature(self, model: Any) -> Declared | None:
        """The signature that the model itself declares; None: it is inferred from `sample` and what is predicted."""
        return None

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the package's generic `predict` gives."""
        return model.predict(data)

    def requirements(self, model: Any) -> Iterable[str]:
        """The distributions that loading and predicting needs, beyond those whose modules the pickle names."""
        return ()

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        """Why loading such a package could run code of its author's; None for a format that holds data alone."""
        return "it may hold a pickle"

    def file_config(self, path: Path) -> Mapping[str, Any]:
        """For a file that the framework itself wrote, in no package: the config with which `load` reads it.

        Pickles never come here. Raises PackageError for a file that is none of the framework's.
        """
        return {"data": path.name}

    def size(self, model: Any) -> int | None:
        """The bytes that `save` would write, estimated beforehand, for a format the framework writes itself."""
        return None
