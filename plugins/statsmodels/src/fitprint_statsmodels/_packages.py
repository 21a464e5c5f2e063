"""Write and read results in statsmodels' own format, a pickle, in the layout of MLflow's statsmodels flavor."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import statsmodels

from fitprint.plugin import (
    UNPICKLING_ERRORS,
    Package,
    PackageError,
    SaveContext,
    SavedModel,
    Unpickler,
    attempt,
    dump_model,
    member,
)
from fitprint_statsmodels import _formulas
from fitprint_statsmodels._predicting import TIMES, predicts_from, sample, target
from fitprint_statsmodels._rows import with_statistics, without_rows
from fitprint_statsmodels._stand_in import stand_in
from fitprint_statsmodels._texts import TextsAsObjects

FILE = "model.statsmodels"
SAVE_OPTIONS = ("remove_data",)
_DECORATORS = ("statsmodels.tools.decorators", "statsmodels.tools._decorators")
"""Before 0.15, and since."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write results without the rows they were fitted on, if they predict the same without them.

    The option ``remove_data`` decides: False keeps the rows, True requires that they can be left out.

    Args:
        model: The results.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The rows have to be left out, and cannot.
    """
    remove = context.options.get("remove_data")
    if remove is False or not _save_without_rows(model, package):
        if remove:
            raise ValueError(f"remove_data=True: {type(model).__name__} may need its data to predict")
        _write(stand_in(model, TextsAsObjects()), package)
        _read(package.folder / FILE)  # raises the error that every reader would get
        if remove is None and target(getattr(model, "model", None)) is not None:
            reason = f"{type(model).__name__} needs its training data, so the package contains it"
            context.skip("the model without its training data", "statsmodels", reason)
    keys = {"data": FILE, "statsmodels_version": statsmodels.__version__}
    return SavedModel(keys, pyfunc=None if predicts_from(model) is None else {})


def _save_without_rows(model: Any, package: Package) -> bool:
    """Write the results without the rows; return whether they still predict the same on a sample."""
    rows = sample(model) if predicts_from(model) != TIMES else None
    if rows is None:
        return False
    done, expected = attempt(_predicted, stand_in(model), rows)
    if not done:
        return False
    for reduced in _reduced_forms(model):
        _write(reduced, package)
        done, predicted = attempt(lambda: _predicted(_read(package.folder / FILE), rows))
        if done and _are_equal(predicted, expected):
            return True
    return False


def _reduced_forms(results: Any) -> Iterator[Any]:
    complete = with_statistics(results)
    frame = getattr(complete.model.data, "frame", None)
    for small in _formulas.small_frames(complete.model) if frame is not None else [None]:
        for empty in (False, True):
            yield without_rows(complete, frame, small, empty)


def _write(results: Any, package: Package) -> None:
    dump_model(_formulas.for_every_version(results), package, FILE)


def _predicted(results: Any, rows: Any) -> Any:
    predicted = results.predict(exog=rows)  # by name, because for some results it is not the first parameter
    return getattr(predicted, "predicted_values", predicted)


def _are_equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and np.shape(left) == np.shape(right) and np.allclose(left, right, equal_nan=True)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read results that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file cannot be read.
    """
    path = member(folder, config.get("data") or FILE)
    try:
        return _read(path)
    except (*UNPICKLING_ERRORS, KeyError, NameError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def _read(path: Path) -> Any:
    with open(path, "rb") as file:
        return _Unpickler(file).load()


class _Unpickler(Unpickler):
    """Finds a module of statsmodels under the name that it has in the version that is installed."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _DECORATORS:
            module = next((name for name in _DECORATORS if importlib.util.find_spec(name) is not None), module)
        return super().find_class(module, name)
