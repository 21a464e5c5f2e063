"""Interpreters of Python on this machine: the one of a version, and one that a user names."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fitprint._core.signal_handlers import own
from fitprint._packages.own_distributions import own_requirement
from fitprint._version import __version__
from fitprint.models.errors import PackageError

OLDEST = (3, 11)
"""The oldest Python that fitprint runs on."""
_SECONDS = 120
_MINOR = "import sys; print('%d.%d' % sys.version_info[:2])"
_SERVES = "import starlette, uvicorn, prometheus_client, fitprint.serving, fitprint._version as v; print(v.__version__)"
_OF_THIS_PROCESS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_OF_INSTALLERS = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_PYTHON",
    "UV_PYTHON",
    "UV_PROJECT_ENVIRONMENT",
)


def clean_environment() -> dict[str, str]:
    """Return the variables of this process without those that lead another Python, or its installer, elsewhere."""
    away = {*_OF_THIS_PROCESS, *_OF_INSTALLERS}
    return {name: value for name, value in os.environ.items() if name not in away}


def interpreter_of(version: str | None) -> str:
    """Return an interpreter of this machine that has the minor version of Python given; this one if there is none.

    Args:
        version: Such as ``3.12.1``.

    Raises:
        PackageError: There is none, or fitprint does not run on it.
    """
    if version is None:
        return sys.executable
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))  # 3.13rc1 is a 3.13 too
    minor = ".".join(map(str, numbers))
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise PackageError(
            f"the package was made with Python {version}, and fitprint needs Python {oldest} or newer: serve it in "
            "another environment, with --env current or --env PYTHON"
        )
    for candidate in _candidates(minor):
        if _printed(candidate, _MINOR) == minor:
            return candidate
    raise PackageError(
        f"the package was made with Python {version}, and no Python {minor} was found on this machine: install it, or "
        "name another interpreter that has fitprint[serve] with --env PYTHON"
    )


def checked_interpreter(text: str) -> tuple[str, str]:
    """Return the path of an interpreter that a user names, and its version of fitprint.

    Raises:
        PackageError: It is no interpreter, or cannot import fitprint with what serving needs.
    """
    path = shutil.which(os.path.expanduser(text))
    if path is None:
        raise PackageError(
            f"--env {text}: there is no such interpreter; give current, package, or the path of a Python"
        )
    path = os.path.abspath(path)  # not resolved: the interpreter of a virtual environment is a link
    if _printed(path, "print(1)") != "1":
        raise PackageError(f"--env {text}: it does not run Python code, so it is not an interpreter of Python")
    version = _output([path, "-P", "-c", _SERVES], dict(os.environ))  # as it will be run, user's own paths included
    if version is None:
        requirement = own_requirement("serve")
        raise PackageError(
            f"--env {text}: it cannot import fitprint with what serving needs; {path} -m pip install '{requirement}'"
        )
    return path, version


def serves(interpreter: str) -> bool:
    """Return whether an interpreter imports this version of fitprint with what serving needs."""
    return _printed(interpreter, _SERVES) == __version__


def _candidates(minor: str) -> Iterator[str]:
    if minor == ".".join(map(str, sys.version_info[:2])):
        yield sys.executable
    named = shutil.which(f"python{minor}")
    if named:
        yield named
    folder = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")
    yield from sorted(glob.glob(os.path.join(glob.escape(folder), "versions", f"{minor}.*", "bin", "python")))[::-1]
    launcher = shutil.which("py") if os.name == "nt" else None
    if launcher and (path := _printed(launcher, "import sys; print(sys.executable)", f"-{minor}")):
        yield path
    if uv := uv_command():
        path = _output([uv, "python", "find", "--no-python-downloads", "--no-project", minor])
        if path:
            yield path


def uv_command() -> str | None:
    """Return the path of uv: on the path of commands, or beside this interpreter; None if it is on neither."""
    return shutil.which("uv") or shutil.which("uv", path=os.path.dirname(sys.executable))


def _printed(interpreter: str, code: str, *options: str) -> str | None:
    """Return what a line of code prints in another interpreter, or None if it fails there."""
    return _output([interpreter, *options, "-I", "-c", code])


def _output(command: list[str], environment: dict[str, str] | None = None) -> str | None:
    variables = clean_environment() if environment is None else environment
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, env=variables, stdin=subprocess.DEVNULL
        )
    except own(OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
