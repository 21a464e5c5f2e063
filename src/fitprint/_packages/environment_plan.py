"""Deciding what has to be installed to rebuild the environment of a package, before anything is installed.

Only requirements that an index knows by name are installed. A package must not decide where they come from: options,
paths and URLs are refused, with the way out that is left to the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._packages.own_distributions import OwnParts, own_parts
from fitprint._packages.resolve import GENERIC
from fitprint.models import mlmodel
from fitprint.models.environment import imported_by, source_files
from fitprint.models.errors import PackageError
from fitprint.models.named_files import code_folders
from fitprint.models.package_paths import is_plain_name
from fitprint.models.package_requirements import recorded_environment
from fitprint.models.requirement_lines import name_of, parsed, printable, simple

SERVE = "serve"
"""The extra of fitprint that serving needs."""
WAY_OUT = "make an environment yourself, install fitprint[serve] into it, and name its interpreter with --env PYTHON"
_SERVED_WITH = ("mlflow", "mlflow-skinny")


@dataclass(frozen=True)
class EnvironmentPlan:
    """What an environment is made of.

    Args:
        python: The version of Python that the package names, or None.
        requirements: The package's requirements.
        constraints: The package's constraints on what these bring.
        own: fitprint, its plugins and what they require.
        left_out: What the package names and is not installed, each with the reason.
    """

    python: str | None
    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    own: OwnParts
    left_out: tuple[tuple[str, str], ...] = ()


def plan_of(folder: Path, document: Mapping[str, Any]) -> EnvironmentPlan:
    """Read what the environment of a package is made of. Nothing of the package is executed.

    Args:
        folder: The folder of the package.
        document: Its MLmodel document.

    Raises:
        PackageError: The package says nothing of its environment, or has a line that is not installed.
    """
    environment = recorded_environment(folder, document)
    lines = environment.lines
    if lines.source is None:
        raise PackageError(f"{folder} has no file that says what its environment was: {WAY_OUT}")
    for line in lines.unreadable:
        raise PackageError(
            f"{folder}: its environment is not rebuilt, because {lines.source} has {printable(line)}, which is not a "
            f"requirement by name (an option, an index, a path and a URL are refused): {WAY_OUT}"
        )
    for line in (*lines.requirements, *lines.constraints):
        if not simple(line) and parsed(line).url is not None:
            raise PackageError(
                f"{folder}: its environment is not rebuilt, because {lines.source} has {printable(line)}, and what a "
                f"package names by a URL is not installed: {WAY_OUT}"
            )
    left_out = [(line, "only conda installs it") for line in environment.others]
    requirements = lines.requirements
    if not _code_imports_mlflow(folder, document):
        left_out += [(line, "fitprint serves without it") for line in requirements if name_of(line) in _SERVED_WITH]
        requirements = [line for line in requirements if name_of(line) not in _SERVED_WITH]
    own = own_parts(flavors_of(document), SERVE)
    return EnvironmentPlan(environment.python, tuple(requirements), tuple(lines.constraints), own, tuple(left_out))


def flavors_of(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the flavors that may be needed to load a package, the one that wrote it first."""
    names = [document.get(mlmodel.WRITER), *document["flavors"]]
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and name != GENERIC))


def _code_imports_mlflow(folder: Path, document: Mapping[str, Any]) -> bool:
    """Return whether the package's own code imports MLflow; a pickle that names it is loaded without."""
    places = [folder / name for name in code_folders(document) if is_plain_name(name)]
    files = [(file, file.name) for place in places if place.is_dir() for file in source_files(place)]
    return "mlflow" in imported_by(files)
