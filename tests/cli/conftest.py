"""Running the command: inside this process, in one of its own, and at a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

PACKAGES = Path(__file__).parents[1] / "fixtures" / "mlflow" / "models"
SECONDS = 120  # far above what any command takes


@pytest.fixture
def invoke() -> Callable[..., Result]:
    """Runs a command in this process. No error of Python's may come out of it."""

    def run(*arguments: object, status: int = 0) -> Result:
        from fitprint.cli.application import fitprint

        result = CliRunner().invoke(fitprint, [str(argument) for argument in arguments], prog_name="fitprint")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def document(invoke: Callable[..., Result]) -> Callable[..., Any]:
    """What a command prints with --json, read back; strict: no bare NaN."""

    def run(*arguments: object, status: int = 0) -> Any:
        def refuse(name: str) -> None:
            raise AssertionError(f"no strict JSON: {name}")

        return json.loads(invoke(*arguments, "--json", status=status).stdout, parse_constant=refuse)

    return run


@pytest.fixture
def command(starts_processes: None) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python -m fitprint` in a process of its own."""

    def run(*arguments: object, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "fitprint", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, **variables},
            timeout=SECONDS,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == status, (done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def terminal(starts_processes: None) -> Callable[..., str]:
    """Runs `python -m fitprint`, or a program, at a terminal of some width.

    It gives all that is shown there, colours included.
    """

    def run(width: int, *arguments: object, program: str | None = None, **variables: str) -> str:
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", **variables}
        for name in {"COLUMNS", "LINES", "NO_COLOR"} - {*variables}:
            environment.pop(name, None)
        process = subprocess.Popen(
            [sys.executable, *(["-c", program] if program else ["-m", "fitprint"]), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=its,
            env=environment,
        )
        os.close(its)
        shown = b""
        while block := _read(ours):
            shown += block
        os.close(ours)
        assert process.wait(SECONDS) == 0, shown
        return shown.decode("utf-8").replace("\r\n", "\n")

    return run


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how a terminal says on Linux that its other side is closed
        return b""


@pytest.fixture
def without_colours() -> Callable[[str], str]:
    return lambda text: re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def package(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of one of MLflow's packages, to be looked at and to be broken."""

    def copied(name: str) -> Path:
        return Path(shutil.copytree(PACKAGES / name, tmp_path / "packages" / name))

    return copied


@pytest.fixture
def sealed(tmp_path: Path) -> Callable[..., Path]:
    """A package as fitprint seals it, checksums included, around the files given."""

    def made(**files: bytes) -> Path:
        from fitprint.models import mlmodel
        from fitprint.models.package import Package

        package = Package(tmp_path / "staging")
        for name, content in files.items():
            with package.open(name) as file:
                file.write(content)
        flavors = mlmodel.flavors("toy", {"data": "model.bin"}, "toy.loader", {}, None)
        package.write("MLmodel", mlmodel.to_yaml(mlmodel.describe(flavors=flavors, metadata={"team": "a"})))
        package.write("requirements.txt", "# made by hand\ntoy==1.0\n\n")
        package.seal(tmp_path / "sealed")
        return tmp_path / "sealed"

    return made
