"""From a path or a ``runs:/`` URI to a package, its flavor and the model in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from fitprint._autolog import entries
from fitprint._flavor import Flavor
from fitprint._registry.entries import missing_plugins
from fitprint._run.reading import configured_store
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.package import member
from fitprint.models.signature import ModelSignature

GENERIC = "python_function"


@dataclass(frozen=True)
class Loaded:
    """A package's native model with what its MLmodel says."""

    folder: Path
    document: Mapping[str, Any]
    flavor: Flavor
    model: Any


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


def load(uri: str | os.PathLike[str], wanted: str | None = None) -> Loaded:
    """Loads the native model of a package. ``wanted``: the flavor it must have; else the one its loader belongs to."""
    folder = folder_of(uri)
    document = mlmodel.read(folder)
    flavors = document["flavors"]
    name = wanted or _native_flavor(folder, flavors)
    config = flavors.get(name)
    if not isinstance(config, dict):
        raise PackageError(f"{folder} has no flavor {name}; it has: {', '.join(map(str, flavors))}")
    flavor = _flavor(name)
    _add_code(folder, config)
    return Loaded(folder, document, flavor, flavor.load(folder, config))


def load_native(uri: str | os.PathLike[str], name: str) -> Any:
    """The native model of a package that has this flavor."""
    return load(uri, name).model


def signature_of(document: Mapping[str, Any], folder: Path) -> ModelSignature | None:
    """The signature an MLmodel holds, or None. Raises PackageError for one that cannot be read."""
    found = document.get("signature")
    if not found:
        return None
    try:
        return ModelSignature.from_dict(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PackageError(f"{folder}: its signature cannot be read: {error}") from None


def _native_flavor(folder: Path, flavors: Mapping[str, Any]) -> str:
    """The flavor whose loader the generic one names; without a generic one, the only registered flavor there is."""
    generic = flavors.get(GENERIC)
    loader = str(generic.get("loader_module", "")) if isinstance(generic, dict) else ""
    names = [str(name) for name in flavors if name != GENERIC]
    for name in names:
        if loader.rpartition(".")[2] == name or len(names) == 1:
            return name
    raise PackageError(f"{folder} has no flavor that can be loaded here; it has: {', '.join(names) or 'none'}")


def _flavor(name: str) -> Flavor:
    known = entries()
    if name in known:
        return known[name].flavor()
    command = missing_plugins(known).get(name, f'pip install "fitprint[{name}]"')
    raise PackageError(f"the flavor {name} is not installed here: {command}")


def _add_code(folder: Path, config: Mapping[str, Any]) -> None:
    """Puts a package's own code where imports find it first, as MLflow's reader does."""
    code = config.get("code")
    if code:
        place = str(member(folder, code))
        if place not in sys.path:
            sys.path.insert(0, place)
