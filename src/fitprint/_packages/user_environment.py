"""The environment that a user chooses for a package: other requirements, more of them, or a conda environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fitprint._core.privacy import in_force
from fitprint._packages.options import Options
from fitprint.models import environment
from fitprint.models.mlmodel import to_yaml


@dataclass
class Environment:
    """What the environment files of a package say."""

    requirements: list[str]
    constraints: list[str] = field(default_factory=list)
    conda: str | None = None
    """The text of conda.yaml where a user gave one."""


def chosen(options: Options, detect: Callable[[], list[str]]) -> Environment:
    """The environment of a package, with user info of URLs hidden. ``detect`` is asked only where it is needed.

    Raises ValueError for a line that is no requirement, naming it.
    """
    found = _chosen(options, detect)
    hide = in_force().looks  # the names here are those of distributions
    found.requirements, found.constraints = [*map(hide, found.requirements)], [*map(hide, found.constraints)]
    found.conda = hide(found.conda) if found.conda is not None else None
    return found


def _chosen(options: Options, detect: Callable[[], list[str]]) -> Environment:
    if options.conda_env is not None:
        return _of_conda(options.conda_env)
    given = options.pip_requirements if options.pip_requirements is not None else options.extra_pip_requirements
    if given is None:
        return Environment(detect())
    from fitprint.models import requirement_lines

    read = requirement_lines.read(given)
    lines = read.requirements if options.pip_requirements is not None else [*detect(), *read.requirements]
    return Environment(_with_mlflow(requirement_lines.merged(lines)), read.constraints)


def _of_conda(given: Mapping[str, Any] | str) -> Environment:
    """A conda environment as it is, with mlflow among its pip requirements."""
    from fitprint.models import requirement_lines

    content = _conda_content(given)
    dependencies = list(content.get("dependencies") or [])
    pip: list[str] = next((each["pip"] for each in dependencies if isinstance(each, dict) and "pip" in each), [])
    read = requirement_lines.read(pip)
    lines = _with_mlflow(read.requirements)
    if isinstance(content.get("variables"), dict):
        content["variables"] = in_force().inside(content["variables"])
    others = [each for each in dependencies if not (isinstance(each, dict) and "pip" in each)]
    return Environment(lines, read.constraints, to_yaml({**content, "dependencies": [*others, {"pip": lines}]}))


def _conda_content(given: Mapping[str, Any] | str | os.PathLike[str]) -> dict[str, Any]:
    import yaml

    if isinstance(given, Mapping):
        return dict(given)
    try:
        found = yaml.safe_load(Path(given).read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{given} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{given} is no conda environment: it holds no mapping")
    return found


def _with_mlflow(lines: list[str]) -> list[str]:
    """Servers build their environment from these lines, and serve with mlflow."""
    from fitprint.models import requirement_lines

    if any(requirement_lines.name_of(each) in ("mlflow", "mlflow-skinny") for each in lines):
        return list(lines)
    return [environment.MLFLOW, *lines]
