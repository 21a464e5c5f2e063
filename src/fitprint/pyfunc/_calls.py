"""`save_model` and `log_model` for models of the user's own making, with MLflow's arguments in MLflow's order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from fitprint._packages import save as saving
from fitprint._packages.options import Options, check_loader, read_options
from fitprint.models.signature import ModelSignature
from fitprint.pyfunc._context import Config, read_config, sources_of
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.pyfunc._sources import LoaderModuleSource, PythonModelSource, Source, source_of

Paths = Iterable[str | os.PathLike[str]] | str | os.PathLike[str]
Requirements = Iterable[str] | str
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
    """Writes a package of a python model or of a loader module into a new or an empty folder.

    ``python_model``: an instance of a `PythonModel`, or a function of one input; ``artifacts``: name to file or folder,
    copied into the package. Or ``loader_module``: a module with ``_load_pyfunc(data_path)``, given in ``code_paths``;
    ``data_path``: the file or folder that it loads. Raises ValueError for both ways at once, and for neither.
    """
    given = {
        "code_paths": code_paths,
        "conda_env": conda_env,
        "signature": signature,
        "input_example": input_example,
        "pip_requirements": pip_requirements,
        "extra_pip_requirements": extra_pip_requirements,
        "metadata": metadata,
        **others,
    }
    source, options = _asked(python_model, artifacts, loader_module, data_path, model_config, given)
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
    """Writes such a package into the active run, else into a run of its own. Arguments as in `save_model`."""
    given = {
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
    source, options = _asked(python_model, artifacts, loader_module, data_path, model_config, given)
    return saving.log_model(PyfuncFlavor(), source, name or artifact_path or saving.NAME, options, source.name)


def _asked(
    python_model: Any,
    artifacts: Mapping[str, Any] | None,
    loader_module: str | None,
    data_path: str | os.PathLike[str] | None,
    model_config: Config | None,
    given: Mapping[str, Any],
) -> tuple[Source, Options]:
    config = read_config(model_config)
    known = {name: value for name, value in given.items() if value is not None and name not in WITHOUT_MEANING}
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
