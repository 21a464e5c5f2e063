"""What all tests share, in tests/ and in plugins/: a place of their own, scripts in their own processes, stock MLflow.

In CI (the variable CI is set) a skipped test is a failed one: a missing framework or environment must not go unseen.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
MAY_SKIP_IN_CI = ("needs Python", "the plugin says why: ")  # the second: fitprint.testing.case.DECLARED
HANGS_AFTER = 300  # seconds: far above what any script takes, so that a hanging one is a failed test

# read before any test starts: each test has the caller's FITPRINT_* variables taken away
MLFLOW_PYTHONS = {
    version: os.environ.get(f"FITPRINT_{version.upper()}_PYTHON", "") for version in ("mlflow2", "mlflow3")
}
OLDEST_PYTHON = os.environ.get("FITPRINT_OLDEST_PYTHON", "")
MLFLOW_FIXTURES = frozenset({"mlflow_python", "mlflow_pythons"})


# ---- skips in CI


def pytest_configure(config: pytest.Config) -> None:
    base = hypothesis.settings.get_profile("ci") if CI else None
    hypothesis.settings.register_profile("untimed", base, deadline=None)  # no test fails for being slow
    hypothesis.settings.load_profile("untimed")
    if CI:  # a skipped file is an error of collection then, and the other files still have to run
        config.option.continue_on_collection_errors = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Any:
    return fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Any:
    return fail_if_skipped((yield))


def fail_if_skipped(report: Any) -> Any:
    """In CI, a report of a skip as one of a failure; an expected failure stays what it is."""
    if not CI or not report.skipped or hasattr(report, "wasxfail"):
        return report
    *_, told = report.longrepr if isinstance(report.longrepr, tuple) else (str(report.longrepr),)
    reason = told.removeprefix("Skipped: ")
    if not reason.startswith(MAY_SKIP_IN_CI):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure in CI: {reason}"
    return report


# ---- a place and a state of its own for every test


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test runs in a folder of its own, with none of the caller's settings, and leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FITPRINT_")]:
        monkeypatch.delenv(name)
    yield
    if "fitprint._api.autolog" in sys.modules:
        from fitprint.testing.reset import forget_everything

        forget_everything()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that runs go to, in this process and in those that the test starts."""
    folder = tmp_path / "store"
    monkeypatch.setenv("FITPRINT_STORE", str(folder))
    return folder


# ---- other processes

RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_python(tmp_path: Path) -> RunPython:
    """Runs the text of a script as a file in the test's folder, in a process of its own.

    Other arguments: those of the script. ``env``: variables beside those of this process (None takes one away).
    ``python``: another interpreter. ``check=False``: the test looks at the exit code itself. ``name``: of the file.
    """
    numbers = itertools.count(1)

    def run(
        script: str,
        *arguments: object,
        env: Mapping[str, str | None] | None = None,
        python: str | Path = sys.executable,
        check: bool = True,
        stdin: str = "",
        name: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        __tracebackhide__ = True
        file = tmp_path / (name or f"script_{next(numbers)}.py")
        file.write_text(textwrap.dedent(script), encoding="utf-8")
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
        wanted = {**os.environ, **quiet, **(env or {})}
        command = [str(python), str(file), *map(str, arguments)]
        try:
            done = subprocess.run(
                command,
                cwd=tmp_path,
                env={key: value for key, value in wanted.items() if value is not None},
                input=stdin,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=HANGS_AFTER,
                check=False,
            )
        except subprocess.TimeoutExpired as hung:
            pytest.fail(_told(file, f"still ran after {HANGS_AFTER} seconds", hung.stdout, hung.stderr))
        if check and done.returncode != 0:
            pytest.fail(_told(file, f"ended with exit code {done.returncode}", done.stdout, done.stderr))
        return done

    return run


@pytest.fixture(scope="session")
def mlflow_pythons() -> dict[str, str]:
    """The interpreters of the environments with stock MLflow: `mlflow2` and `mlflow3` to their paths."""
    for version, path in MLFLOW_PYTHONS.items():
        _check_interpreter(version, path, "test-mlflow")
    return MLFLOW_PYTHONS


@pytest.fixture(params=sorted(MLFLOW_PYTHONS))
def mlflow_python(request: pytest.FixtureRequest) -> str:
    """The interpreter of one environment with stock MLflow: the test runs once for each."""
    path = MLFLOW_PYTHONS[request.param]
    _check_interpreter(request.param, path, "test-mlflow")
    return path


@pytest.fixture(scope="session")
def oldest_python() -> str:
    """The interpreter of the environment with the oldest versions that fitprint supports."""
    _check_interpreter("oldest", OLDEST_PYTHON, "test-oldest")
    return OLDEST_PYTHON


def pytest_itemcollected(item: pytest.Item) -> None:
    if MLFLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
        item.add_marker("mlflow")  # what needs the environments is left out by -m "not mlflow"
    if "oldest_python" in getattr(item, "fixturenames", ()):
        item.add_marker("slow")


def _check_interpreter(name: str, path: str, target: str) -> None:
    """Skips the test where the variable is not set that `make` of a target sets."""
    variable = f"FITPRINT_{name.upper()}_PYTHON"
    if not path:
        pytest.skip(f"{variable} is not set: run `make {target}`, which makes the environment")
    if not Path(path).exists():
        pytest.fail(f"{variable} names no interpreter: {path}")


def _told(file: Path, what: str, *outputs: str | bytes | None) -> str:
    texts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else each or "" for each in outputs]
    parts = [f"{file.name} {what}"]
    parts += [f"---- its {stream}\n{text.rstrip()}" for stream, text in zip(("stdout", "stderr"), texts, strict=True)]
    return "\n".join(parts)
