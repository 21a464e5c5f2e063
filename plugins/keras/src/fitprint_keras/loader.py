"""Loads a package where only Keras is installed. fitprint copies this file into the packages that need it.

MLflow's own loader cannot give custom objects to Keras, loads no lambdas, and returns several outputs without their
names.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pickle
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import keras

MODEL = "data/model.keras"
LOADING = "data/loading.json"
OBJECTS = "data/custom_objects.cloudpickle"


def load_model(
    folder: Any, loading: Mapping[str, Any] | None = None, unpickle: Callable[[BinaryIO], Any] = pickle.load
) -> Any:
    """Load the model of a package.

    Args:
        folder: The folder of the package.
        loading: What `read_loading` returns; None to load what Keras itself can load safely.
        unpickle: Reads the custom objects that the package contains, from a file.
    """
    loading = loading or {}
    objects = {name: _imported(*place) for name, place in loading.get("custom_objects", {}).items()}
    if loading.get("pickled"):
        with open(os.path.join(folder, OBJECTS), "rb") as file:
            objects.update(unpickle(file))
    objects = {name: _Class(custom) if isinstance(custom, type) else custom for name, custom in objects.items()}
    path = os.path.join(folder, MODEL)
    return keras.saving.load_model(path, custom_objects=objects, safe_mode=not loading.get("lambdas", False))


class _Class:
    """Makes the objects of a class for Keras, which cannot do that where the constructor takes none of its own names.

    `get_config` of Keras gives each layer and model a name, a dtype and whether it is trainable, and so classes whose
    constructor has no `**kwargs`, such as most that derive from `keras.Model`, could be saved and not be loaded.
    """

    def __init__(self, cls: type[Any]) -> None:
        self._cls = cls

    def from_config(self, config: Mapping[str, Any]) -> Any:
        """Return an object; Keras calls this."""
        parameters = inspect.signature(self._cls.__init__).parameters
        takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
        not_taken = [name for name in _OF_KERAS if name in config and name not in parameters and not takes_all]
        made = self._cls.from_config({name: value for name, value in config.items() if name not in not_taken})
        if "trainable" in not_taken:
            made.trainable = config["trainable"]
        return made


_OF_KERAS = ("name", "dtype", "trainable")


def read_loading(folder: Any) -> dict[str, Any]:
    """Return what a package says of how its model is loaded: its custom objects, and whether it has lambdas."""
    with open(os.path.join(folder, LOADING), encoding="utf-8") as file:
        loading: dict[str, Any] = json.load(file)
    return loading


def _imported(module: str, name: str) -> Any:
    member: Any = importlib.import_module(module)
    for part in name.split("."):
        member = getattr(member, part)
    return member


def predict(model: Any, data: Any, call: Callable[[Any], Any]) -> Any:
    """Return what a model predicts: a table for a table, and for several outputs a dict of arrays by their names.

    Args:
        model: The model.
        data: A table, an array, a list of arrays, or a dict of arrays by the names of the inputs.
        call: Predicts with the model, from arrays.
    """
    if not hasattr(data, "iloc"):
        return named(model, call(with_texts(data)))
    predicted = named(model, call(data.to_numpy()))
    if isinstance(predicted, dict) or predicted.ndim > 2:
        return predicted
    return data.__class__(predicted, index=data.index) if data.ndim == 2 else predicted


def with_texts(data: Any) -> Any:
    """Return data in which arrays of texts are tensors: Keras itself takes only those."""
    if isinstance(data, Mapping):
        return {name: with_texts(part) for name, part in data.items()}
    if getattr(getattr(data, "dtype", None), "kind", "") not in ("O", "U", "S"):
        return data
    tensorflow = importlib.import_module("tensorflow")  # no other backend has texts
    return tensorflow.constant(data.tolist())


def named(model: Any, predicted: Any) -> Any:
    """Return the arrays of several outputs by the names of the outputs; the array itself where there is one."""
    if isinstance(predicted, dict):
        return {str(name): array for name, array in predicted.items()}
    if not isinstance(predicted, (list, tuple)):
        return predicted
    if len(predicted) == 1:
        return predicted[0]
    names = getattr(model, "output_names", None) or []
    if len(names) != len(predicted):
        names = [f"output_{position}" for position in range(len(predicted))]
    return dict(zip(names, predicted, strict=True))


class _Predictor:
    """An object with `predict`, as MLflow's generic flavor asks for it."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return predict(self.model, data, lambda rows: self.model.predict(rows, verbose=0))


def _load_pyfunc(path: str) -> Any:
    """An object with `predict` from the folder of the package."""
    loading = read_loading(path) if os.path.exists(os.path.join(path, LOADING)) else None
    return _Predictor(load_model(path, loading))
