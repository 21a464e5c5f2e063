"""The user's own objects in a saved model: Keras stores only their names, but a reader needs the objects."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

import keras

from fitprint.plugin import attempt, by_value_pickler

_PLACES = ("activations", "constraints", "initializers", "losses", "metrics", "ops", "regularizers")
"""The modules of Keras in which it looks up a function by its name alone."""


@dataclass
class CustomObjects:
    """What a saved model needs besides Keras.

    Attributes:
        importable: Where the objects are found, as (module, name), by the names that Keras gives them.
        by_value: The objects that nobody can import, such as those that a script defines, by the same names.
        others: The names of the objects that were not found.
        lambdas: Whether the model contains the code of lambdas.
    """

    importable: dict[str, tuple[str, str]] = field(default_factory=dict)
    by_value: dict[str, Any] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    lambdas: bool = False

    def loading(self) -> str | None:
        """Return what the package says of this to its loader, as JSON; None if Keras needs nothing."""
        if not self.importable and not self.by_value and not self.lambdas:
            return None
        pickled = bool(self.by_value)
        return json.dumps({"custom_objects": self.importable, "pickled": pickled, "lambdas": self.lambdas}, indent=1)

    def pickled(self, modules: set[str]) -> bytes | None:
        """Return a pickle of the objects that nobody can import; None if it fails, and then all of them are `others`.

        Args:
            modules: The modules that reading the pickle imports are added to it.
        """
        stream = io.BytesIO()
        is_pickled, _ = attempt(by_value_pickler(modules)(stream).dump, self.by_value)
        if is_pickled:
            return stream.getvalue()
        self.others += self.by_value
        self.by_value.clear()
        return None


def in_config(path: Path, model: Any) -> CustomObjects:
    """Find the custom objects in the configuration of a saved model.

    Args:
        path: The file of the configuration.
        model: The model.
    """
    config = json.loads(path.read_text("utf-8"))
    custom = CustomObjects()
    functions = _functions_of(model)
    for entry in _entries(config):
        if entry["class_name"] == "__lambda__":
            custom.lambdas = True
        elif not _is_of_keras(entry):
            _add(custom, entry, functions)
    return custom


def _functions_of(model: Any) -> dict[str, Any]:
    """Return the functions that a model was made and compiled with, by their names: Keras notes no more of them."""
    values: list[Any] = [part for layer in model._flatten_layers() for part in vars(layer).values()]
    compiled = getattr(model, "_compile_config", None)
    if compiled is not None:
        values += keras.tree.flatten(list(compiled.config.values()))
    return {value.__name__: value for value in values if isinstance(value, FunctionType)}


def _entries(config: Any) -> Iterator[dict[str, Any]]:
    """Yield the description of each object, and of the objects inside it."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str) and ("registered_name" in config or "__" in config["class_name"]):
            yield config
        for value in config.values():
            yield from _entries(value)
    elif isinstance(config, list):
        for value in config:
            yield from _entries(value)


def _is_of_keras(entry: dict[str, Any]) -> bool:
    module, name = entry.get("module"), entry["class_name"]
    if name.startswith("__"):  # a part of a model that is no object, such as a tensor
        return True
    if name == "function" and module == "builtins":
        return any(hasattr(getattr(keras, place), str(entry.get("config"))) for place in _PLACES)
    return isinstance(module, str) and module.partition(".")[0] == "keras"


def _add(custom: CustomObjects, entry: dict[str, Any], functions: Mapping[str, Any]) -> None:
    is_function = entry["class_name"] == "function"
    key = str(entry["config"] if is_function else entry.get("registered_name") or entry["class_name"])
    custom_object = keras.saving.get_registered_object(key) or (
        functions.get(key) if is_function else _unregistered(entry)
    )
    module, name = getattr(custom_object, "__module__", None), getattr(custom_object, "__qualname__", "")
    if module is not None and module != "__main__" and _is_importable(module, name, custom_object):
        custom.importable[key] = (module, name)
    elif custom_object is not None:
        custom.by_value[key] = custom_object
    elif key not in custom.others:
        custom.others.append(key)


def _unregistered(entry: dict[str, Any]) -> Any:
    """Return a class that is not registered, by its name in its module."""
    return getattr(sys.modules.get(entry.get("module") or "__main__"), entry["class_name"], None)


def _is_importable(module: str, name: str, expected: Any) -> bool:
    holder: Any = sys.modules.get(module)
    for part in name.split("."):
        holder = getattr(holder, part, None)
    return holder is expected
