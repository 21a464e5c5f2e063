"""`log_model`, `save_model` and `package_model` of any model: the flavor is found from its class, or named."""

from __future__ import annotations

import os
from types import FunctionType
from typing import Any

from fitprint._api.autolog import entries, owner_of
from fitprint._packages.foreign_files import read_artifact
from fitprint._packages.options import read_options
from fitprint._packages.resolve import registered
from fitprint._packages.save import NAME, ModelInfo
from fitprint._packages.save import log_model as log_with
from fitprint._packages.save import save_model as save_with
from fitprint.models.csv_data import read_csv
from fitprint.plugin.flavor import Flavor
from fitprint.pyfunc import PythonModel
from fitprint.pyfunc import log_model as log_python_model
from fitprint.pyfunc import save_model as save_python_model
from fitprint.pyfunc._flavor import PyfuncFlavor

__all__ = ["ModelInfo", "log_model", "package_model", "save_model"]


def log_model(
    model: Any = None, name: str | None = None, *, artifact_path: str | None = None, **options: Any
) -> ModelInfo:
    """Writes a package of a model into the active run, else into the run that trained it, else into a new one.

    ``options`` are those of MLflow's ``log_model``: ``signature``, ``input_example``, ``pip_requirements``,
    ``extra_pip_requirements``, ``conda_env``, ``code_paths``, ``extra_files``, ``metadata``..., and the flavor's own.

    Raises TypeError without a model, for one that no flavor knows, and for an unknown option.
    """
    if _is_python_model(model):
        return log_python_model(name or artifact_path or NAME, python_model=model, **options)
    flavor = flavor_of(model)
    return log_with(flavor, model, name or artifact_path or NAME, read_options(flavor, options))


def save_model(model: Any = None, path: str | os.PathLike[str] | None = None, **options: Any) -> None:
    """Writes a package of a model into a new or an empty folder; options as for `log_model`.

    Raises TypeError without a model or a path, and FileExistsError for a folder that holds something.
    """
    if path is None:
        raise TypeError("save_model() needs the path of a folder: save_model(model, path)")
    if _is_python_model(model):
        save_python_model(path, python_model=model, **options)
        return
    flavor = flavor_of(model)
    save_with(flavor, model, path, read_options(flavor, options))


def package_model(
    file: str | os.PathLike[str],
    path: str | os.PathLike[str],
    flavor: str | None = None,
    *,
    data: Any = None,
    trust: bool = False,
    **options: Any,
) -> None:
    """Makes a package, in a new or an empty folder, of a file that holds a model: `fitprint package` in Python.

    ``file``: a pickle (joblib's too), or what the framework itself writes, such as a ``.ubj`` of XGBoost's.
    ``flavor``: its flavor's name; of a pickle by default that of the model's class. ``data``: rows that the model
    predicts, or the path of a CSV file of them: the signature is inferred from them, and none is kept. ``trust``: a
    pickle runs code of its author, and is read with ``trust=True`` alone. ``options``: as for `log_model`.

    Raises PackageError for a file that is broken or may not be read, and a flavor that is not installed.
    """
    if isinstance(data, (str, os.PathLike)):
        data = read_csv(data)
    chosen = registered(flavor) if flavor is not None else None
    model, kept = read_artifact(file, chosen, trust, options)
    if chosen is None:
        chosen = PyfuncFlavor() if _is_python_model(model) else flavor_of(model)
    save_with(chosen, model, path, read_options(chosen, {**kept, **options}), data)


def flavor_of(model: Any) -> Flavor:
    """The flavor of a model's class. Raises TypeError for None, and where none is registered for it."""
    if model is None:
        raise TypeError("log_model() and save_model() need the model: give it as the first argument")
    kind = type(model)
    name = owner_of(kind)
    if name is None:
        known = ", ".join(sorted(entries())) or "none"
        raise TypeError(
            f"no flavor is registered for {kind.__module__}.{kind.__qualname__} (registered: {known}); choose one with "
            "fitprint.<flavor>.log_model(), or make it a fitprint.pyfunc.PythonModel"
        )
    return entries()[name].flavor()


def _is_python_model(model: Any) -> bool:
    return isinstance(model, (PythonModel, FunctionType))
