"""Write and read models in the layout of MLflow's h2o flavor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h2o
import yaml
from h2o.exceptions import H2OError

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, member
from fitprint_h2o import loader
from fitprint_h2o._results import output_of

FOLDER = "model.h2o"
_FILE = "model"
_SETTINGS = "h2o.yaml"
BINARY, MOJO = "binary", "mojo"
_ENDPOINTS = {BINARY: "GET /3/Models.fetch.bin/{}", MOJO: "GET /3/Models/{}/mojo"}
"""The formats of the option ``format``, and where the cluster gives them."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a model in H2O's binary format, as it comes from the cluster, and what MLflow's reader asks for beside it.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The format is unknown, or H2O has none of this kind for the model.
    """
    form = context.options.get("format") or BINARY
    if form not in _ENDPOINTS:
        raise ValueError(f"format has to be one of {', '.join(_ENDPOINTS)}, not {form!r}")
    if form == MOJO and not model.have_mojo:
        raise ValueError(f"H2O writes no MOJO of {type(model).__name__}: leave the format out")
    with package.open(f"{FOLDER}/{_FILE}") as file:
        download(_ENDPOINTS[form].format(model.model_id), file.write)
    settings = {"full_file": f"{FOLDER}/{_FILE}", "model_dir": FOLDER, "model_file": _FILE}
    package.write(f"{FOLDER}/{_SETTINGS}", yaml.safe_dump(settings))
    keys = {"data": FOLDER, "h2o_version": h2o.__version__}
    if form == MOJO:
        return SavedModel({**keys, "format": MOJO}, loader_module="fitprint_h2o.loader")
    return SavedModel(keys, {} if predicts(model) else None)


def download(endpoint: str, write: Callable[[bytes], object]) -> None:
    """Download something from the cluster in blocks.

    The library saves what it downloads to a file. Here the blocks are taken on their way there, so that what is larger
    than is allowed is noticed before it is on the disk.

    Args:
        endpoint: The method and the path of the request.
        write: Takes a block.
    """

    def take(response: Any) -> str:
        if response.status_code == 200:
            blocks = response.iter_content

            def taken(*args: Any, **kwargs: Any) -> Any:
                for block in blocks(*args, **kwargs):
                    write(block)
                    yield b""

            response.iter_content = taken
        return os.devnull

    h2o.api(endpoint, save_to=take)


def predicts(model: Any) -> bool:
    """Return whether a model has predictions for rows: some only tell of the data, or transform it."""
    return output_of(model)["model_category"] not in ("Unknown", "WordEmbedding", "TargetEncoder")


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Upload the model of a package that fitprint or MLflow has written into the cluster.

    This takes the cluster that the process is connected to. If there is none, one is started as by ``h2o.init()``.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The package is damaged, or H2O refuses the model, such as that of another version.
    """
    place = member(folder, config.get("data", FOLDER))
    settings = _settings_in(place)
    path = member(place, settings.get("model_file"))
    loader.connect(settings.get("init") or {})
    try:
        if config.get("format") == MOJO:
            return h2o.upload_mojo(str(path))
        uploaded = h2o.api("POST /3/PostFile.bin", filename=str(path))["destination_frame"]
        try:
            described = h2o.api("POST /99/Models.upload.bin/", data={"dir": uploaded})["models"][0]
        finally:
            h2o.remove(uploaded)
        return h2o.get_model(described["model_id"]["name"])
    except H2OError as error:
        written = config.get("h2o_version")
        version_reason = (
            f"it was written by H2O {written}, this is {h2o.__version__}, and H2O reads only models of its own version"
        )
        reason = version_reason if written not in (None, h2o.__version__) else " ".join(str(error).split())[:500]
        raise PackageError(f"{path} cannot be loaded: {reason}") from error


def _settings_in(place: Path) -> Mapping[str, Any]:
    """Return the content of the file beside the model that names it."""
    path = member(place, _SETTINGS)
    try:
        settings = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError, OSError) as error:
        raise PackageError(f"{path} cannot be read: {type(error).__name__}") from error
    if not isinstance(settings, dict):
        raise PackageError(f"{path} is not a map of settings")
    return settings
