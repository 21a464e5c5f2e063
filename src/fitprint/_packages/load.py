"""One load: folder, MLmodel, flavor, code, model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._packages.code_path import add_code
from fitprint._packages.compatibility import environment_told, refuse_another_python
from fitprint._packages.resolve import GENERIC, choose, folder_of
from fitprint._settings.layers import current
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.signature import ModelSignature
from fitprint.models.trust import ALL, allows_code, check
from fitprint.plugin.flavor import Flavor

EXTERNAL = "mlflow.model.isExternal"
TRUSTED_TYPES = "skops_trusted_types"
"""A flavor finds here the types that may be made: the caller's, and the package's own where all of it is trusted."""


@dataclass(frozen=True)
class Loaded:
    """A package's native model with what its MLmodel says."""

    folder: Path
    document: Mapping[str, Any]
    flavor: Flavor
    model: Any

    @property
    def generic(self) -> Mapping[str, Any]:
        """What MLmodel says for the generic flavor; empty where the model cannot predict."""
        found = self.document["flavors"].get(GENERIC)
        return found if isinstance(found, dict) else {}

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the flavor predicts, or what the method gives that MLmodel names in place of ``predict``."""
        method = self.generic.get("predict_fn") or "predict"
        if method == "predict":
            return self.flavor.predict(self.model, data, params)
        return getattr(self.model, method)(data)

    def check(self) -> None:
        """Raises PackageError where MLmodel names a method that the model does not have."""
        method = self.generic.get("predict_fn") or "predict"
        if method == "predict":
            return
        if not isinstance(method, str) or method.startswith("_") or not callable(getattr(self.model, method, None)):
            kind = type(self.model).__name__
            raise PackageError(f"{self.folder}: {kind} has no method {method!r}, which its MLmodel names as predict_fn")


def load(
    uri: str | os.PathLike[str],
    wanted: str | None = None,
    *,
    generic: Flavor | None = None,
    trust: str | None = None,
    digest: str | None = None,
    trusted_types: Iterable[str] = (),
) -> Loaded:
    """Loads the native model of a package.

    ``wanted``: the flavor it must have; else the one its loader belongs to. ``generic``: see `choose`. ``trust``,
    ``digest``: see `trust.check`; by default what the setting `trust` says. ``trusted_types``: those that a format
    which names its types may make.
    """
    folder = folder_of(uri)
    document = mlmodel.read(folder)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and metadata.get(EXTERNAL) is True:
        raise PackageError(f"{folder}: its files are kept elsewhere, as its metadata says ({EXTERNAL})")
    flavor, config = choose(folder, document["flavors"], wanted, generic)
    level = trust if trust is not None else current().settings(flavor.name).trust
    check(folder, document, level, digest=digest, reason=flavor.needs_trust(config))
    refuse_another_python(folder, document, config)
    if allows_code(level):
        add_code(folder, config)
    types = {*trusted_types, *(config.get(TRUSTED_TYPES) or () if level == ALL else ())}
    with environment_told(folder, document):
        model = flavor.load(folder, {**config, TRUSTED_TYPES: sorted(types)})
    return Loaded(folder, document, flavor, model)


def load_native(uri: str | os.PathLike[str], name: str, **options: Any) -> Any:
    """The native model of a package that has this flavor; options as for `load`."""
    return load(uri, name, **options).model


def signature_of(document: Mapping[str, Any], folder: Path) -> ModelSignature | None:
    """The signature an MLmodel holds, or None. Raises PackageError for one that cannot be read."""
    found = document.get("signature")
    if not found:
        return None
    try:
        return ModelSignature.from_dict(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PackageError(f"{folder}: its signature cannot be read: {error}") from None
