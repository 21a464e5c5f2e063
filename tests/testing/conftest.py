"""The toy on the conformance kit, whole or broken in one way: a run of pytest inside this one."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fitprint.cli.application import fitprint
from fitprint.testing.bench import module_of
from fitprint.testing.packages import write_golden

HERE = Path(__file__).parent
OPTIONS = "-q -s -rs --import-mode=importlib -p no:cacheprovider -p no:xdist -W error".split()  # noqa: SIM905

REQUIREMENTS = "    def requirements(self, model):"
WITH_DATA = {
    REQUIREMENTS: f"""\
    def data(self, call):
        return call.argument("rows")

    def sample(self, call):
        return [1.0] if call.loop is not None else self.data(call)

{REQUIREMENTS}"""
}
"""The toy of the other tests has no data for a signature."""


@dataclass
class Outcome:
    """How it ended, and what it printed."""

    code: int
    text: str


@pytest.fixture
def checked(toy: Any, tmp_path: Path, starts_processes: None) -> Callable[..., Outcome]:
    """Runs the kit on the toy. ``plugin``, ``tests``: from texts in its files to others; ``more``: further tests."""

    def run(
        only: str = "", plugin: dict[str, str] | None = None, tests: dict[str, str] | None = None, more: str = ""
    ) -> Outcome:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        file = folder / "test_toy.py"
        replace(toy.site / "fitprint_toy.py", WITH_DATA)
        shutil.copy(HERE / "toy_conformance.py", file)
        if not only or "golden" in only:
            kind = module_of(str(file)).TestToy
            for case in kind.cases:
                write_golden("toy", case, folder / "golden")
            forget()
        replace(toy.site / "fitprint_toy.py", plugin or {})
        replace(file, tests or {})
        file.write_text(file.read_text() + more)
        (folder / "pytest.ini").write_text("[pytest]\n")
        printed = io.StringIO()
        command = [*OPTIONS, "-c", str(folder / "pytest.ini"), *(["-k", only] if only else []), str(file)]
        with contextlib.redirect_stdout(printed):
            code = pytest.main(command)
        return Outcome(int(code), printed.getvalue())

    yield run
    forget()


def forget() -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in ("toylearn", "fitprint_toy", "toy_loader", "test_toy", "project"):
            del sys.modules[name]
    sys.modules["fitprint.testing.reset"].forget_everything()


def replace(file: Path, texts: dict[str, str]) -> None:
    found = file.read_text()
    for old, new in texts.items():
        assert old in found, f"{file.name} no longer has {old!r}"
        found = found.replace(old, new)
    file.write_text(found)


@pytest.fixture
def run_cli() -> Callable[..., str]:
    """Runs a command of fitprint in this process, and gives what it prints."""

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(fitprint, list(arguments))
        assert done.exit_code == code, done.output
        return done.output

    return run
