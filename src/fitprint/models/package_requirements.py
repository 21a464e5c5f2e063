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
from fitprint.models.package import member
from fitprint.models.requirement_lines import DEEPEST, LARGEST_FILE, logical_lines, parsed, simple

REQUIREMENTS, CONDA = "requirements.txt", "conda.yaml"
_PYTHON = re.compile(r"\d+\.\d+(\.\d+)?\w*")
_CONDA_PIN = re.compile(r"([\w.-]+)={1,2}(\d[\w.]*)(=\w+)?")


@dataclass
class PackageRequirements:
    """The lines of a package, sorted by whether they can be read."""

    source: str | None = None
    """The file that they were read from."""
    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


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
    try:
        document = bounded_yaml.load((_text(folder, CONDA) or "").encode("utf-8"))
    except bounded_yaml.YamlError:
        document = None
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        read.unreadable.append(CONDA)
        return []
    lines: list[str] = []
    for entry in dependencies:
        pinned = _CONDA_PIN.fullmatch(entry) if isinstance(entry, str) else None
        if pinned and pinned[1] not in ("python", "pip"):
            lines.append(f"{pinned[1]}=={pinned[2]}")
        elif isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            lines += map(str, entry["pip"])
    return lines
