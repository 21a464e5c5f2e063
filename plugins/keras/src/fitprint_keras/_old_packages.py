"""Read what MLflow 1 has written in its keras flavor: HDF5 files, and SavedModels of TensorFlow's Keras."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from fitprint.plugin import UNPICKLING_ERRORS, PackageError, load_pickle, member

_PICKLED = "custom_objects.cloudpickle"


def is_old(config: Mapping[str, Any]) -> bool:
    """Return whether MLflow 1 has written a package.

    Args:
        config: The flavor's entry in MLmodel.
    """
    return "keras_module" in config


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The files are missing, or Keras 3 cannot read them.
    """
    data = member(folder, config.get("data", "data"))
    if (data / "model").is_dir():
        return Exported(data / "model")
    path = data if data.is_file() else next((one for one in data.glob("model.*") if one.suffix != ".json"), data)
    try:
        objects: dict[str, Any] = {}
        if (data / _PICKLED).is_file():
            with member(data, _PICKLED).open("rb") as file:
                objects = load_pickle(file)
        # not compiled: what Keras 2 says of losses and optimizers, Keras 3 does not always find
        return keras.saving.load_model(path, custom_objects=objects, compile=False, safe_mode=False)
    except (*UNPICKLING_ERRORS, KeyError, OSError) as error:
        version = config.get("keras_version", "an earlier version")
        raise PackageError(
            f"{path}, which was written with Keras {version}, cannot be loaded with Keras {keras.__version__}: "
            f"{' '.join(str(error).split())[:500]}; load it where that version is installed, and save it again in the "
            "format .keras"
        ) from error


class Exported:
    """A SavedModel of TensorFlow, which predicts through its endpoint ``serve`` or its signature ``serving_default``.

    Args:
        path: The folder of the SavedModel.

    Raises:
        PackageError: TensorFlow is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._tensorflow = importlib.import_module("tensorflow")
        except ImportError:
            raise PackageError(f"{path} is a SavedModel, and TensorFlow is not installed here") from None
        self.saved_model = self._tensorflow.saved_model.load(str(path))
        """What TensorFlow loads."""

    def serve(self, rows: Any) -> Any:
        """Predict: an array for one output, a dict of arrays by their names for several.

        Args:
            rows: An array, or a dict of arrays by the names of the inputs.
        """
        if hasattr(self.saved_model, "serve"):
            return self.saved_model.serve(rows)
        function = self.saved_model.signatures["serving_default"]
        specs = function.structured_input_signature[1]
        named = rows if isinstance(rows, Mapping) else {next(iter(specs)): rows}
        tensors = {name: self._tensorflow.cast(named[name], spec.dtype) for name, spec in specs.items()}
        outputs = function(**tensors)
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs
