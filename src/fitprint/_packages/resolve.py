"""Finding the folder of the package that a user names, and the flavor that loads it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from fitprint._instrumentation.entries import missing_plugins
from fitprint._instrumentation.registry import entries
from fitprint._packages.loader_copy import is_copy
from fitprint._runs.read import configured_store
from fitprint._runs.record import OTHER_NAMES, read_record
from fitprint._runs.run import Run
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.package_paths import is_plain_name, member
from fitprint.plugin.contract import Flavor
from fitprint.stores import Store
from fitprint.stores.layout import RECORD


def folder_of(uri: str | os.PathLike[str] | Run) -> Path:
    """Return the file or folder that a caller names.

    Args:
        uri: A path, a ``file:`` URL, ``runs:/<run_id>/<name>`` in the configured store, or a run, whose model is meant.

    Raises:
        PackageError: The URI has another scheme, or the run has no model.
        StoreError: There is no such run.
    """
    if isinstance(uri, Run):
        return model_of(uri)
    text = os.fspath(uri)
    if text.startswith("runs:/"):
        run_id, _, name = text.removeprefix("runs:/").strip("/").partition("/")
        return in_run(run_id, name or "model", configured_store())
    if text.startswith("file:"):
        text = unquote(urlparse(text).path)
    scheme, colon, _ = text.partition(":")
    if colon and (f"{scheme}://" in text or scheme in _SCHEMES):
        advice = _SCHEMES.get(scheme, _DOWNLOAD).format(uri=text)
        raise PackageError(f"{text}: only folders, file: URLs and runs:/<run_id>/<name> can be loaded; {advice}")
    return Path(text)


def package_folder(uri: str | os.PathLike[str] | Run) -> Path:
    """Return the folder of a package; that of a run's model where a run or its folder is named.

    Args:
        uri: See `folder_of`.

    Raises:
        PackageError: The URI has another scheme, or the run has no model.
        StoreError: There is no such run.
    """
    folder = folder_of(uri)
    if (folder / mlmodel.NAME).exists():
        return folder
    if folder.parent.name == "artifacts" and (folder.parent.parent / folder.name / mlmodel.NAME).exists():
        return folder.parent.parent / folder.name  # where MLflow 2 has the packages of a run
    if not (folder / RECORD).is_file():
        return folder
    packages = sorted(path.parent for path in folder.glob(f"*/{mlmodel.NAME}"))
    named = [path for path in packages if path.name == "model"] or packages
    if len(named) == 1:
        return named[0]
    names = ", ".join(path.name for path in packages)
    raise PackageError(f"{folder} is the folder of a run with {'several models: ' + names if names else 'no model'}")


def in_run(run_id: str, name: str, store: Store) -> Path:
    """Return a package of a run, also by another name that it has, or one of the run's artifacts.

    Args:
        run_id: The id of the run.
        name: The name of the package or of the artifact.
        store: The store of the run.

    Raises:
        PackageError: The run has neither.
        StoreError: There is no such run.
    """
    folder = store.folder(run_id)
    if is_plain_name(name):
        if (folder / name).exists():
            return member(folder, name)
        if (folder / "artifacts" / name).exists():
            return member(folder, f"artifacts/{name}")
    models = read_record(store, run_id).models
    for own, about in models.items():
        if name in (about.get(OTHER_NAMES) or ()):
            return member(folder, own)
    raise PackageError(
        f"run {run_id} has no model or artifact {name!r:.200}; its models: {', '.join(models) or 'none'}"
    )


def model_of(run: Run) -> Path:
    """Return the package of a run's model.

    Raises:
        PackageError: It has none; the message says why.
    """
    if run.model_path is None:
        reasons = [f": {skip.reason}" for skip in run.skipped if skip.what == "model"]
        raise PackageError(f"run {run.run_id} has no model{reasons[0] if reasons else ''}")
    return run.model_path


_DOWNLOAD = "download it first: mlflow.artifacts.download_artifacts({uri!r}) returns the folder"
_SCHEMES = {
    "models": f"fitprint has no model registry; {_DOWNLOAD}",
    "mlflow-artifacts": _DOWNLOAD,
    "dbfs": "on Databricks, dbfs:/... is the folder /dbfs/...",
}
"""What to do where MLflow's URIs name something that is no folder."""


GENERIC = "python_function"
_MLFLOW = "mlflow"
Chosen = tuple[Flavor, Mapping[str, Any]]


