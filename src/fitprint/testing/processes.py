"""Scripts in processes of their own: fresh ones, or forks of an interpreter that has imported the framework already.

A framework may take seconds to import, and a check that needs a process of its own seldom needs one in which nothing
is imported. In the fast mode the kit therefore starts one *warm* interpreter, which imports the framework and fitprint,
turns nothing on and trains nothing, and each script runs in a fork of it. For each Python with stock MLflow there is
another one, which imports the framework and MLflow. Checks in which the order of imports, or a process that knows
nothing, is what is tested get fresh interpreters in either mode.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

MODES = ("fast", "full")
HANGS_AFTER = 300
"""Seconds after which a script is taken to hang: far more than any needs."""

# read at import: tests may remove the caller's FITPRINT_* variables
_MODE = os.environ.get("FITPRINT_KIT") or "fast"


class Ended(NamedTuple):
    """How a script ended."""

    returncode: int | None
    """None when it still ran after `HANGS_AFTER` seconds."""
    stdout: str
    stderr: str


def is_fast() -> bool:
    """Return whether the variable ``FITPRINT_KIT`` chooses the fast mode, which is the default.

    The check fails if the variable has another value than ``fast`` and ``full``.
    """
    if _MODE not in MODES:
        pytest.fail(f"FITPRINT_KIT is {_MODE!r}; set it to fast or to full, or remove it for fast", pytrace=False)
    return _MODE == "fast"


def can_fork() -> bool:
    """Return whether a process that has imported a framework can be forked safely.

    Not on macOS, whose system libraries may abort in a forked child that uses them.
    """
    return hasattr(os, "fork") and sys.platform != "darwin"


def run_fresh(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Ended:
    """Run a command in a process that shares nothing with any other."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=HANGS_AFTER,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(None, "", "")
    return Ended(done.returncode, done.stdout, done.stderr)


class WarmInterpreter:
    """An interpreter that has imported some modules, and runs each script in a fork of itself.

    It is started for the first script, with the variables that hold then.

    Args:
        python: The interpreter, of this environment or of another.
    """

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._process: subprocess.Popen[str] | None = None

    def run(self, modules: Sequence[str], command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Ended:
        """Run a script.

        Args:
            modules: What the interpreter imports when it is started.
            command: The path of the script, and its arguments.
            folder: The working directory.
            env: The environment variables.
        """
        process = self._process or self._start(modules, folder, env)
        assert process.stdin is not None
        assert process.stdout is not None
        output = folder / "stdout.txt", folder / "stderr.txt"
        request = {"command": [*command], "folder": str(folder), "env": {**env}, "output": [*map(str, output)]}
        hangs = threading.Timer(HANGS_AFTER, self._kill)
        hangs.start()
        try:
            process.stdin.write(f"{json.dumps(request)}\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BaseException:
            self._kill()
            raise
        finally:
            hangs.cancel()
        stdout, stderr = (path.read_text("utf-8", "replace") if path.exists() else "" for path in output)
        if not answer:
            self.close()
        return Ended(int(answer) if answer else None, stdout, stderr)

    def close(self) -> None:
        """End the interpreter."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate()

    def _start(self, modules: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
        log = folder / "warm.txt"
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [self._python, str(Path(__file__).with_name("warm.py")), *modules],
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # so that it is ended together with its forks
            )
        self._process = process
        assert process.stdout is not None
        if not process.stdout.readline():
            self.close()
            pytest.fail(
                f"an interpreter that only imports {', '.join(modules)} ended; see why in its output, and "
                f"set FITPRINT_KIT=full if it cannot import them by themselves\n{log.read_text('utf-8', 'replace')}",
                pytrace=False,
            )
        return process

    def _kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
