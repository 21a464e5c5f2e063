"""`FlavorConformance`: the checks of a flavor in one class, which the tests of its plugin subclass."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from fitprint.testing.bench import Bench
from fitprint.testing.callbacks import CallbackChecks
from fitprint.testing.calls import BudgetChecks, CallChecks, MetricChecks
from fitprint.testing.case import Conformance
from fitprint.testing.listeners import ListenerChecks
from fitprint.testing.loops import LoopChecks
from fitprint.testing.packages import PackageChecks, TrustChecks
from fitprint.testing.patching import DiscoveryChecks, PatchingChecks
from fitprint.testing.processes import WarmInterpreter
from fitprint.testing.readers import ReaderChecks
from fitprint.testing.reset import forget_everything
from fitprint.testing.scoring import ScoringChecks
from fitprint.testing.serving import ServingChecks
from fitprint.testing.traces import FaultChecks, TraceChecks

# read at import: tests may remove the caller's FITPRINT_* variables
PYTHONS = {name: os.environ.get(f"FITPRINT_{name.upper()}_PYTHON", "") for name in ("mlflow2", "mlflow3", "oldest")}
_WARM = pytest.StashKey[dict[str, WarmInterpreter]]()


class FlavorConformance(
    DiscoveryChecks,
    PatchingChecks,
    CallChecks,
    MetricChecks,
    ScoringChecks,
    LoopChecks,
    TraceChecks,
    ListenerChecks,
    CallbackChecks,
    PackageChecks,
    ReaderChecks,
    ServingChecks,
    TrustChecks,
    FaultChecks,
    BudgetChecks,
    Conformance,
):
    """What every flavor has to do. The tests of a plugin subclass it; docs/write-a-flavor.md explains how."""

    flavor: ClassVar[str] = ""
    """The flavor's name, as it is registered."""

    @pytest.fixture
    def bench(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Bench]:
        """A separate store and a fresh state, without the caller's settings."""
        for name in [name for name in os.environ if name.startswith("FITPRINT_")]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(tmp_path)
        warm = functools.partial(_warm, request.node.getparent(pytest.Class))
        bench = Bench(type(self), self.flavor, tmp_path, warm)
        monkeypatch.setenv("FITPRINT_STORE", str(bench.store))
        forget_everything()
        yield bench
        forget_everything()

    @pytest.fixture(params=["mlflow2", "mlflow3"])
    def mlflow_python(self, request: pytest.FixtureRequest) -> str:
        """The interpreter of an environment with stock MLflow; the check runs once for MLflow 2 and once for 3."""
        return _python(request.param, "mlflow and the framework")

    @pytest.fixture
    def oldest_python(self) -> str:
        """The interpreter of an environment with the oldest version of the framework."""
        return _python("oldest", "fitprint, the plugin and the oldest version of the framework that it supports")


def _warm(owner: pytest.Class, python: str) -> WarmInterpreter:
    """Return what the fast mode forks from: for each Python, one for all checks of a class, ended after the last."""
    interpreters = owner.stash.setdefault(_WARM, {})
    if python not in interpreters:
        interpreters[python] = WarmInterpreter(python)
        owner.addfinalizer(interpreters[python].close)
    return interpreters[python]


def _python(name: str, holds: str) -> str:
    """Return the interpreter that a variable names; skip the check if the variable is not set."""
    variable, path = f"FITPRINT_{name.upper()}_PYTHON", PYTHONS[name]
    if not path:
        pytest.skip(f"{variable} is not set: it names the Python of an environment with {holds}")
    if not Path(path).exists():
        pytest.fail(
            f"{variable} does not name an interpreter: {path}; set it to the python of that environment, or remove it"
        )
    return path
