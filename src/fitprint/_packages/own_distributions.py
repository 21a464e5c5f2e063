"""Installing fitprint and its plugins into another environment, in exactly the versions that are installed here.

They are copied from where they are installed here, because an index may have another version, or none: fitprint may be
installed for editing. What they require is left to the installer.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fitprint._instrumentation.registry import entries
from fitprint._version import __version__
from fitprint.models import distributions
from fitprint.models.errors import PackageError
from fitprint.models.requirement_lines import normal_name

OWN = "fitprint"
_COMPILED = (".so", ".pyd", ".dylib")


@dataclass(frozen=True)
class Copied:
    """A distribution that is copied: its modules and what an installer would write about it.

    Args:
        distribution: The installed distribution.
        source: Its top-level module: a folder, or a file.
    """

    distribution: metadata.Distribution
    source: Path

    def to(self, site: Path) -> None:
        """Copy it into the folder of an environment's distributions."""
        name = normal_name(self.distribution.name).replace("-", "_")
        about = site / f"{name}-{self.distribution.version}.dist-info"
        about.mkdir()
        for file in ("METADATA", "entry_points.txt"):
            (about / file).write_text(self.distribution.read_text(file) or "", "utf-8")
        (about / "INSTALLER").write_text(OWN, "utf-8")
        if self.source.is_dir():
            shutil.copytree(self.source, site / self.source.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(self.source, site)

    def identity(self) -> list[str]:
        """Return what changes whenever a file of it does: in a tree of sources the version stays the same."""
        files = sorted(self.source.rglob("*.py")) if self.source.is_dir() else [self.source]
        about = [(file, file.stat()) for file in files]
        return [f"{file} {stat.st_size} {stat.st_mtime_ns}" for file, stat in about]


@dataclass(frozen=True)
class OwnParts:
    """What another environment needs of fitprint.

    Args:
        copied: The distributions that are copied.
        requirements: What they require, and the plugins that an index must have.
    """

    copied: tuple[Copied, ...]
    requirements: tuple[str, ...]


def own_parts(flavors: Iterable[str], extra: str) -> OwnParts:
    """Return fitprint with one of its extras, and the plugins of flavors.

    Args:
        flavors: The names of the flavors. One that no plugin is known for is passed over.
        extra: The name of the extra.

    Raises:
        PackageError: fitprint is not installed as a distribution, so that nothing says what it requires.
    """
    try:
        own = metadata.distribution(OWN)
    except metadata.PackageNotFoundError:
        raise PackageError(
            "fitprint is imported from its sources and not installed here, so its requirements are unknown: install it"
        ) from None
    copied = {OWN: Copied(own, Path(__file__).parents[1])}
    requirements: list[str] = _requirements(own, extra)
    for flavor in flavors:
        plugin = _plugin(flavor)
        if plugin is not None and plugin.distribution.name not in copied:
            copied[plugin.distribution.name] = plugin
            requirements += _requirements(plugin.distribution, "")
        elif plugin is None:
            requirements += plugin_requirement(flavor)
    names = {*map(normal_name, copied)}
    others = [line for line in requirements if _name(line) not in names]
    return OwnParts(tuple(copied.values()), tuple(dict.fromkeys(others)))


def plugin_requirement(flavor: str) -> list[str]:
    """Return the requirement of a flavor's plugin, as fitprint's extra of this name or the installed plugin says it."""
    entry = entries().get(flavor) or next((entry for entry in entries().values() if flavor in entry.formats), None)
    try:
        lines = [
            line for line in _requirements(metadata.distribution(OWN), flavor) if _name(line).startswith(f"{OWN}-")
        ]
    except metadata.PackageNotFoundError:
        lines = []
    if lines or entry is None or entry.plugin is None:
        return lines
    return [f"{entry.plugin.name}=={entry.plugin.version}"]


def own_requirement(extra: str) -> str:
    """Return the requirement of this version of fitprint with one of its extras."""
    return f"{OWN}[{extra}]=={__version__}"


def _plugin(flavor: str) -> Copied | None:
    """Return the installed plugin of a flavor, or None if there is none that can be copied."""
    known = entries()
    entry = known.get(flavor) or next((entry for entry in known.values() if flavor in entry.formats), None)
    if entry is None or entry.plugin is None:
        return None
    module = entry.point.module.partition(".")[0]
    place = distributions.file_of(module)
    if place is None:
        return None
    path = Path(place)
    source = path.parent if path.stem == "__init__" else path
    files = source.rglob("*") if source.is_dir() else [source]
    if any(file.suffix in _COMPILED for file in files):
        return None  # it may be compiled for this version of Python alone
    return Copied(entry.plugin, source)


def _requirements(distribution: metadata.Distribution, extra: str) -> list[str]:
    from packaging.requirements import Requirement

    lines = []
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            requirement.marker = None
            lines.append(str(requirement))
    return lines


def _name(line: str) -> str:
    from packaging.requirements import Requirement

    return normal_name(Requirement(line).name)
