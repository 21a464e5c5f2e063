"""``fitprint.<flavor>``: for every registered flavor, third-party ones too, a namespace of its own."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

from fitprint import _autolog, _html
from fitprint._loading import load_native
from fitprint._registry.entries import missing_plugins
from fitprint._status import status


class FlavorNamespace:
    """The calls of one flavor."""

    def __init__(self, name: str) -> None:
        self.__name__ = f"fitprint.{name}"
        self._name = name

    def autolog(self, *, disable: bool = False, **settings: Any) -> None:
        """Turns on this flavor; its settings win over those of the general `fitprint.autolog()`."""
        _autolog.autolog_flavor(self._name, disable=disable, **settings)

    def load_model(self, model_uri: str | Path) -> Any:
        """The native object of a package. Raises PackageError for a broken package or one without this flavor."""
        return load_native(model_uri, self._name)

    def __repr__(self) -> str:
        return f"<fitprint flavor {self._name}>"

    def _repr_html_(self) -> str:
        rows = [each for each in status() if each.name == self._name]
        return _html.table(("flavor", "version", "state"), [(each.name, each.version, each.state) for each in rows])


@functools.cache
def namespace(name: str) -> FlavorNamespace | None:
    """The namespace of a registered flavor, or None."""
    return FlavorNamespace(name) if name in _autolog.known_flavors() else None


def module_or_flavor(name: str) -> Any:
    """For `fitprint.<name>`: a public module, or a registered flavor's namespace.

    Raises AttributeError, which says what to install where a plugin is missing.
    """
    if name in ("models", "pyfunc"):
        return importlib.import_module(f"fitprint.{name}")
    found = namespace(name)
    if found is not None:
        return found
    command = missing_plugins(_autolog.entries()).get(name)
    mend = f"; its plugin is not installed: {command}" if command else ""
    raise AttributeError(f"module 'fitprint' has no attribute {name!r}{mend}")
