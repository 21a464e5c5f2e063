"""Writing and reading results in statsmodels' own format, a pickle, in the layout of MLflow's statsmodels flavor."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import statsmodels

from fitprint._core.guard import attempt
from fitprint.models import Package, PackageError, dump_model, member
from fitprint.models.pickling import BROKEN, Unpickler
from fitprint_statsmodels import _formulas
from fitprint_statsmodels._predicting import TIMES, predicts_from, sample, target
from fitprint_statsmodels._rows import with_statistics, without_rows
from fitprint_statsmodels._stand_in import stand_in
from fitprint_statsmodels._texts import TextsAsObjects

FILE = "model.statsmodels"
SAVE_OPTIONS = ("remove_data",)
_DECORATORS = ("statsmodels.tools.decorators", "statsmodels.tools._decorators")
"""Before 0.15, and since."""


def save(model: Any, package: Package) -> dict[str, Any]:
    """Writes results without the rows they were fitted on, where they then predict the same.

    ``remove_data`` among the options: False keeps the rows, True raises ValueError where they cannot be left out.
    """
    if predicts_from(model) is None:
        package.pyfunc = None
    remove = package.options.get("remove_data")
    if remove is False or not _save_without_rows(model, package):
        if remove:
            raise ValueError(f"remove_data=True: what {type(model).__name__} predicts is not known to need no data")
        _write(stand_in(model, TextsAsObjects()), package)
        _read(package.folder / FILE)  # raises what would keep everybody from reading it
        if remove is None and target(getattr(model, "model", None)) is not None:
            reason = f"what {type(model).__name__} does needs its data: the package holds it"
            package.skip("the model without its training data", "statsmodels", reason)
    return {"data": FILE, "statsmodels_version": statsmodels.__version__}


def _save_without_rows(model: Any, package: Package) -> bool:
    """Whether a form without rows of the data was written, which predicts the same on a sample of them."""
    rows = sample(model) if predicts_from(model) != TIMES else None
    if rows is None:
        return False
    done, expected = attempt(_predicted, stand_in(model), rows)
    if not done:
        return False
    for made in _forms(model):
        _write(made, package)
        done, predicted = attempt(lambda: _predicted(_read(package.folder / FILE), rows))
        if done and _are_equal(predicted, expected):
            return True
    return False


def _forms(results: Any) -> Iterator[Any]:
    complete = with_statistics(results)
    frame = getattr(complete.model.data, "frame", None)
    for small in _formulas.small_frames(complete.model) if frame is not None else [None]:
        for empty in (False, True):
            yield without_rows(complete, frame, small, empty)


def _write(made: Any, package: Package) -> None:
    dump_model(_formulas.for_every_version(made), package, FILE)


def _predicted(results: Any, rows: Any) -> Any:
    found = results.predict(exog=rows)  # by name: of some it is not the first
    return getattr(found, "predicted_values", found)


def _are_equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and np.shape(left) == np.shape(right) and np.allclose(left, right, equal_nan=True)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Reads results of fitprint's or MLflow's. Raises PackageError for a file that cannot be read."""
    path = member(folder, config.get("data") or FILE)
    try:
        return _read(path)
    except (*BROKEN, KeyError, NameError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def _read(path: Path) -> Any:
    with open(path, "rb") as file:
        return _Unpickler(file).load()


class _Unpickler(Unpickler):
    """Finds a module of statsmodels under the name that it has in the version that is installed."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _DECORATORS:
            module = next((each for each in _DECORATORS if importlib.util.find_spec(each) is not None), module)
        return super().find_class(module, name)
