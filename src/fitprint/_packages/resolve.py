"""From what a user names a package by to its folder, and to the flavor that loads it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from fitprint._api.autolog import entries
from fitprint._instrumentation.entries import missing_plugins
from fitprint._runs.read import configured_store
from fitprint.models.errors import PackageError
from fitprint.models.package import member
from fitprint.plugin.flavor import Flavor


def folder_of(uri: str | os.PathLike[str]) -> Path:
    """The folder of a package: a path, a ``file:`` URL, or ``runs:/<run_id>/<name>`` in the configured store.

    Raises PackageError for another scheme, StoreError for an unknown run.
    """
    text = os.fspath(uri)
    if text.startswith("runs:/"):
        run_id, _, name = text.removeprefix("runs:/").strip("/").partition("/")
        return member(configured_store().folder(run_id), name or "model")
    if text.startswith("file:"):
        text = unquote(urlparse(text).path)
    if "://" in text or text.startswith("models:/"):
        raise PackageError(f"{text}: only folders, file: URLs and runs:/<run_id>/<name> are loaded")
    return Path(text)


GENERIC = "python_function"
_MLFLOW = "mlflow"
Chosen = tuple[Flavor, Mapping[str, Any]]


def choose(folder: Path, flavors: Mapping[str, Any], wanted: str | None, generic: Flavor | None) -> Chosen:
    """The flavor that loads a package, and the map of MLmodel that it is given.

    ``generic`` loads the packages whose loader belongs to no flavor: python models, and loader modules of users.
    Raises PackageError where no flavor can be found, with the plugin to install where one is missing.
    """
    about = flavors.get(GENERIC)
    names = [str(name) for name in flavors if name != GENERIC]
    if wanted is None and isinstance(about, dict):
        loader = about.get("loader_module")
        if not isinstance(loader, str) or not loader:
            raise PackageError(f"{folder}: its MLmodel names no loader_module that could load it")
        wanted = _owner(folder, loader, names, about)
        if wanted is None and generic is not None:
            return generic, about
    elif wanted is None and len(names) == 1:
        wanted = names[0]
    if wanted is None:
        raise PackageError(f"{folder} has no flavor that can be loaded here; it has: {', '.join(names) or 'none'}")
    config = flavors.get(wanted)
    if config is None and isinstance(about, dict) and wanted == _named_by_mlflow(str(about.get("loader_module"))):
        config = about  # a hand-made folder: the generic flavor alone names the file
    if not isinstance(config, dict):
        raise PackageError(f"{folder} has no flavor {wanted}; it has: {', '.join(map(str, flavors))}")
    return registered(wanted), config


def registered(name: str) -> Flavor:
    """A registered flavor. Raises PackageError, with the plugin to install, for another name."""
    known = entries()
    if name in known:
        return known[name].flavor()
    command = missing_plugins(known).get(name, f'pip install "fitprint[{name}]"')
    raise PackageError(f"the flavor {name} is not installed here: {command}")


def _owner(folder: Path, loader: str, names: list[str], about: Mapping[str, Any]) -> str | None:
    """The flavor that a loader module belongs to, or None for the generic ones."""
    if loader.partition(".")[0] == _MLFLOW:
        return _named_by_mlflow(loader)
    known = entries()
    for name in names:
        if name in known and known[name].flavor().loader_module == loader:
            return name
    unknown = [name for name in names if name not in known]
    if unknown and not _is_there(folder, loader, about):
        return unknown[0]  # the loader of a plugin that is not installed
    return None


def _named_by_mlflow(loader: str) -> str | None:
    """``mlflow.<flavor>`` is the loader of that flavor; those below ``mlflow.pyfunc`` belong to none."""
    top, _, name = loader.partition(".")
    return name.partition(".")[0] if top == _MLFLOW and name and not name.startswith("pyfunc") else None


def _is_there(folder: Path, loader: str, about: Mapping[str, Any]) -> bool:
    """Whether a loader module can be imported, as far as its top-level name tells."""
    top = loader.partition(".")[0]
    code = about.get("code")
    if isinstance(code, str) and any((folder / code / each).exists() for each in (top, f"{top}.py")):
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
