"""Whether the installed framework is in the range that a plugin supports; asked before the plugin is imported.

The range stands once, in the ``instruments`` extra of the plugin's metadata. Each line names a distribution that
brings the framework; the first one installed counts. No line means: every version.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata

from fitprint.models import distributions

EXTRA = "instruments"


@dataclass(frozen=True)
class Support:
    """What is installed, what is supported, and why the one is not in the other (None when it is)."""

    version: str | None
    range: str
    reason: str | None = None


def check_support(plugin: metadata.Distribution | None, modules: tuple[str, ...]) -> Support:
    """Reads a plugin's supported range and the version of its framework; imports neither."""
    lines = _instruments(plugin)
    if not lines:
        return Support(_module_version(modules), "any")
    shown = " or ".join(f"{name} {specifier}" for name, specifier in lines)
    for name, specifier in lines:
        found = distributions.version(name)
        if found is not None:
            return Support(found, shown, _reason(name, found, specifier))
    found = _module_version(modules)
    if found is None:
        return Support(None, shown)
    return Support(found, shown, _reason(modules[0], found, lines[0][1]))


def _instruments(plugin: metadata.Distribution | None) -> list[tuple[str, str]]:
    from packaging.requirements import Requirement

    found = []
    for line in (plugin.requires if plugin is not None else None) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is not None and marker.evaluate({"extra": EXTRA}) and not marker.evaluate({"extra": ""}):
            found.append((requirement.name, str(requirement.specifier)))
    return found


def _reason(name: str, version: str, specifier: str) -> str | None:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        found = Version(version)
    except InvalidVersion:
        return f"{name} {version} has no version that can be compared with {specifier}"
    if SpecifierSet(specifier).contains(found, prereleases=True):
        return None
    return f"{name} {version} is installed, {specifier} is supported"


def _module_version(modules: tuple[str, ...]) -> str | None:
    for name in modules:
        found = getattr(sys.modules.get(name), "__version__", None) or distributions.version(name)
        if isinstance(found, str):
            return found
    return None
