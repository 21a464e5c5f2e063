"""A program run twice, recorded and not: what it shows of itself is the same."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import fitprint

BEGIN = "import sys; sys.argv[1] == 'recorded' and __import__('fitprint').autolog(quiet=True)\n"


@pytest.fixture
def same_output(run_python: Callable[..., subprocess.CompletedProcess[str]], toy: object, store: Path):
    """Runs a program of the toy's plain and recorded; standard output, standard error and exit status are the same.

    Returns the recorded one. ``runs``: how many it must have left, so that there was something to notice.
    """

    def run(program: str, runs: int = 1, **options: object) -> subprocess.CompletedProcess[str]:
        __tracebackhide__ = True
        text = BEGIN + textwrap.dedent(program)
        plain, recorded = (
            run_python(text, mode, name="program.py", check=False, **options) for mode in ("plain", "recorded")
        )
        assert recorded.stdout == plain.stdout
        assert recorded.stderr == plain.stderr
        assert recorded.returncode == plain.returncode
        assert len(fitprint.runs()) == runs
        return recorded

    return run
