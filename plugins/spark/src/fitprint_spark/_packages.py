"""Write and read models in the layout of MLflow's spark flavor: a PipelineModel, as Spark itself writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyspark
import yaml
from pyspark.ml import PipelineModel
from pyspark.ml.util import MLWritable

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, attempt, member
from fitprint_spark import _allowlist, _files, _jobs, _schemas
from fitprint_spark._stages import last_stage, leaves

FOLDER = "sparkml"

_SINGLE = "single_stage"
"""The key that says that the model was no pipeline: MLflow writes one around it, and returns that."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a model, with a pipeline around it unless it is one.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        PackageError: The model cannot be written.
    """
    if _jobs.context() is None:
        raise PackageError("with Spark Connect, Spark writes to the disks of the server, where fitprint cannot read it")
    allowed = _schemas.known(model).allowed
    refused = _allowlist.refused(model, allowed) if allowed is not None else None
    if refused is not None:
        raise PackageError(f"{refused} is not on the list of allowed models (log_model_allowlist)")
    unwritable = [type(part).__name__ for part in (model, *leaves(model)) if not isinstance(part, MLWritable)]
    if unwritable:
        raise PackageError(
            f"{unwritable[0]} cannot be written: derive the class from pyspark.ml.util.DefaultParamsWritable and "
            "DefaultParamsReadable"
        )
    pipeline = model if isinstance(model, PipelineModel) else PipelineModel([model])
    chosen = context.options.get("dfs_tmpdir") or _schemas.known(model).dfs_tmpdir
    _files.write(pipeline.write(), package, FOLDER, _files.tmpdir(chosen))
    own = sorted({type(part).__module__ for part in leaves(model)} - {"__main__"})
    if any(type(part).__module__ == "__main__" for part in leaves(model)):
        reason = "a class of its stages is defined in the script itself: put it into a module, which is copied too"
        context.skip("loading the model in another program", "spark", reason)
    keys = {
        "model_data": FOLDER,
        "model_class": f"{PipelineModel.__module__}.{PipelineModel.__qualname__}",
        "pyspark_version": pyspark.__version__,
        **({} if pipeline is model else {_SINGLE: True}),
    }
    columns = _schemas.columns_of(model, _jobs.session())
    if columns is not None and (columns.output is None or not _is_found_by_mlflow(model, columns.output)):
        reason = f"the model makes no column named {_schemas.PREDICTION!r}, which readers take as its prediction"
        context.skip("predictions of the package", "spark", reason)
        return SavedModel(keys, None, modules=own)
    return SavedModel(keys, {"data": FOLDER}, modules=own)


def _is_found_by_mlflow(model: Any, output: str) -> bool:
    """Return whether MLflow finds the predictions too: it calls the output column of the last stage ``prediction``."""
    return output == _schemas.PREDICTION or hasattr(last_stage(model), "setOutputCol")


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: Spark cannot load the model.
    """
    if str(config.get("model_class", "")).startswith("pyspark.ml.connect."):
        raise PackageError(f"{folder}: it holds a model of pyspark.ml.connect, which fitprint does not load")
    path = member(folder, config.get("model_data") or FOLDER)
    _jobs.session()
    with _files.readable(path, None) as place:
        loaded, model = attempt(PipelineModel.load, place)
    if not loaded:
        raise PackageError(f"{path} cannot be loaded by Spark: {type(model).__name__}: {_first_line(model)}") from model
    if config.get(_SINGLE):
        (model,) = model.stages
    _schemas.known(model).vectors = _vectors(folder)
    return model


def _vectors(folder: Path) -> tuple[str, ...] | None:
    """Return the columns that are vectors by the signature of a package; None if it has no signature of the inputs."""
    document = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    inputs = (document.get("signature") or {}).get("inputs")
    if not inputs:
        return None
    columns = json.loads(inputs)
    return tuple(str(one["name"]) for one in columns if one.get("type") == "sparkml_vector" and "name" in one)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]
