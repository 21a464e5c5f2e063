"""The environment that a user chooses for a package: other requirements, additional ones, or a conda environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
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
    """The text of conda.yaml if the user gave one."""


def chosen(options: Options, detect: Callable[[], list[str]]) -> Environment:
    """Return the environment of a package, with user names and passwords in URLs hidden.

    Args:
        options: What the user chose.
        detect: Returns the detected requirements; called only if they are needed.

    Raises:
        ValueError: A line is not a requirement; the message names it.
    """
    lines_or_file = options.pip_requirements if options.pip_requirements is not None else options.extra_pip_requirements
    if options.conda_env is not None:
        chosen_environment = _of_conda(options.conda_env)
    elif lines_or_file is not None:
        chosen_environment = _of_lines(lines_or_file, options, detect)
    else:
        return Environment(detect())  # names and versions of what is installed: there are no URLs among them
    hide = in_force().by_format  # the names here are those of distributions, not of secrets
    chosen_environment.requirements, chosen_environment.constraints = (
        [*map(hide, chosen_environment.requirements)],
        [*map(hide, chosen_environment.constraints)],
    )
    chosen_environment.conda = hide(chosen_environment.conda) if chosen_environment.conda is not None else None
    return chosen_environment


def _of_lines(lines_or_file: Iterable[str] | str, options: Options, detect: Callable[[], list[str]]) -> Environment:
    """Return the requirements that the user gave, in place of the detected ones or after them."""
    from fitprint.models import requirement_lines

    read = requirement_lines.read(lines_or_file)
    lines = read.requirements if options.pip_requirements is not None else [*detect(), *read.requirements]
    return Environment(_with_mlflow(requirement_lines.merged(lines)), read.constraints)


def _of_conda(conda_env: Mapping[str, Any] | str) -> Environment:
    """Return a conda environment as it is, with mlflow among its pip requirements."""
    from fitprint.models import requirement_lines

    content = _conda_content(conda_env)
    dependencies = list(content.get("dependencies") or [])
    pip: list[str] = next((entry["pip"] for entry in dependencies if isinstance(entry, dict) and "pip" in entry), [])
    read = requirement_lines.read(pip)
    lines = _with_mlflow(read.requirements)
    if isinstance(content.get("variables"), dict):
        content["variables"] = in_force().inside(content["variables"])
    others = [entry for entry in dependencies if not (isinstance(entry, dict) and "pip" in entry)]
    return Environment(lines, read.constraints, to_yaml({**content, "dependencies": [*others, {"pip": lines}]}))


def _conda_content(conda_env: Mapping[str, Any] | str | os.PathLike[str]) -> dict[str, Any]:
    import yaml

    if isinstance(conda_env, Mapping):
        return dict(conda_env)
    try:
        content = yaml.safe_load(Path(conda_env).read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{conda_env} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{conda_env} is not a conda environment: it holds no mapping")
    return content


def _with_mlflow(lines: list[str]) -> list[str]:
    """Add mlflow: servers build their environment from these lines, and serve with mlflow."""
    from fitprint.models import requirement_lines

    if any(requirement_lines.name_of(line) in ("mlflow", "mlflow-skinny") for line in lines):
        return list(lines)
    return [environment.MLFLOW, *lines]
