"""What all tests share, in tests/ and in plugins/: a place of their own, scripts in their own processes, stock MLflow.

In CI (the variable CI is set) a skipped test is a failed one: a missing framework or environment must not go unseen.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Two test processes on two cores: threads of BLAS and OpenMP would only wait for each other. numpy is not imported yet.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
MAY_SKIP_IN_CI = ("needs Python", "the plugin says why: ")  # the second: fitprint.testing.case.DECLARED
HANGS_AFTER = 300  # seconds: far above what any script takes, so that a hanging one is a failed test

# read before any test starts: each test has the caller's FITPRINT_* variables taken away
MLFLOW_PYTHONS = {
    version: os.environ.get(f"FITPRINT_{version.upper()}_PYTHON", "") for version in ("mlflow2", "mlflow3")
}
OLDEST_PYTHON = os.environ.get("FITPRINT_OLDEST_PYTHON", "")
MARKED_BY_FIXTURE = {
    "mlflow": frozenset({"mlflow_python", "mlflow_pythons"}),
    "slow": frozenset({"oldest_python"}),
    # the other two are fixtures of the conformance kit too
    "process": frozenset({"starts_processes", "mlflow_python", "oldest_python"}),
}
"""Markers of cost, and the fixtures whose tests get them; see tests/README.md."""
LEFT_OUT_BY_QUICK = ("process", "slow", "mlflow", "series")
CHECKS_OF_THE_KIT = {
    "newest": {"test_golden_packages_are_served", "test_golden_packages_still_load"},
    "process": {
        "test_any_order_of_enabling_and_importing",
        "test_disabling_restores_every_attribute",
        "test_discovery_imports_no_framework",
        "test_it_is_listed",
        "test_it_loads_in_a_process_of_its_own",
        "test_its_loader_works_without_fitprint",
    },
    "series": {
        "test_a_call_inside_another_leaves_no_run",
        "test_a_failing_step_costs_itself_alone",
        "test_nothing_is_kept_alive",
        "test_recording_stays_within_its_budget",
        "test_the_exception_is_as_without_recording",
        "test_threads_leave_a_run_each",
    },
}
"""The same for checks of the conformance kit, which marks nothing itself: markers are a project's own."""


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


SCHEDULERS = ("SLURM_", "KUBERNETES_SERVICE_", "AZUREML_", "DATABRICKS_")
"""How the variables begin by which a scheduler tells of the job that the tests themselves are part of."""


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test runs in a folder of its own, with none of the caller's settings, and leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("FITPRINT_", *SCHEDULERS))]:
        monkeypatch.delenv(name)
    registry = sys.modules.get("fitprint._instrumentation.registry")
    if registry is not None and registry.discovered():  # by a module that was imported since the last test
        _forget_everything()
    yield
    if "fitprint._core.guard" in sys.modules:
        _forget_everything()


def _forget_everything() -> None:
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


@pytest.fixture(scope="session")
def starts_processes() -> None:
    """Asked for by every fixture that starts processes: their tests get the marker `process` from it."""


@pytest.fixture
def run_python(tmp_path: Path, starts_processes: None) -> RunPython:
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
def mlflow_pythons(starts_processes: None) -> dict[str, str]:
    """The interpreters of the environments with stock MLflow: `mlflow2` and `mlflow3` to their paths."""
    for version, path in MLFLOW_PYTHONS.items():
        _check_interpreter(version, path, "test-mlflow")
    return MLFLOW_PYTHONS


@pytest.fixture
def run_as_mlflow(run_python: RunPython, mlflow_pythons: dict[str, str]) -> Callable[[str], tuple[Any, Any]]:
    """Runs a program with stock MLflow 3 and with fitprint, whose name is its argument. Returns the JSON of both."""

    def run(program: str) -> tuple[Any, Any]:
        theirs = run_python(program, "mlflow", python=mlflow_pythons["mlflow3"], env={"PYTHONPATH": None})
        return json.loads(theirs.stdout.splitlines()[-1]), json.loads(run_python(program, "fitprint").stdout)

    return run


@pytest.fixture(params=sorted(MLFLOW_PYTHONS))
def mlflow_python(request: pytest.FixtureRequest, starts_processes: None) -> str:
    """The interpreter of one environment with stock MLflow: the test runs once for each."""
    path = MLFLOW_PYTHONS[request.param]
    _check_interpreter(request.param, path, "test-mlflow")
    return path


@pytest.fixture(scope="session")
def oldest_python(starts_processes: None) -> str:
    """The interpreter of the environment with the oldest versions that fitprint supports."""
    _check_interpreter("oldest", OLDEST_PYTHON, "test-oldest")
    return OLDEST_PYTHON


def pytest_itemcollected(item: pytest.Item) -> None:
    fixtures = set(getattr(item, "fixturenames", ()))
    for marker, of_these in MARKED_BY_FIXTURE.items():
        if of_these & fixtures:
            item.add_marker(marker)
    for marker, checks in CHECKS_OF_THE_KIT.items():
        if getattr(item, "originalname", "") in checks:
            item.add_marker(marker)


# ---- the marker `process` is true: a test without it that starts a process fails

started: list[str] = []


def note_process(event: str, arguments: tuple[Any, ...]) -> None:
    """For the interpreter, which calls it at every audit event.

    Other programs are a framework's own matter: joblib asks `lscpu` once, and Prophet starts one for every fit.
    """
    if event == "os.fork":
        started.append("a fork")
    elif event in ("subprocess.Popen", "os.posix_spawn"):
        program = os.path.basename(os.fsdecode(arguments[0] or arguments[1][0]))
        if program.startswith(("python", "fitprint", "bash", "sh")):
            started.append(program)


sys.addaudithook(note_process)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    started.clear()  # here and not before the call: a fixture of several tests may start one too


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    result = yield
    if started and not any(map(item.get_closest_marker, LEFT_OUT_BY_QUICK)):
        pytest.fail(f"this test starts a process: mark it with `@pytest.mark.process` ({started[0]})", pytrace=False)
    return result


def _check_interpreter(name: str, path: str, target: str) -> None:
    """Skips the test where the variable is not set that `make` of a target sets."""
    variable = f"FITPRINT_{name.upper()}_PYTHON"
    if not path:
        pytest.skip(f"{variable} is not set: run `make {target}`, which makes the environment")
    if not Path(path).exists():
        pytest.fail(f"{variable} names no interpreter: {path}")


def _told(file: Path, what: str, *outputs: str | bytes | None) -> str:
    texts = [output.decode("utf-8", "replace") if isinstance(output, bytes) else output or "" for output in outputs]
    parts = [f"{file.name} {what}"]
    parts += [f"---- its {stream}\n{text.rstrip()}" for stream, text in zip(("stdout", "stderr"), texts, strict=True)]
    return "\n".join(parts)
