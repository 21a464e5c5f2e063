"""Write and read a model in Keras's own format, in the layout of MLflow's keras flavor."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from fitprint.plugin import (
    UNPICKLING_ERRORS,
    Package,
    PackageError,
    SaveContext,
    SavedModel,
    distribution_of_module,
    load_pickle,
    member,
)
from fitprint_keras import _custom_objects, _old_packages, loader

MODULE = "data/keras_module.txt"
_BYTES_AROUND, _BYTES_OF_A_LAYER = 10_000, 4_000
"""Of the configuration and of the file format; measured."""
_loaded: weakref.WeakSet[Any] = weakref.WeakSet()
"""The models that were loaded here: they are nobody's to train, so their own `predict` may prepare itself in them."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a model, and say where its custom objects are found.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.
    """
    with TemporaryDirectory(dir=package.folder) as unzipped:  # a zip archive Keras would write in memory first
        keras.saving.save_model(model, unzipped, zipped=False)
        custom = _custom_objects.in_config(Path(unzipped, "config.json"), model)
        package.zip(Path(unzipped), loader.MODEL)
    package.write(MODULE, "keras")
    keys: dict[str, Any] = {
        "data": "data",
        "keras_version": keras.__version__,
        "keras_backend": keras.backend.backend(),
        "save_exported_model": False,
    }
    modules = {module for module, _ in custom.importable.values()}
    pickled = custom.pickled(modules) if custom.by_value else None
    if custom.others:
        context.skip("custom objects", "keras", _why_not_found(custom.others))
    loading = custom.loading()
    if loading is not None:
        package.write(loader.LOADING, loading)
        keys["loading"] = loader.LOADING
    if pickled is not None:
        with package.open(loader.OBJECTS) as file:
            file.write(pickled)
        modules.add("cloudpickle")
    is_plain = loading is None and len(getattr(model, "outputs", None) or [None]) == 1 and not _reads_texts(model)
    return SavedModel(keys, {"data": None}, "mlflow.keras" if is_plain else None, modules)


def _reads_texts(model: Any) -> bool:
    return any(str(tensor.dtype) == "string" for tensor in getattr(model, "inputs", None) or ())


def _why_not_found(names: list[str]) -> str:
    return (
        f"{', '.join(names)} can neither be imported from a module nor be pickled, so whoever loads the model has to "
        "register them first, with keras.saving.register_keras_serializable or keras.saving.custom_object_scope"
    )


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is missing or damaged, or Keras lacks something that the model needs.
    """
    if _old_packages.is_old(config):
        model = _old_packages.load(folder, config)
        _loaded.add(model)
        return model
    if config.get("save_exported_model"):
        return _old_packages.Exported(member(folder, f"{config.get('data', 'data')}/model"))
    member(folder, loader.MODEL)
    loading = loader.read_loading(folder) if config.get("loading") else None
    try:
        model = loader.load_model(folder, loading, load_pickle)
    except (*UNPICKLING_ERRORS, KeyError, OSError) as error:
        raise PackageError(f"{folder}: Keras cannot load its model: {message_of(error)}") from error
    _loaded.add(model)
    return model


def message_of(error: Exception) -> str:
    """Return the message of an error of Keras, without the whole configuration of the model, which comes first."""
    return " ".join(str(error).rpartition("Exception encountered: ")[2].split())[:800]


def is_loaded(model: Any) -> bool:
    """Return whether a model was loaded from a package here, and so is not a model that somebody trains."""
    return model in _loaded


def needs_trust(config: Mapping[str, Any]) -> str | None:
    """Return why loading could run code of the package's author.

    Args:
        config: The flavor's entry in MLmodel.
    """
    if config.get("loading"):
        return "its custom objects are code of the package's author, and so are lambdas"
    if _old_packages.is_old(config):
        return "a package of MLflow 1 may contain lambdas, pickles or a program of TensorFlow"
    if config.get("save_exported_model"):
        return "a SavedModel is a program of TensorFlow, which may read and write files"
    return None  # Keras's own format contains only data, and its safe mode refuses lambdas


def size(model: Any) -> int:
    """Estimate the bytes of the file: those of the weights and of the optimizer's state, which are not compressed."""
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.weights, *getattr(optimizer, "variables", ())]
    weights = sum(math.prod(variable.shape) * _itemsize(variable.dtype) for variable in variables)
    return int(weights + _BYTES_AROUND + _BYTES_OF_A_LAYER * len(model.layers))


def _itemsize(dtype: str) -> float:
    digits = "".join(filter(str.isdigit, str(dtype).partition("_")[0]))  # without the rest of float8_e4m3fn
    return int(digits) / 8 if digits else 1  # a bool


def requirements(model: Any) -> Iterable[str]:
    """Return Keras and its backend."""
    backend = keras.backend.backend()
    return ["keras", distribution_of_module(backend) or backend]
