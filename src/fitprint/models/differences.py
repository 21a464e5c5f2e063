"""How this environment differs from the one that a package was made in, as far as the package says."""

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
UNKNOWN = "installed from elsewhere, perhaps"
UNREADABLE = "not read: no requirement"

PYTHON = "Python"
_SERVED_WITH = frozenset({"mlflow", "mlflow-skinny"})
_OF_WEIGHT = frozenset({MINOR, MAJOR, OTHER})
_HEADER = ("", "package", "here", "")


@dataclass(frozen=True)
class Difference:
    """One distribution that the package names, or Python itself."""

    name: str
    wanted: str
    """The versions as the package says them, such as ``==2.4.6``; empty for any."""
    installed: str | None
    meaning: str

    @property
    def pinned(self) -> str:
        """The one version that is wanted, else all that is said."""
        return self.wanted[2:] if re.fullmatch(r"==[^,*]+", self.wanted) else self.wanted


def differences(folder: Path, document: Mapping[str, Any]) -> list[Difference]:
    """A row for Python and for each requirement of a package, those that are the same too. Never raises."""
    rows = []
    python = recorded_python(document)
    if python is not None:
        here = platform.python_version()
        rows.append(Difference(PYTHON, f"=={python}", here, _between(python, here)))
    return rows + _of_requirements(recorded_requirements(folder))


def table(found: Sequence[Difference]) -> str:
    """All rows as plain text, aligned; empty for none."""
    cells = [(each.name, each.pinned or "any", each.installed or "not installed", each.meaning) for each in found]
    if not cells:
        return ""
    rows = [_HEADER, *(tuple(map(_printable, row)) for row in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def summary(found: Iterable[Difference]) -> str | None:
    """The versions that differ by more than a patch, on one line; None when there are none."""
    rows = [each for each in found if each.meaning in _OF_WEIGHT]
    named = [f"{_printable(each.name)} {_printable(each.pinned)} (here {each.installed})" for each in rows]
    return f"made with {', '.join(named)}" if named else None


def report(folder: Path, document: Mapping[str, Any], found: Sequence[Difference], also: Iterable[str] = ()) -> str:
    """The table, and the command that rebuilds the environment; empty where the package tells nothing of it."""
    if not found:
        return ""
    command = rebuild_command(folder, document, also)
    return f"The environment it was made in, beside this one:\n{table(found)}\nTo rebuild it:\n{command}"


def _of_requirements(read: PackageRequirements) -> list[Difference]:
    rows = []
    for line in read.requirements:
        rows += _row(line, read.constraints)
    named = {normal_name(row.name) for row in rows}
    for line in read.constraints:
        if requirement_lines.name_of(line) not in named:
            rows += [row for row in _row(line, ()) if row.installed is not None]  # it limits, and asks for nothing
    return rows + [Difference(line, "", None, UNREADABLE) for line in read.unreadable]


def _row(line: str, constraints: Sequence[str]) -> list[Difference]:
    """The row of a line; none where its marker says that this environment needs no such thing."""
    name, text = requirement_lines.simple(line) or ("", "")
    if name and not constraints:  # most lines are told from without the parser
        installed, shown = _installed(name)
        if installed is None or text in ("", f"=={_plain(installed)}"):
            return [Difference(name, text, shown, _absent(name) if installed is None else SAME)]
    wanted = requirement_lines.parsed(line)
    if not _applies(wanted.marker):
        return []
    versions = wanted.specifier
    for limit in map(requirement_lines.parsed, constraints):
        if normal_name(limit.name) == normal_name(wanted.name) and _applies(limit.marker):
            versions &= limit.specifier
    installed, shown = _installed(wanted.name)
    if installed is None:
        meaning = _absent(wanted.name)
    else:
        meaning = UNKNOWN if wanted.url else _meaning(versions, installed)
    return [Difference(wanted.name, f"@ {wanted.url}" if wanted.url else str(versions), shown, meaning)]


def _applies(marker: Any) -> bool:
    try:
        return marker is None or bool(marker.evaluate({"extra": ""}))
    except ValueError:  # it compares with a name that pip does not know either
        return True


def _installed(name: str) -> tuple[str | None, str | None]:
    """The installed version, bare and as it is shown: with the distribution that holds the module of this name."""
    found = distributions.version(name)
    if found is not None:
        return found, found
    module = name.replace("-", "_")
    other = distributions.of_module(module)
    if other is None and module.isidentifier() and importlib.util.find_spec(module) is not None:
        other = next(iter(metadata.packages_distributions().get(module, ())), None)
    found = distributions.version(other) if other else None
    return found, f"{found} (of {other})" if found else None


def _absent(name: str) -> str:
    return UNNEEDED if normal_name(name) in _SERVED_WITH else MISSING


def _meaning(versions: Any, installed: str) -> str:
    pins = [each.version for each in versions if each.operator == "==" and not each.version.endswith(".*")]
    try:
        if versions.contains(installed, prereleases=True):
            return SAME
    except ValueError:  # a version that is none
        return OTHER
    return _between(pins[0], installed) if pins else OTHER


def _between(wanted: str, installed: str) -> str:
    """What the first part that differs says of two versions."""
    ours, theirs = _numbers(installed), _numbers(wanted)
    if ours[:1] != theirs[:1]:
        return MAJOR
    if ours[:2] != theirs[:2]:
        return MINOR
    return SAME if _plain(installed) == _plain(wanted) else PATCH


def _numbers(version: str) -> list[int]:
    release = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return [int(each) for each in release[1].split(".")] if release else []


def _plain(version: str | None) -> str | None:
    """Without the label of a local build, as requirements are written."""
    return None if version is None else version.partition("+")[0]


def _printable(text: str) -> str:
    """A text of the package for a terminal: short, and without what would steer it."""
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return "".join(each if each.isprintable() else "?" for each in short)


ENVIRONMENT = "rebuilt-env"


def rebuild_command(folder: Path, document: Mapping[str, Any], also: Iterable[str] = ()) -> str:
    """One line for a POSIX shell; the environment becomes the folder ``rebuilt-env``. ``also``: further requirements.

    pip is given the file only if each of its lines is a requirement; else those that are, one by one: a package must
    not choose where pip installs from.
    """
    read = recorded_requirements(folder)
    if read.source == REQUIREMENTS and not read.unreadable:
        wanted = ["-r", str(folder.absolute() / REQUIREMENTS)]
    else:
        wanted = read.requirements
    python = ".".join((recorded_python(document) or "3").split(".")[:2])
    make = f"python{python} -m venv {ENVIRONMENT}"
    install = " ".join(map(shlex.quote, [*wanted, *also]))
    return f"{make} && {ENVIRONMENT}/bin/python -m pip install {install}" if install else make
