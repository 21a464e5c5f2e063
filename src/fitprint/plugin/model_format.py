"""What a flavor says about the models of its framework: how they are saved and loaded, and how they predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitprint.models.errors import PackageError
from fitprint.plugin.probabilities import class_probabilities

if TYPE_CHECKING:
    from fitprint.models.package import Package
    from fitprint.models.saved_model import SaveContext, SavedModel
    from fitprint.models.signature import ModelSignature

DeclaredSignature = tuple["ModelSignature | None", Sequence[tuple[str, str]]]
"""The signature that a model declares, and (what, reason) for each part of it that a signature cannot express."""


class ModelFormat(ABC):
    """The part of a `Flavor` that knows no training call: it is about models, packages and checkpoints."""

    name = ""
    """The flavor's name. fitprint sets it from the entry point."""
    framework_version: str | None = None
    """The version of the framework. fitprint sets it when the framework is imported."""
    loader_module = ""
    """The module with ``_load_pyfunc`` that loads the package elsewhere: ``mlflow.<name>``, or the plugin's own."""
    reads: Sequence[str] = ()
    """Other flavors whose entries in MLmodel `load` and `needs_trust` understand; see `package_flavor`."""
    model_argument = "model"
    """The name that MLflow's ``log_model`` of this flavor gives to the model argument; accepted as an alternative."""
    save_options: Sequence[str] = ()
    """The flavor's own options of ``log_model`` and ``save_model``; `save` finds them in ``context.options``."""

    @abstractmethod
    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel | Mapping[str, Any]:
        """Write the model into the package.

        Args:
            model: The model.
            package: The package. ``package.open`` and ``package.path`` give places to write to.
            context: The options of the call, and where to say what the package lacks.

        Returns:
            What was written. A mapping is the short form of ``SavedModel(keys=mapping)``.
        """

    @abstractmethod
    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        """Load the native model of a package.

        Args:
            folder: The folder of the package.
            config: The flavor's entry in MLmodel.

        Returns:
            The model, as the framework itself loads it.
        """

    def package_flavor(self, model: Any) -> str:
        """Return the flavor whose format `save` writes: the name of its entry in MLmodel. By default this flavor.

        If it is another flavor, that one loads the package, here and in MLflow, so `save` has to write the keys that
        the other flavor reads, and ``loader_module`` is that of the other flavor. The run keeps the name of this
        flavor. If only this flavor is installed, it loads the package itself, provided that `reads` names the other.

        Args:
            model: The model.
        """
        return self.name

    def identity(self, model: Any) -> Hashable:
        """Return a value that identifies a model without weak references, such as a digest; None if there is none."""
        return None

    def is_local(self, model: Any) -> bool:
        """Return whether this process can save the model and predict with it alone, by default True.

        If the weights are distributed over several processes, saving and predicting need all of these processes.
        fitprint then does neither, so that no process waits for the others. `metrics` is still called, and must not use
        such a model.
        """
        return True

    def signature(self, model: Any) -> DeclaredSignature | None:
        """Return the signature that the model itself declares; None to infer it from `sample` and its predictions."""
        return None

    def outputs_like(self, model: Any) -> Any:
        """Return an array like what `predict` returns, if that is certain without predicting; by default None.

        Its dtype and its dimensions after the first one count, and not its values. With it, the signature of a model
        that was trained on an array needs no prediction.

        Args:
            model: The native model.
        """
        return None

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Predict as the package's generic ``predict`` does.

        Args:
            model: The native model.
            data: The inputs.
            params: Params of the prediction, or None.

        Returns:
            The predictions.
        """
        return model.predict(data)

    def model_type(self, model: Any) -> str | None:
        """Return whether a model is a ``classifier``, a ``regressor`` or a ``clusterer``, for `fitprint.evaluate`.

        By default None: fitprint then decides by the predictions and the target. `predict` of a classifier may return
        labels, class probabilities or decision values.

        Args:
            model: The native model.
        """
        return None

    def probabilities(self, model: Any, data: Any) -> tuple[Any, Any] | None:
        """Return the class probabilities or decision values of a classifier, for `fitprint.evaluate`.

        Args:
            model: The native model.
            data: The inputs.

        Returns:
            The values, and the classes in their order, or None for the labels in ascending order; None instead of both
            if there are no such values. By default the result of the model's method ``predict_proba`` or, for two
            classes, ``decision_function``, with the attribute ``classes_``.
        """
        return class_probabilities(model, data)

    def score(self, model: Any, data: Any, target: Any, weight: Any, metrics: Mapping[str, float]) -> float | None:
        """Return the model's own score on evaluated data, for `fitprint.evaluate`; by default None.

        Args:
            model: The native model.
            data: The inputs.
            target: The target, or None.
            weight: The weights of the rows, or None.
            metrics: The metrics of the data by name, among which the score may be.
        """
        return None

    def requirements(self, model: Any) -> Iterable[str]:
        """Return the distributions needed to load the model and predict, besides those that its pickle names."""
        return ()

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        """Return why loading a package could run its author's code; None for a format that contains only data.

        Args:
            config: The flavor's entry in MLmodel.
        """
        return "it may hold a pickle"

    def file_config(self, path: Path) -> Mapping[str, Any]:
        """Return the config with which `load` reads a single file that the framework itself wrote. Never a pickle.

        Args:
            path: The file.

        Raises:
            PackageError: The file is not a model of the framework.
        """
        return {"data": path.name}

    def load_checkpoint(self, path: Path, model: Any = None) -> Any:
        """Return the model in a checkpoint, to make a package of it.

        Args:
            path: The file, the folder, or the common beginning of the names of several files, as it was passed to
                `Emit.checkpoint`.
            model: A model of the same architecture, into which weights may be loaded, from the package of the run or
                from one that the user names; None if there is none.

        Raises:
            PackageError: The checkpoint cannot be loaded, or not without a model; the message says what to do.
        """
        raise PackageError(f"the flavor {self.name} cannot load checkpoints")

    def checkpoint_needs_trust(self, path: Path) -> str | None:
        """Return why `load_checkpoint` could run code of the checkpoint's author; None if it contains only data.

        Args:
            path: The checkpoint, as in `load_checkpoint`.
        """
        return "it may hold a pickle"

    def size(self, model: Any) -> int | None:
        """Return about how many bytes `save` will write, if the framework writes the files itself; None if unknown."""
        return None
