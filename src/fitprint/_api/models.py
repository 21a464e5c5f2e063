"""`log_model`, `save_model` and `package_model` for any model: the flavor is known from its class, or named."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from fitprint._core.publish import publish
from fitprint._instrumentation.registry import entries, owner_of
from fitprint._packages.foreign_files import read_artifact
from fitprint._packages.options import Paths, Requirements, read_options
from fitprint._packages.resolve import folder_of, registered
from fitprint._packages.save import NAME, ModelInfo
from fitprint._packages.save import log_model as log_with
from fitprint._packages.save import save_model as save_with
from fitprint.models.csv_data import read_csv
from fitprint.models.signature import ModelSignature
from fitprint.plugin.contract import Flavor
from fitprint.pyfunc import PythonModel
from fitprint.pyfunc import log_model as log_python_model
from fitprint.pyfunc import save_model as save_python_model
from fitprint.pyfunc._flavor import PyfuncFlavor

__all__ = ["ModelInfo", "log_model", "package_model", "save_model"]


def log_model(
    model: Any = None,
    name: str | None = None,
    *,
    artifact_path: str | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    pip_requirements: Requirements | None = None,
    extra_pip_requirements: Requirements | None = None,
    conda_env: Mapping[str, Any] | str | None = None,
    code_paths: Paths | None = None,
    extra_files: Paths | None = None,
    loader_module: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    model_config: Mapping[str, Any] | None = None,
    **flavor_options: Any,
) -> ModelInfo:
    """Write a package of a model into the active run, else into the run that trained the model, else into a new run.

    The options have the names that they have in MLflow's ``log_model``. MLflow's options that have no meaning here
    are named in one line of the log and ignored.

    Args:
        model: The trained model, or a `PythonModel` or a function that predicts.
        name: The name of the package in its run, by default ``model``. A name that is taken gets a number.
        artifact_path: The same, under MLflow's older name.
        signature: The signature of the model; None to infer it from the input example, or from the training data; False
            for a package without one.
        input_example: Example inputs, kept in the package.
        pip_requirements: The requirements of the model, instead of the detected ones: lines, or the path of a file.
        extra_pip_requirements: Requirements of the model in addition to the detected ones.
        conda_env: The conda environment of the model, instead of the detected one: its content, or the path of a file.
        code_paths: Files and folders of code to copy into the package; they can be imported when it is loaded.
        extra_files: Further files to copy into the package.
        loader_module: A module with ``_load_pyfunc(data_path)`` that loads the model for prediction, in place of the
            flavor.
        metadata: Values of your own to keep in the package.
        model_config: The configuration that the model is loaded with.
        **flavor_options: The own options of the model's flavor, such as ``serialization_format``.

    Returns:
        The URI, the run and the signature of the package.

    Raises:
        TypeError: There is no model, no flavor knows it, or an option is unknown.
    """
    options = {
        "signature": signature,
        "input_example": input_example,
        "pip_requirements": pip_requirements,
        "extra_pip_requirements": extra_pip_requirements,
        "conda_env": conda_env,
        "code_paths": code_paths,
        "extra_files": extra_files,
        "loader_module": loader_module,
        "metadata": metadata,
        "model_config": model_config,
        **flavor_options,
    }
    if _is_python_model(model):
        return log_python_model(name or artifact_path or NAME, python_model=model, **options)
    flavor = flavor_of(model)
    return log_with(flavor, model, name or artifact_path or NAME, read_options(flavor, options))


def save_model(
    model: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    pip_requirements: Requirements | None = None,
    extra_pip_requirements: Requirements | None = None,
    conda_env: Mapping[str, Any] | str | None = None,
    code_paths: Paths | None = None,
    extra_files: Paths | None = None,
    loader_module: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    model_config: Mapping[str, Any] | None = None,
    **flavor_options: Any,
) -> None:
    """Write a package of a model into a new or an empty folder.

    Args:
        model: The trained model, or a `PythonModel` or a function that predicts.
        path: The folder.
        signature: The options are those of `log_model`.
        input_example: As in `log_model`.
        pip_requirements: As in `log_model`.
        extra_pip_requirements: As in `log_model`.
        conda_env: As in `log_model`.
        code_paths: As in `log_model`.
        extra_files: As in `log_model`.
        loader_module: As in `log_model`.
        metadata: As in `log_model`.
        model_config: As in `log_model`.
        **flavor_options: As in `log_model`.

    Raises:
        TypeError: There is no model or no path, no flavor knows the model, or an option is unknown.
        FileExistsError: The folder holds something.
    """
    if path is None:
        raise TypeError("save_model() needs the path of a folder: save_model(model, path)")
    options = {
        "signature": signature,
        "input_example": input_example,
        "pip_requirements": pip_requirements,
        "extra_pip_requirements": extra_pip_requirements,
        "conda_env": conda_env,
        "code_paths": code_paths,
        "extra_files": extra_files,
        "loader_module": loader_module,
        "metadata": metadata,
        "model_config": model_config,
        **flavor_options,
    }
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
    """Make a package, in a new or an empty folder, of a file that holds a model: `fitprint package` in Python.

    Args:
        file: A pickle, also one written by joblib, or a file in the framework's own format: its path, a ``file:`` URL,
            or ``runs:/<run_id>/<artifact>``.
        path: The folder of the package.
        flavor: The name of the flavor; by default, for a pickle, the flavor of the model's class.
        data: Rows that the model predicts, or the path of a CSV file of them. The signature is inferred from them;
            none of them is kept.
        trust: Allow to read a pickle, which runs any code that its author put into it.
        **options: The options of `log_model`.

    Raises:
        PackageError: The file is broken or may not be read, or the flavor is not installed.
        TypeError: No flavor knows the model, or an option is unknown.
        FileExistsError: The folder holds something.
    """
    if isinstance(data, (str, os.PathLike)):
        data = read_csv(data)
    named = registered(flavor) if flavor is not None else None
    model, options_of_file = read_artifact(folder_of(file), named, trust, options)
    chosen = named or (PyfuncFlavor() if _is_python_model(model) else flavor_of(model))
    save_with(chosen, model, path, read_options(chosen, {**options_of_file, **options}), data)


def flavor_of(model: Any) -> Flavor:
    """Return the flavor of a model's class.

    Raises:
        TypeError: The model is None, or no flavor is registered for its class.
    """
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


publish("fitprint", ModelInfo, log_model, package_model, save_model)
