"""Write and read modules as SavedModels and Keras models in Keras's format, in the layout of MLflow's flavor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import tensorflow as tf

from fitprint.plugin import (
    ModelSignature,
    Package,
    PackageError,
    SaveContext,
    SavedModel,
    Schema,
    TensorSpec,
    distribution_of_module,
    load_pickle,
    member,
    quietly,
)
from fitprint_tensorflow import _own_classes, _signatures

MODULE_FOLDER = "tf2model"
_PICKLED_OBJECTS = ("custom_objects.cloudpickle", "global_custom_objects.cloudpickle")
_FILES = ("model.keras", "model.h5")
_BYTES_AROUND = 100_000
"""Of a graph and of the file formats."""
_CALL = "__call__"
NO_CALL = (
    "its __call__ is no tf.function that was called or has an input_signature, so that its SavedModel cannot be called"
)


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a model.

    Args:
        model: A `tf.Module` or a model of Keras.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.
    """
    module = _own_classes.as_module(model)
    if module is None and isinstance(model, keras.Model):
        if names := _own_classes.names_in(model):
            context.skip("custom objects", "tensorflow", _own_classes.WHY.format(names=", ".join(names)))
        with TemporaryDirectory(dir=package.folder) as unzipped:  # a zip archive Keras would write in memory first
            keras.saving.save_model(model, unzipped, zipped=False)
            package.zip(Path(unzipped), "data/model.keras")
        package.write("data/keras_module.txt", "keras")
        package.write("data/save_format.txt", "tf")  # as MLflow says of files in Keras's own format
        about = {"model_type": "keras", "keras_version": tf.__version__, "save_format": "tf", "keras_module": "keras"}
        return SavedModel({"data": "data", **about}, modules=("keras",))
    model = module or model
    with quietly():
        tf.saved_model.save(model, str(package.path(MODULE_FOLDER)))
    keys = {"saved_model_dir": MODULE_FOLDER, "model_type": "tf2-module"}
    if graph_of(model) is None:
        context.skip("predict", "tensorflow", NO_CALL)
        return SavedModel(keys, None)
    return SavedModel(keys)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The files are missing or damaged.
    """
    try:
        if "saved_model_dir" not in config:
            return _load_keras(folder, str(config.get("data", "data")))
        path = member(folder, config["saved_model_dir"])
        if "signature_def_key" not in config:
            return tf.saved_model.load(str(path))
        return _signatures.load(path, config["signature_def_key"], config.get("meta_graph_tags"))
    except (ValueError, TypeError, KeyError, OSError, ImportError) as error:
        raise PackageError(f"{folder}: it cannot be loaded: {' '.join(str(error).split())[:800]}") from error


def _load_keras(folder: Path, data: str) -> Any:
    if (folder / data / "model").is_dir():  # as MLflow wrote models of Keras 2
        return _signatures.load(member(folder, f"{data}/model"), "serving_default", names_one=False)
    objects: dict[str, Any] = {}
    for name in _PICKLED_OBJECTS:
        if (folder / data / name).exists():
            with member(folder, f"{data}/{name}").open("rb") as file:
                objects |= load_pickle(file)
    name = next((name for name in _FILES if (folder / data / name).exists()), _FILES[0])
    path = member(folder, f"{data}/{name}")
    return keras.saving.load_model(path, custom_objects=objects, compile=name != "model.h5")


def graph_of(module: Any) -> Any:
    """Return a graph of a module's `__call__` that takes one tensor, or None."""
    bound: Any = getattr(module, _CALL, None)
    if not isinstance(bound, tf.types.experimental.PolymorphicFunction):
        return None
    if getattr(bound, "input_signature", None):
        graph = bound.get_concrete_function()
    else:
        graphs = bound._list_all_concrete_functions()
        graph = graphs[0] if graphs else None
    return graph if graph is not None and len(_inputs_of(graph)) == 1 else None


def signature_of(module: Any) -> ModelSignature | None:
    """Return the signature that the graph of a module declares; None if it has none."""
    graph = graph_of(_own_classes.as_module(module) or module)
    if graph is None:
        return None
    outputs = tf.nest.flatten(graph.structured_outputs)
    schema = Schema([_spec(outputs[0])]) if len(outputs) == 1 else None
    return ModelSignature(Schema([_spec(_inputs_of(graph)[0])]), schema)


def _inputs_of(graph: Any) -> list[Any]:
    return [one for one in tf.nest.flatten(graph.structured_input_signature) if isinstance(one, tf.TensorSpec)]


def _spec(tensor: Any) -> TensorSpec:
    shape = [-1 if length is None else int(length) for length in tensor.shape[1:]]
    return TensorSpec(tensor.dtype.as_numpy_dtype, (-1, *shape))


def predict(model: Any, data: Any) -> Any:
    """Return what a model predicts, as arrays.

    Args:
        model: A module, a SavedModel, a function of an estimator, or a model of Keras.
        data: A table, an array, a list, or for several inputs a dict of arrays.
    """
    if _signatures.is_one(model):
        return _signatures.predict(model, data)
    if hasattr(data, "iloc"):
        predicted = predict(model, data.to_numpy())
        return type(data)(predicted, index=data.index) if getattr(predicted, "ndim", 0) == 2 else predicted
    if isinstance(model, keras.Model):
        outputs, _ = model.stateless_call(model.trainable_variables, model.non_trainable_variables, _tensors(data))
    elif isinstance(data, Mapping):
        outputs = model(**_tensors(data))
    else:
        outputs = model(_tensors(data))
    return tf.nest.map_structure(lambda one: one.numpy() if isinstance(one, tf.Tensor) else one, outputs)


def _tensors(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {name: tf.convert_to_tensor(part) for name, part in data.items()}
    return tf.convert_to_tensor(data)


def size(model: Any) -> int:
    """Estimate the bytes that `save` writes: those of the variables."""
    variables = [*model.variables, *getattr(getattr(model, "optimizer", None), "variables", ())]
    return _BYTES_AROUND + int(sum(math.prod(one.shape) * tf.as_dtype(one.dtype).size for one in variables))


def requirements(model: Any) -> Iterable[str]:
    """Return TensorFlow, and for its models Keras."""
    own = [distribution_of_module("tensorflow") or "tensorflow"]
    return [*own, "keras"] if isinstance(model, keras.Model) else own
