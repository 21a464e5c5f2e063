"""A model that a module of the user's loads: ``_load_pyfunc(data_path)``, and ``(data_path, model_config)`` if any."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint.models.errors import PackageError
from fitprint.models.package import member

DATA = "data"


def load_with(folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any]) -> Any:
    """The object that the loader module of a package gives. An error of its own is raised as it is.

    Raises PackageError for a module that cannot be imported, is no loader, or gives nothing that predicts.
    """
    name = str(config.get("loader_module"))
    data = member(folder, config[DATA]) if config.get(DATA) else folder
    try:
        module = importlib.import_module(name)
    except (ImportError, ValueError, TypeError) as error:
        raise PackageError(f"{folder}: its loader_module {name} cannot be imported: {error}") from error
    load = getattr(module, "_load_pyfunc", None)
    if not callable(load):
        raise PackageError(f"{folder}: its loader_module {name} has no function _load_pyfunc")
    place = str(data.absolute())
    model = load(place, dict(model_config)) if model_config else load(place)
    method = config.get("predict_fn") or "predict"
    if not callable(getattr(model, method, None)):
        raise PackageError(f"{folder}: what {name} loads, a {type(model).__name__}, has no method {method}")
    return model
