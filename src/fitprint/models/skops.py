"""The format skops: no pickle, loads only types that it knows or that the caller trusts."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fitprint.models.errors import PackageError
from fitprint.models.package import Package

FILE = "model.skops"


def save(model: Any, package: Package, known: Iterable[str] = ()) -> dict[str, Any]:
    """Writes a model as skops into ``model.skops``. Returns the keys that MLflow's flavors have for the format.

    Raises ValueError, naming them, for types that neither skops knows, nor ``known`` or ``skops_trusted_types`` name.
    """
    trusted = sorted({*known, *(package.options.get("skops_trusted_types") or ())})
    content = _skops_io().dumps(model)
    unknown = sorted(set(_skops_io().get_untrusted_types(data=content)) - set(trusted))
    if unknown:
        raise ValueError(
            f"skops does not know {', '.join(unknown)}: pass skops_trusted_types={unknown!r} to trust them"
        )
    with package.open(FILE) as file:
        file.write(content)
    package.modules.add("skops")
    return {"serialization_format": "skops", "skops_trusted_types": trusted}


def load(path: Path, trusted: Iterable[str]) -> Any:
    """Reads a model. Raises PackageError for a broken file, and for one with types that are not trusted."""
    io = _skops_io()
    trusted = list(trusted)
    try:
        unknown = sorted(set(io.get_untrusted_types(file=path)) - set(trusted))
        if unknown:
            raise PackageError(
                f"{path} holds types that are not trusted: {', '.join(unknown)}; trusted_types= allows them"
            )
        return io.load(path, trusted=trusted)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, ImportError, EOFError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def _skops_io() -> Any:
    try:
        return importlib.import_module("skops.io")
    except ImportError:
        raise PackageError("the format skops needs the package skops: pip install skops") from None
