"""How this environment differs from the one that a package was made in, as far as the package says.

A loader calls ``rows = differences(folder, document)`` with what `mlmodel.read` returned. If the load fails,
``report(folder, document, rows)`` is the table and the command that rebuilds the environment; if it works,
``summary(rows)`` is one line to log, or None if there is no important difference.

Nothing of the package is executed: lines that do not parse as requirements are listed and never used.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from fitprint.models import distributions, requirement_lines
from fitprint.models.package_requirements import (
    REQUIREMENTS,
    PackageRequirements,
    recorded_python,
    recorded_requirements,
)
from fitprint.models.requirement_lines import normal_name

SAME = "same"
PATCH = "another patch release"
MINOR = "another minor version"
MAJOR = "another major version"
OTHER = "another version"
MISSING = "missing"
UNNEEDED = "not needed to load it here"
UNKNOWN = "perhaps installed from elsewhere"
UNREADABLE = "not read: it is not a requirement"
NAMELESS = "not compared: an option of pip, or a requirement without a name"

PYTHON = "Python"
_SERVED_WITH = frozenset({"mlflow", "mlflow-skinny"})
_OF_WEIGHT = frozenset({MINOR, MAJOR, OTHER})
_HEADER = ("", "package", "here", "")


@dataclass(frozen=True)
class Difference:
    """One distribution that the package names, or Python itself."""

    name: str
    required: str
    """The versions that the package requires, such as ``==2.4.6``; empty for any."""
    installed: str | None
    meaning: str

    @property
    def pinned(self) -> str:
        """The one version that is required, else the requirement as it is."""
        return self.required[2:] if re.fullmatch(r"==[^,*]+", self.required) else self.required


def differences(folder: Path, document: Mapping[str, Any]) -> list[Difference]:
    """Return a row for Python and for each requirement of a package, also for those that are the same. Never raises."""
    rows = []
    python = recorded_python(document)
    if python is not None:
        here = platform.python_version()
        rows.append(Difference(PYTHON, f"=={python}", here, _between(python, here)))
    return rows + _of_requirements(recorded_requirements(folder))


def table(differences: Sequence[Difference]) -> str:
    """Return all rows as aligned plain text; an empty string if there are none."""
    cells = [
        (difference.name, difference.pinned or "any", difference.installed or "not installed", difference.meaning)
        for difference in differences
    ]
    if not cells:
        return ""
    rows = [_HEADER, *(tuple(map(_printable, row)) for row in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def summary(differences: Iterable[Difference]) -> str | None:
    """Return the versions that differ by more than a patch release on one line, or None if there are none."""
    important = [difference for difference in differences if difference.meaning in _OF_WEIGHT]
    named = [
        f"{_printable(difference.name)} {_printable(difference.pinned)} (here {difference.installed})"
        for difference in important
    ]
    return f"made with {', '.join(named)}" if named else None


def report(folder: Path, document: Mapping[str, Any], rows: Sequence[Difference], also: Iterable[str] = ()) -> str:
    """Return the table and the command that rebuilds the environment.

    Returns:
        The text, empty if the package says nothing of its environment.
    """
    if not rows:
        return ""
    command = rebuild_command(folder, document, also)
    return f"The environment that it was made in, and this one:\n{table(rows)}\nTo rebuild it:\n{command}"


def _of_requirements(read: PackageRequirements) -> list[Difference]:
    rows = []
    for line in read.requirements:
        rows += _row(line, read.constraints)
    named = {normal_name(row.name) for row in rows}
    for line in read.constraints:
        if requirement_lines.name_of(line) not in named:
            rows += [
                row for row in _row(line, ()) if row.installed is not None
            ]  # a constraint limits versions and does not require anything
    for line in read.unreadable:
        rows.append(Difference(line, "", None, NAMELESS if requirement_lines.is_nameless(line) else UNREADABLE))
    return rows


def _row(line: str, constraints: Sequence[str]) -> list[Difference]:
    """Return the row of a line, or nothing if its marker says that this environment does not need it."""
    name, text = requirement_lines.simple(line) or ("", "")
    if name and not constraints:  # most lines do not need the parser
        installed, label = _installed(name)
        if installed is None or text in ("", f"=={_plain(installed)}"):
            return [Difference(name, text, label, _absent(name) if installed is None else SAME)]
    requirement = requirement_lines.parsed(line)
    if not _applies(requirement.marker):
        return []
    versions = requirement.specifier
    for limit in map(requirement_lines.parsed, constraints):
        if normal_name(limit.name) == normal_name(requirement.name) and _applies(limit.marker):
            versions &= limit.specifier
    installed, label = _installed(requirement.name)
    if installed is None:
        meaning = _absent(requirement.name)
    else:
        meaning = UNKNOWN if requirement.url else _meaning(versions, installed)
    return [Difference(requirement.name, f"@ {requirement.url}" if requirement.url else str(versions), label, meaning)]


def _applies(marker: Any) -> bool:
    try:
        return marker is None or bool(marker.evaluate({"extra": ""}))
    except ValueError:  # it compares with a name that pip does not know either
        return True


def _installed(name: str) -> tuple[str | None, str | None]:
    """Return the installed version, bare and as it is shown: with the distribution that has the module of this name."""
    version = distributions.installed_version(name)
    if version is not None:
        return version, version
    module = name.replace("-", "_")
    other = distributions.distribution_of_module(module)
    if other is None and module.isidentifier() and importlib.util.find_spec(module) is not None:
        other = next(iter(metadata.packages_distributions().get(module, ())), None)
    version = distributions.installed_version(other) if other else None
    return version, f"{version} (of {other})" if version else None


def _absent(name: str) -> str:
    return UNNEEDED if normal_name(name) in _SERVED_WITH else MISSING


def _meaning(versions: Any, installed: str) -> str:
    pins = [
        specifier.version
        for specifier in versions
        if specifier.operator == "==" and not specifier.version.endswith(".*")
    ]
    try:
        if versions.contains(installed, prereleases=True):
            return SAME
    except ValueError:  # an invalid version
        return OTHER
    return _between(pins[0], installed) if pins else OTHER


def _between(required: str, installed: str) -> str:
    """Say which part of two versions is the first to differ."""
    ours, theirs = _numbers(installed), _numbers(required)
    if ours[:1] != theirs[:1]:
        return MAJOR
    if ours[:2] != theirs[:2]:
        return MINOR
    return SAME if _plain(installed) == _plain(required) else PATCH


def _numbers(version: str) -> list[int]:
    release = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return [int(number) for number in release[1].split(".")] if release else []


def _plain(version: str | None) -> str | None:
    """Return a version without the label of a local build, as it is written in requirements."""
    return None if version is None else version.partition("+")[0]


def _printable(text: str) -> str:
    """Return a text of the package for a terminal: short, and without control characters."""
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return "".join(letter if letter.isprintable() else "?" for letter in short)


ENVIRONMENT = "rebuilt-env"


def rebuild_command(folder: Path, document: Mapping[str, Any], also: Iterable[str] = ()) -> str:
    """Return the command that rebuilds the environment of a package: one line for a POSIX shell.

    The environment becomes the folder ``rebuilt-env``. pip gets the package's file only if each of its lines is a
    requirement; else it gets the lines that are, because a package must not decide where pip installs from.

    Args:
        folder: The folder of the package.
        document: Its MLmodel document.
        also: Further requirements.
    """
    read = recorded_requirements(folder)
    if read.source == REQUIREMENTS and not read.unreadable:
        required = ["-r", str(folder.absolute() / REQUIREMENTS)]
    else:
        required = read.requirements
    python = ".".join((recorded_python(document) or "3").split(".")[:2])
    make = f"python{python} -m venv {ENVIRONMENT}"
    install = " ".join(map(shlex.quote, [*required, *also]))
    return f"{make} && {ENVIRONMENT}/bin/python -m pip install {install}" if install else make
