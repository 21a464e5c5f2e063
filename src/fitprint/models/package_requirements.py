"""What a package says of the environment it was made in: its requirements and its Python.

It is read, never executed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fitprint._core.signal_handlers import own
from fitprint.models import bounded_yaml
from fitprint.models.errors import PackageError
from fitprint.models.package_paths import member
from fitprint.models.requirement_lines import DEEPEST, LARGEST_FILE, logical_lines, parsed, simple

REQUIREMENTS, CONDA, VIRTUALENV = "requirements.txt", "conda.yaml", "python_env.yaml"
_PYTHON = re.compile(r"\d+\.\d+(\.\d+)?\w*", re.ASCII)
_CONDA_PYTHON = re.compile(r"python\s*={1,2}\s*(\d+\.\d+(?:\.\d+)?)(=\S+|\.\*)?", re.ASCII)
_CONDA_PIN = re.compile(r"([\w.-]+)={1,2}(\d[\w.]*)(=\w+)?")


@dataclass
class PackageRequirements:
    """The lines of a package, sorted by whether they can be read."""

    source: str | None = None
    """The file that they were read from."""
    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass
class RecordedEnvironment:
    """The environment that a package asks for, as far as an installer of Python's distributions can make it."""

    lines: PackageRequirements
    python: str | None = None
    """The version of Python; None if the package names none."""
    others: list[str] = field(default_factory=list)
    """The lines of conda.yaml that only conda could install."""


def recorded_environment(folder: Path, document: Mapping[str, Any]) -> RecordedEnvironment:
    """Return the environment that a package asks for.

    It is that of python_env.yaml, else of requirements.txt, else what conda.yaml says for Python and pip. Nothing is
    raised: what cannot be read is listed as unreadable, and a package without any of these files has no source.
    """
    environment = RecordedEnvironment(PackageRequirements(), recorded_python(document))
    if (folder / VIRTUALENV).exists():
        _of_virtualenv(folder, environment)
    elif (folder / REQUIREMENTS).exists():
        environment.lines = recorded_requirements(folder)
    elif (folder / CONDA).exists():
        _of_conda(folder, environment)
    return environment


def _of_virtualenv(folder: Path, environment: RecordedEnvironment) -> None:
    document, read = _yaml(folder, VIRTUALENV), environment.lines
    read.source = VIRTUALENV
    lines = document.get("dependencies") or [] if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(lines, list):
        read.unreadable.append(VIRTUALENV)
        return
    python = document.get("python")
    if isinstance(python, str) and _PYTHON.fullmatch(python):
        environment.python = python
    _sort(folder, "\n".join(map(str, lines)), False, read, 0)


def _of_conda(folder: Path, environment: RecordedEnvironment) -> None:
    environment.lines.source = CONDA
    lines: list[str] = []
    for entry in _conda_entries(folder, environment.lines):
        python = _CONDA_PYTHON.fullmatch(entry.strip()) if isinstance(entry, str) else None
        if isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            lines += map(str, entry["pip"])
        elif python:
            environment.python = python[1]
        elif not re.fullmatch(r"pip\b.*", str(entry)):
            environment.others.append(str(entry))
    _sort(folder, "\n".join(lines), False, environment.lines, 0)


def recorded_python(document: Mapping[str, Any]) -> str | None:
    """Return the version of Python that an MLmodel document names, or None."""
    flavors = document.get("flavors")
    generic = flavors.get("python_function") if isinstance(flavors, Mapping) else None
    version = generic.get("python_version") if isinstance(generic, Mapping) else None
    return version if isinstance(version, str) and _PYTHON.fullmatch(version) else None


def recorded_requirements(folder: Path) -> PackageRequirements:
    """Return the lines of requirements.txt, else those of conda.yaml, with the constraint files inside the package.

    Nothing is raised: what cannot be read is listed as unreadable.
    """
    requirements = PackageRequirements()
    if (folder / REQUIREMENTS).exists():
        requirements.source = REQUIREMENTS
        _read(folder, REQUIREMENTS, False, requirements, 0)
    elif (folder / CONDA).exists():
        requirements.source = CONDA
        _sort(folder, "\n".join(_conda_lines(folder, requirements)), False, requirements, 0)
    return requirements


def _read(folder: Path, name: str, constrains: bool, read: PackageRequirements, depth: int) -> None:
    text = _text(folder, name)
    if text is None or depth >= DEEPEST:
        read.unreadable.append(name if depth == 0 else f"{'-c' if constrains else '-r'} {name}")
    else:
        _sort(folder, text, constrains, read, depth)


def _sort(folder: Path, text: str, constrains: bool, read: PackageRequirements, depth: int) -> None:
    for line in logical_lines(text):
        if line.file is not None:
            kind, name = line.file
            _read(folder, name, constrains or kind == "-c", read, depth + 1)
        elif _is_requirement(line.text):
            (read.constraints if constrains else read.requirements).append(line.text)
        else:
            read.unreadable.append(line.text)


def _is_requirement(line: str) -> bool:
    if len(line.splitlines()) > 1:  # pip breaks lines at rarer characters too, and would find an option behind one
        return False
    if simple(line):
        return True
    try:
        parsed(line)
    except ValueError:
        return False
    return True


def _text(folder: Path, name: str) -> str | None:
    """Return the text of a file inside the package, or None if it is missing, too large, not UTF-8, or outside."""
    try:
        path = member(folder, name)
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            return None
        return path.read_bytes().decode("utf-8-sig")
    except own(PackageError, OSError, UnicodeDecodeError):
        return None


def _conda_lines(folder: Path, read: PackageRequirements) -> list[str]:
    """Return the requirements in conda.yaml: its pip section, and what it pins for conda itself, written as for pip."""
    lines: list[str] = []
    for entry in _conda_entries(folder, read):
        pinned = _CONDA_PIN.fullmatch(entry) if isinstance(entry, str) else None
        if pinned and pinned[1] not in ("python", "pip"):
            lines.append(f"{pinned[1]}=={pinned[2]}")
        elif isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            lines += map(str, entry["pip"])
    return lines


def _conda_entries(folder: Path, read: PackageRequirements) -> list[Any]:
    document = _yaml(folder, CONDA)
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        read.unreadable.append(CONDA)
        return []
    return dependencies


def _yaml(folder: Path, name: str) -> Any:
    try:
        return bounded_yaml.load((_text(folder, name) or "").encode("utf-8"))
    except bounded_yaml.YamlError:
        return None
