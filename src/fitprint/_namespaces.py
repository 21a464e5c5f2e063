"""``fitprint.<flavor>``: for every registered flavor, third-party ones too, a namespace of its own."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from fitprint import _autolog, _html
from fitprint._loading import load_native
from fitprint._registry.entries import missing_plugins


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
        rows = [each for each in _autolog.status() if each.name == self._name]
        return _html.table(("flavor", "version", "state"), [(each.name, each.version, each.state) for each in rows])


@functools.cache
def namespace(name: str) -> FlavorNamespace | None:
    """The namespace of a registered flavor, or None."""
    return FlavorNamespace(name) if name in _autolog.known_flavors() else None


def missing_text(name: str) -> str:
    """How to get a flavor that is not installed, for an error message; empty when it is none of fitprint's own."""
    command = missing_plugins(_autolog.entries()).get(name)
    return f"; its plugin is not installed: {command}" if command else ""
