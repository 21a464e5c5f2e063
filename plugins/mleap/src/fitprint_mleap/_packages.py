"""Write and read bundles in the layout of MLflow's former mleap flavor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mleap

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, member
from fitprint_mleap import _bundles, loader

FOLDER = "mleap/model"


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Copy a bundle into the package, or write the one of a model.

    Args:
        model: A bundle, a model of scikit-learn, or one of Spark.
        package: The package to write into.
        context: The options of the call, and where to say what the package lacks.

    Returns:
        The flavor's entry in MLmodel. Only what MLeap reads back in Python gets a generic flavor.
    """
    with _bundles.written(model, context) as folder:
        operation = loader.operation_of(os.fspath(folder))
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                package.copy(path, f"{FOLDER}/{path.relative_to(folder).as_posix()}")
    classes = getattr(_bundles.model_of(model), "classes_", None)
    if classes is not None and list(classes) != list(range(len(classes))):
        context.skip("the labels", "mleap", "a bundle has no labels: it predicts the number of a class, counted from 0")
    keys = {"mleap_version": str(mleap.version), "model_data": FOLDER}
    if operation in loader.READABLE:
        return SavedModel(keys, {"data": FOLDER})
    context.skip(
        "predictions in Python", "mleap", f"MLeap runs a bundle of {operation or 'a pipeline'} only in the JVM"
    )
    return SavedModel(keys, None)


def read(bundle: _bundles.Bundle) -> Any:
    """Return the model that MLeap reads back from a bundle."""
    with _bundles.written(bundle, SaveContext()) as folder:
        return loader.read(os.fspath(folder))


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read the model of a bundle, as far as MLeap does this in Python.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The bundle is damaged, or MLeap reads it only in the JVM.
    """
    path = member(folder, config.get("model_data"))
    try:
        return loader.read(os.fspath(path))
    except NotImplementedError as error:
        raise PackageError(f"{path} cannot be loaded: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        raise PackageError(f"{path} is not a bundle of MLeap: {type(error).__name__}: {error}") from error
