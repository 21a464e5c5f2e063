"""Programs under `fitprint run`, in processes of their own, and the same programs without it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

SECONDS = 300  # far above what any program takes
RUN = (sys.executable, "-m", "fitprint", "run")
Done = subprocess.CompletedProcess


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file below the test's folder."""

    def to(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), "utf-8")
        return file

    return to


@pytest.fixture
def start(tmp_path: Path, starts_processes: None) -> Callable[..., Done[str]]:
    """Runs a command in the test's folder. ``env``: variables beside those of this process, None takes one away."""

    def run(*words: object, env: Mapping[str, str | None] | None = None, stdin: str = "", **more: Any) -> Done[str]:
        wanted = {**os.environ, **(env or {})}
        return subprocess.run(
            [str(word) for word in words],
            cwd=more.pop("cwd", tmp_path),
            env={name: value for name, value in wanted.items() if value is not None},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
            **more,
        )

    return run


@pytest.fixture
def launched(start: Callable[..., Done[str]]) -> Callable[..., Done[str]]:
    """Runs `fitprint run` with these words, which has to end with ``status``."""

    def run(*words: object, status: int = 0, **more: Any) -> Done[str]:
        done = start(*RUN, *words, **more)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def compared(start: Callable[..., Done[str]]) -> Callable[..., Done[str]]:
    """Runs a command bare and under `fitprint run`: status and output have to be the same. Returns the bare one.

    ``under``: what to give to `fitprint run` where that is another thing than the bare command.
    """

    def run(*words: object, under: tuple[object, ...] = (), **more: Any) -> Done[str]:
        bare = start(*words, **more)
        ours = start(*RUN, *(under or words), **more)
        assert (ours.returncode, ours.stdout, ours.stderr) == (bare.returncode, bare.stdout, bare.stderr)
        return bare

    return run


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., list[str]]:
    """The names of the runs of a store, sorted; by default of `fitprint-runs` in the test's folder."""

    def names(store: Path | None = None) -> list[str]:
        import fitprint

        folder = store or tmp_path / "fitprint-runs"
        return sorted(run.name for run in fitprint.runs(str(folder))) if folder.exists() else []

    return names
