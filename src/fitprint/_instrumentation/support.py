"""Whether the installed framework is in the range that a plugin supports; checked before the plugin is imported.

The range is in the ``instruments`` extra of the plugin's metadata. Each requirement names a distribution that contains
the framework, and the first one that is installed counts. Without any requirement every version is supported.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata

from fitprint.models import distributions

EXTRA = "instruments"


@dataclass(frozen=True)
class Support:
    """The installed version of a framework, and whether it is supported.

    Attributes:
        version: The installed version, or None where it cannot be found out.
        range: The supported versions, for the user.
        reason: Why the version is not supported; None if it is.
    """

    version: str | None
    range: str
    reason: str | None = None


def check_support(plugin: metadata.Distribution | None, modules: tuple[str, ...]) -> Support:
    """Check the version of a framework against the range that its plugin supports; import neither.

    Args:
        plugin: The distribution of the plugin.
        modules: The top-level modules of the framework.

    Returns:
        The version, the range, and the reason if the one is not in the other.
    """
    requirements = _instruments(plugin)
    if not requirements:
        return Support(_module_version(modules), "any")
    supported = " or ".join(f"{name} {specifier}" for name, specifier in requirements)
    # metadata has them in alphabetical order, with what a framework builds on among them
    of_modules = [entry for entry in requirements if entry[0].replace("-", "_").startswith(modules)]
    for name, specifier in of_modules + [entry for entry in requirements if entry not in of_modules]:
        version = distributions.installed_version(name)
        if version is not None:
            return Support(version, supported, _reason(name, version, specifier))
    version = _module_version(modules)
    if version is None:
        return Support(None, supported)
    return Support(version, supported, _reason(modules[0], version, requirements[0][1]))


def _instruments(plugin: metadata.Distribution | None) -> list[tuple[str, str]]:
    from packaging.requirements import Requirement

    instruments = []
    for line in (plugin.requires if plugin is not None else None) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is not None and marker.evaluate({"extra": EXTRA}) and not marker.evaluate({"extra": ""}):
            instruments.append((requirement.name, str(requirement.specifier)))
    return instruments


def _reason(name: str, version: str, specifier: str) -> str | None:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        installed = Version(version)
    except InvalidVersion:
        return f"{name} {version} is installed, and that version cannot be compared with {specifier}"
    if SpecifierSet(specifier).contains(installed, prereleases=True):
        return None
    return f"{name} {version} is installed, but {specifier} is supported"


def _module_version(modules: tuple[str, ...]) -> str | None:
    for name in modules:
        version = getattr(sys.modules.get(name), "__version__", None) or distributions.installed_version(name)
        if isinstance(version, str):
            return version
    return None
