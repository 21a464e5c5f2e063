"""The command that rebuilds the environment a package was made in, for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fitprint.models.package_requirements import REQUIREMENTS, recorded_python, recorded_requirements

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
