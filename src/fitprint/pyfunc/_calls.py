"""`save_model` and `log_model` for models that users write themselves, with MLflow's arguments in MLflow's order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fitprint._core.publish import publish
from fitprint._packages import save as saving
from fitprint._packages.options import Options, Paths, Requirements, check_loader, read_options
from fitprint.models.signature import ModelSignature
from fitprint.pyfunc._context import Config, read_config, sources_of
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.pyfunc._sources import LoaderModuleSource, PythonModelSource, Source, source_of

WITHOUT_MEANING = frozenset({"mlflow_model", "uv_project_path", "uv_groups", "uv_extras", "example_no_conversion"})


def save_model(
    path: str | os.PathLike[str],
    loader_module: str | None = None,
    data_path: str | os.PathLike[str] | None = None,
    code_paths: Paths | None = None,
    infer_code_paths: bool = False,
    conda_env: Mapping[str, Any] | str | None = None,
    mlflow_model: Any = None,
    python_model: Any = None,
    artifacts: Mapping[str, Any] | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    pip_requirements: Requirements | None = None,
    extra_pip_requirements: Requirements | None = None,
    metadata: Mapping[str, Any] | None = None,
    model_config: Config | None = None,
    **others: Any,
) -> None:
    """Write a package of a python model or of a loader module into a new or an empty folder.

    Give either ``python_model`` (with ``artifacts``) or ``loader_module`` (with ``data_path``).

    Args:
        path: The folder.
        loader_module: A module with a function ``_load_pyfunc(data_path)``, which is in ``code_paths`` or importable.
        data_path: The file or folder that the loader module loads.
        code_paths: Modules, or folders of modules, that are copied into the package.
        infer_code_paths: Has no effect; the user's own modules that a model needs are always copied.
        conda_env: A conda environment in place of the detected one: its content, or the path of a file.
        mlflow_model: Has no effect.
        python_model: An instance of a `PythonModel`, or a function of one input.
        artifacts: The names of files and folders that are copied into the package, and their paths.
        signature: The signature; by default it is inferred from ``input_example``, and False means none.
        input_example: Data for the model to predict.
        pip_requirements: Requirements in place of the detected ones: lines, or the path of a file.
        extra_pip_requirements: Requirements beside the detected ones.
        metadata: Values to keep in the MLmodel file.
        model_config: The model's config, which its context holds: a mapping, or the path of a YAML file.
        others: Further options of `fitprint.save_model`.

    Raises:
        ValueError: Both ways are given, or neither.
        FileExistsError: The folder is not empty.
    """
    arguments = {
        "code_paths": code_paths,
        "conda_env": conda_env,
        "signature": signature,
        "input_example": input_example,
        "pip_requirements": pip_requirements,
        "extra_pip_requirements": extra_pip_requirements,
        "metadata": metadata,
        **others,
    }
    source, options = _source_and_options(python_model, artifacts, loader_module, data_path, model_config, arguments)
    saving.save_model(PyfuncFlavor(), source, path, options)


def log_model(
    artifact_path: str | None = None,
    loader_module: str | None = None,
    data_path: str | os.PathLike[str] | None = None,
    code_paths: Paths | None = None,
    infer_code_paths: bool = False,
    conda_env: Mapping[str, Any] | str | None = None,
    python_model: Any = None,
    artifacts: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    await_registration_for: int | None = None,
    pip_requirements: Requirements | None = None,
    extra_pip_requirements: Requirements | None = None,
    metadata: Mapping[str, Any] | None = None,
    model_config: Config | None = None,
    *,
    name: str | None = None,
    **others: Any,
) -> saving.ModelInfo:
    """Write a package of a python model or of a loader module into the active run, else into a new run.

    Args:
        artifact_path: MLflow's older name for ``name``.
        loader_module: See `save_model`, as all arguments that are not explained here.
        data_path: See `save_model`.
        code_paths: See `save_model`.
        infer_code_paths: See `save_model`.
        conda_env: See `save_model`.
        python_model: See `save_model`.
        artifacts: See `save_model`.
        registered_model_name: Has no effect.
        signature: See `save_model`.
        input_example: See `save_model`.
        await_registration_for: Has no effect.
        pip_requirements: See `save_model`.
        extra_pip_requirements: See `save_model`.
        metadata: See `save_model`.
        model_config: See `save_model`.
        name: The name of the package in its run, by default "model".
        others: Further options of `fitprint.log_model`.

    Returns:
        Where the package is, and what is in it.

    Raises:
        ValueError: Both ways are given, or neither.
    """
    arguments = {
        "code_paths": code_paths,
        "conda_env": conda_env,
        "registered_model_name": registered_model_name,
        "signature": signature,
        "input_example": input_example,
        "pip_requirements": pip_requirements,
        "extra_pip_requirements": extra_pip_requirements,
        "metadata": metadata,
        **others,
    }
    source, options = _source_and_options(python_model, artifacts, loader_module, data_path, model_config, arguments)
    return saving.log_model(PyfuncFlavor(), source, name or artifact_path or saving.NAME, options, source.name)


def _source_and_options(
    python_model: Any,
    artifacts: Mapping[str, Any] | None,
    loader_module: str | None,
    data_path: str | os.PathLike[str] | None,
    model_config: Config | None,
    arguments: Mapping[str, Any],
) -> tuple[Source, Options]:
    """Return what the package is made of, and its options."""
    config = read_config(model_config)
    known = {name: value for name, value in arguments.items() if value is not None and name not in WITHOUT_MEANING}
    options = read_options(PyfuncFlavor(), {**known, "model_config": config or None})
    if python_model is not None and loader_module is None and data_path is None:
        source = source_of(python_model)
        assert isinstance(source, PythonModelSource)
        return PythonModelSource(source.python_model, sources_of(artifacts), config or None), options
    if loader_module is not None and python_model is None and not artifacts:
        check_loader(loader_module, options.code_paths)
        return LoaderModuleSource(
            loader_module, None if data_path is None else sources_of({"data_path": data_path})["data_path"]
        ), options
    raise ValueError(
        "give either python_model (a PythonModel instance or a function), with artifacts if it needs files, "
        "or loader_module, with data_path if it loads any"
    )


publish("fitprint.pyfunc", log_model, save_model)
