"""``fitprint.<flavor>``: for every registered flavor, third-party ones too, a namespace of its own."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fitprint._api import autolog as _autolog
from fitprint._api.status import status
from fitprint._core import html as _html
from fitprint._instrumentation.entries import REFUSED, missing_plugins
from fitprint._packages import save as saving
from fitprint._packages.load import load_native
from fitprint._packages.options import read_options
from fitprint._packages.save import ModelInfo
from fitprint.plugin.flavor import Flavor


class FlavorNamespace:
    """The calls of one flavor."""

    def __init__(self, name: str) -> None:
        self.__name__ = f"fitprint.{name}"
        self._name = name

    def autolog(self, *, disable: bool = False, **settings: Any) -> None:
        """Turns on this flavor; its settings win over those of the general `fitprint.autolog()`."""
        _autolog.autolog_flavor(self._name, disable=disable, **settings)

    def log_model(
        self, model: Any = None, artifact_path: str | None = None, *, name: str | None = None, **options: Any
    ) -> ModelInfo:
        """Writes a package of a model with this flavor; see `fitprint.log_model` for where, and for the options."""
        flavor = self._flavor()
        model = _model_among(flavor, model, options)
        return saving.log_model(flavor, model, name or artifact_path or saving.NAME, read_options(flavor, options))

    def save_model(self, model: Any = None, path: str | Path | None = None, **options: Any) -> None:
        """Writes a package of a model with this flavor into a new or an empty folder."""
        flavor = self._flavor()
        model = _model_among(flavor, model, options)
        if path is None:
            raise TypeError(f"{self.__name__}.save_model() needs the path of a folder: save_model(model, path)")
        saving.save_model(flavor, model, path, read_options(flavor, options))

    def _flavor(self) -> Flavor:
        return _autolog.entries()[self._name].flavor()

    def load_model(
        self,
        model_uri: str | Path,
        *,
        trust: str | None = None,
        digest: str | None = None,
        trusted_types: Sequence[str] = (),
    ) -> Any:
        """The native object of a package; arguments as for `fitprint.load_model`.

        Raises PackageError for a broken package, one without this flavor, and one that is not trusted.
        """
        return load_native(model_uri, self._name, trust=trust, digest=digest, trusted_types=trusted_types)

    def __repr__(self) -> str:
        return f"<fitprint flavor {self._name}>"

    def _repr_html_(self) -> str:
        rows = [each for each in status() if each.name == self._name]
        return _html.table(("flavor", "version", "state"), [(each.name, each.version, each.state) for each in rows])


def _model_among(flavor: Flavor, model: Any, options: dict[str, Any]) -> Any:
    """The model of a call, given as the first argument or under MLflow's name of it. Raises TypeError without one."""
    named = options.pop(flavor.model_argument, None)
    model = model if model is not None else named
    if model is None:
        raise TypeError(f"fitprint.{flavor.name}: there is no model to save: give it as the first argument")
    return model


@functools.cache
def namespace(name: str) -> FlavorNamespace | None:
    """The namespace of a registered flavor, or None."""
    return FlavorNamespace(name) if name in _autolog.known_flavors() else None


def module_or_flavor(name: str) -> Any:
    """For `fitprint.<name>`: a public module, or a registered flavor's namespace.

    Raises AttributeError, which says what to install where a plugin is missing.
    """
    if name in REFUSED:
        return importlib.import_module(f"fitprint.{name}")
    found = namespace(name)
    if found is not None:
        return found
    command = missing_plugins(_autolog.entries()).get(name)
    mend = f"; its plugin is not installed: {command}" if command else ""
    raise AttributeError(f"module 'fitprint' has no attribute {name!r}{mend}")