def choose(
    folder: Path,
    flavors: Mapping[str, Any],
    flavor: str | None,
    generic: Flavor | None,
    writer: str | None = None,
) -> Chosen:
    """Choose the flavor that loads a package, and the entry of its MLmodel file that the flavor gets.

    Args:
        folder: The folder of the package.
        flavors: The entries of the MLmodel file.
        flavor: The flavor that it must have, or None.
        generic: Loads the packages whose loader belongs to no flavor: python models, and loader modules of users.
        writer: The flavor that wrote the package in the format of another one; it is chosen if the other one is not
            installed and it can read that format.

    Raises:
        PackageError: No flavor can load it; the message names the plugin to install if one is missing.
    """
    entry = flavors.get(GENERIC)
    names = [str(name) for name in flavors if name != GENERIC]
    if flavor is None and isinstance(entry, dict):
        loader = entry.get("loader_module")
        if not isinstance(loader, str) or not loader:
            raise PackageError(f"{folder}: its MLmodel file names no loader_module")
        flavor = _owner(folder, loader, names, entry, writer)
        if flavor is None and generic is not None:
            return generic, entry
    elif flavor is None and len(names) == 1:
        flavor = names[0]
    if flavor is None:
        raise PackageError(f"{folder} has no flavor that can be loaded here; it has: {', '.join(names) or 'none'}")
    config = flavors.get(flavor)
    if config is None and isinstance(entry, dict) and flavor == _named_by_mlflow(str(entry.get("loader_module"))):
        config = entry  # a hand-made folder: only the generic flavor names the file
    reader = flavor
    if config is None:
        config = next((flavors[name] for name in names if _reads_as_its_own(flavor, name, writer)), None)
    elif writer is not None and flavor not in entries() and _can_read(writer, flavor):
        reader = writer
    if not isinstance(config, dict):
        raise PackageError(f"{folder} has no flavor {flavor}; it has: {', '.join(map(str, flavors))}")
    return registered(reader), config


def registered(name: str) -> Flavor:
    """Return the registered flavor of a name, or else the one that reads the packages of a flavor of this name.

    Raises:
        PackageError: There is none; the message names the plugin to install.
    """
    known = entries()
    entry = known.get(name) or next((entry for entry in known.values() if name in entry.formats), None)
    if entry is not None:
        return entry.flavor()
    command = missing_plugins(known).get(name, f'pip install "fitprint[{name}]"')
    raise PackageError(f"the flavor {name} is not installed here: {command}")


def _reads_as_its_own(flavor: str, other: str, writer: str | None) -> bool:
    """Return whether a flavor reads the packages of another one: because it wrote this one, or as it always does."""
    known = entries()
    return (flavor in known and other in known[flavor].formats) or (flavor == writer and _can_read(writer, other))


def _can_read(name: Any, other: str) -> bool:
    """Return whether a flavor is installed and reads the packages of another one."""
    known = entries()
    return isinstance(name, str) and name in known and other in known[name].flavor().reads


def _owner(folder: Path, loader: str, names: list[str], about: Mapping[str, Any], writer: str | None) -> str | None:
    """Return the flavor that a loader module belongs to, or None for the generic ones."""
    if loader.partition(".")[0] == _MLFLOW:
        return _named_by_mlflow(loader)
    known = entries()
    for name in names:
        if name in known and (loader == (own := known[name].flavor()).loader_module or is_copy(loader, own)):
            return name
        if name not in known and _can_read(writer, name):
            return name
    unknown = [name for name in names if name not in known]
    if unknown and not _is_there(folder, loader, about):
        return unknown[0]  # the loader of a plugin that is not installed
    return None


def _named_by_mlflow(loader: str) -> str | None:
    """Return the flavor of the loader ``mlflow.<flavor>``; loaders below ``mlflow.pyfunc`` belong to none."""
    top, _, name = loader.partition(".")
    return name.partition(".")[0] if top == _MLFLOW and name and not name.startswith("pyfunc") else None


def _is_there(folder: Path, loader: str, about: Mapping[str, Any]) -> bool:
    """Return whether a loader module can be imported, judging by its top-level name."""
    top = loader.partition(".")[0]
    code = about.get("code")
    if isinstance(code, str) and any((folder / code / name).exists() for name in (top, f"{top}.py")):
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
