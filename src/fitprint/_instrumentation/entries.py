"""The flavors that are registered through entry points. Nothing of a plugin is imported to know them."""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from fitprint._settings.env_vars import check_own_names

if TYPE_CHECKING:
    from fitprint.plugin.contract import Flavor

FLAVORS, IMPORTS = "fitprint.flavors", "fitprint.imports"
REFUSED = frozenset({"models", "plugin", "pyfunc", "stores", "testing"})
"""The names of fitprint's public modules, which a flavor cannot have."""


@dataclass
class Entry:
    """One registered flavor."""

    name: str
    point: metadata.EntryPoint
    modules: tuple[str, ...]
    """The top-level modules that wake it."""
    problem: str | None = None
    """Why it cannot be used, whatever is installed."""
    _flavor: Flavor | None = field(default=None, repr=False)

    @property
    def plugin(self) -> metadata.Distribution | None:
        """The distribution that registers it."""
        return getattr(self.point, "dist", None)

    @property
    def plugin_name(self) -> str:
        """The name of that distribution."""
        return self.plugin.name if self.plugin is not None else self.point.value

    @property
    def loaded(self) -> Flavor | None:
        """The flavor itself where it has been imported already."""
        return self._flavor

    def flavor(self) -> Flavor:
        """The flavor itself, imported now.

        Raises what its import raises, TypeError for what is no flavor, ValueError for a setting that cannot be one.
        """
        if self._flavor is None:
            from fitprint.plugin.contract import API_VERSION, Flavor

            found = self.point.load()
            made = found() if isinstance(found, type) else found
            if not isinstance(made, Flavor):
                raise TypeError(f"{self.point.value} is no fitprint flavor")
            check_own_names(made.settings)
            if made.api_version != API_VERSION:
                raise TypeError(
                    f"{self.plugin_name} was written for version {made.api_version} of the plugin API; this fitprint "
                    f"has version {API_VERSION}: install versions of both that fit"
                )
            made.name = self.name
            self._flavor = made
        return self._flavor


def discover(points: Any = None) -> dict[str, Entry]:
    """The registered flavors by name, each with what is wrong with its registration.

    ``points``: what `importlib.metadata.entry_points()` gives, where it has been asked already.
    """
    points = metadata.entry_points() if points is None else points
    wakes: dict[str, list[str]] = {}
    for point in points.select(group=IMPORTS):
        wakes.setdefault(point.value, []).append(point.name)
    found: dict[str, Entry] = {}
    for point in points.select(group=FLAVORS):
        modules = tuple(sorted(wakes.get(point.value, ()))) or (point.name,)
        entry = Entry(point.name, point, modules)
        twin = found.setdefault(point.name, entry)
        if twin.point.value != point.value:
            twin.problem = f"{twin.plugin_name} and {entry.plugin_name} both register it: uninstall one"
        if point.name in REFUSED or not point.name.isidentifier():
            entry.problem = f"{point.name!r} cannot be a flavor's name: it is taken, or no Python name"
    return found


def missing_plugins(entries: dict[str, Entry]) -> dict[str, str]:
    """Frameworks that are importable while their plugin is not installed: name to the pip command.

    The names come from fitprint's own extras.
    """
    extras = own_extras()
    woken = {module for entry in entries.values() for module in entry.modules}
    return {
        name: f'pip install "fitprint[{name}]"'
        for name in extras
        if name != "all" and name not in entries and name not in woken and _importable(name)
    }


@functools.cache
def own_extras() -> tuple[str, ...]:
    """The names of fitprint's extras. From the text of its metadata: a parser would cost a millisecond at start-up."""
    try:
        text = metadata.distribution("fitprint").read_text("METADATA") or ""
    except metadata.PackageNotFoundError:  # running from a bare source tree
        return ()
    head = text.partition("\n\n")[0].splitlines()
    return tuple(line.partition(": ")[2] for line in head if line.startswith("Provides-Extra: "))


def _importable(name: str) -> bool:
    if not re.fullmatch(r"\w+", name):
        return False
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
