"""The flavors that plugins register through entry points; no plugin is imported to find them."""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from fitprint._settings.env_vars import check_own_names

if TYPE_CHECKING:
    from fitprint.plugin.contract import Flavor

FLAVORS, IMPORTS, FORMATS = "fitprint.flavors", "fitprint.imports", "fitprint.formats"
REFUSED = frozenset({"cli", "engines", "models", "plugin", "pyfunc", "stores", "testing"})
"""The names of fitprint's public modules, which a flavor cannot have."""


@dataclass
class Entry:
    """One registered flavor.

    Attributes:
        name: The name of the flavor.
        point: Its entry point.
        modules: The top-level modules whose import turns it on.
        problem: Why it cannot be used, whatever is installed; None if it can.
        others: The registered flavors by name, this one included.
        formats: Names of entries in MLmodel that are no flavors of their own, and that it reads.
    """

    name: str
    point: metadata.EntryPoint
    modules: tuple[str, ...]
    problem: str | None = None
    others: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    formats: tuple[str, ...] = ()
    _flavor: Flavor | None = field(default=None, repr=False)

    @property
    def plugin(self) -> metadata.Distribution | None:
        """The distribution of the plugin that registers it."""
        return getattr(self.point, "dist", None)

    @property
    def plugin_name(self) -> str:
        """The name of that distribution."""
        return self.plugin.name if self.plugin is not None else self.point.value

    @property
    def loaded(self) -> Flavor | None:
        """The flavor itself, or None before its plugin is imported."""
        return self._flavor

    def flavor(self) -> Flavor:
        """Return the flavor itself, and import its plugin if need be; raises whatever that import raises.

        Returns:
            The flavor.

        Raises:
            TypeError: If the entry point is not a flavor, or one of another version of the contract.
            ValueError: If a setting of the flavor has a name that a setting cannot have.
        """
        if self._flavor is None:
            from fitprint._instrumentation.api_version import check_version
            from fitprint.plugin.contract import Flavor

            loaded = self.point.load()
            flavor = loaded() if isinstance(loaded, type) else loaded
            if not isinstance(flavor, Flavor):
                raise TypeError(f"{self.point.value} is not a fitprint flavor")
            check_own_names(flavor.settings)
            check_version(flavor.api_version, self.plugin_name)
            flavor.name, flavor.registered = self.name, self.others
            self._flavor = flavor
        return self._flavor


def discover(points: Any = None) -> dict[str, Entry]:
    """Find the registered flavors.

    Args:
        points: What `importlib.metadata.entry_points()` returns, where that has been called already.

    Returns:
        The flavors by name, each with what is wrong with its registration.
    """
    points = metadata.entry_points() if points is None else points
    wakes: dict[str, list[str]] = {}
    for point in points.select(group=IMPORTS):
        wakes.setdefault(point.value, []).append(point.name)
    formats: dict[str, list[str]] = {}
    for point in points.select(group=FORMATS):
        formats.setdefault(point.value, []).append(point.name)
    entries: dict[str, Entry] = {}
    for point in points.select(group=FLAVORS):
        entry = Entry(point.name, point, _modules(point.name, wakes.get(point.value, ())), others=entries)
        entry.formats = tuple(formats.get(point.value, ()))
        twin = entries.setdefault(point.name, entry)
        if twin.point.value != point.value:
            twin.problem = (
                f"{twin.plugin_name} and {entry.plugin_name} both register this flavor: uninstall one of them"
            )
        if point.name in REFUSED or not point.name.isidentifier():
            entry.problem = f"{point.name!r} cannot be a flavor's name: it is taken, or is not a Python name"
    return entries


def _modules(name: str, others: Collection[str]) -> tuple[str, ...]:
    """Return the modules that turn a flavor on: those of the group ``fitprint.imports``, and the one of its own name.

    The flavor's name need not be the name of a module if others are registered.
    """
    own = {name} if not others or importable(name) else set()
    return tuple(sorted(own.union(others)))


def missing_plugins(entries: dict[str, Entry]) -> dict[str, str]:
    """Find frameworks and engines that can be imported while their plugin is not installed, by the names of the extras.

    Args:
        entries: The registered flavors.

    Returns:
        The pip command that installs the plugin, by the name of the framework.
    """
    from fitprint.models.distributions import installed_version  # late: `autolog()` imports this module

    woken = {module for entry in entries.values() for module in entry.modules}
    return {
        name: f'pip install "fitprint[{name}]"'
        for name in flavor_extras()
        if name not in entries
        and name not in woken
        and importable(name)
        # the plugin of an engine registers no flavor
        and installed_version(f"fitprint-{name}") is None
    }


@functools.cache
def flavor_extras() -> tuple[str, ...]:
    """The extras of fitprint that are named for a flavor: those that require the distribution ``fitprint-<extra>``.

    Other extras, such as ``all`` and ``testing``, are not among them. They are read from the text of the metadata,
    because parsing it would cost a millisecond at start-up.
    """
    try:
        text = metadata.distribution("fitprint").read_text("METADATA") or ""
    except metadata.PackageNotFoundError:  # running from a source tree that is not installed
        return ()
    head = text.partition("\n\n")[0]
    extras = re.findall(r"^Provides-Extra: (\S+)", head, re.MULTILINE)
    plugins = set(re.findall(r"^Requires-Dist: fitprint-([\w-]+)", head, re.MULTILINE))
    return tuple(extra for extra in extras if extra in plugins)


def importable(name: str) -> bool:
    """Return whether a framework can be imported. A folder of that name without code in it is none.

    Args:
        name: The name of a top-level module.
    """
    if not re.fullmatch(r"\w+", name):
        return False
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return name in sys.modules
    return spec is not None and spec.origin is not None
