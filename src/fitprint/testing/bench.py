"""Where one check of a flavor works: recording on and off, a training and what it left, processes of its own."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import fitprint
from fitprint._api import autolog as _autolog
from fitprint._instrumentation.entries import Entry
from fitprint._runs.run import Run
from fitprint.plugin.flavor import Flavor
from fitprint.testing import carried
from fitprint.testing.case import Case

HANGS_AFTER = 300
"""Seconds, far above what any script takes."""


@dataclass
class Trained:
    """What one training gave and left."""

    result: Any
    model: Any
    data: Any
    runs: list[Run]
    """The outermost runs that it left, newest first."""


class Bench:
    """What the checks share; a new one for each."""

    def __init__(self, kind: type, flavor: str, folder: Path) -> None:
        self.kind = kind
        self.name = flavor
        self.folder = folder
        self.store = folder / "store"

    @property
    def entry(self) -> Entry:
        """The registration. Fails where there is none."""
        known = _autolog.entries()
        if self.name not in known:
            pytest.fail(
                f"no flavor is registered as {self.name!r} (registered: {', '.join(sorted(known)) or 'none'}): look at "
                f'`flavor` of {self.kind.__name__}, at [project.entry-points."fitprint.flavors"] in the plugin\'s '
                "pyproject.toml, and whether the plugin is installed (pip install -e .)",
                pytrace=False,
            )
        return known[self.name]

    @property
    def flavor(self) -> Flavor:
        """The flavor itself."""
        return self.entry.flavor()

    def on(self, **settings: Any) -> None:
        """Turns the flavor on, alone; errors in it are raised unless ``strict=False``."""
        self.entry  # noqa: B018  fails with its mend where it is not registered
        fitprint.autolog(self.name, **{"strict": True, "quiet": True, **settings})

    def off(self) -> None:
        fitprint.disable()

    def train(self, case: Case, data: Any = None, train: Any = None) -> Trained:
        """One training, of data made for it unless it is given."""
        data = case.data() if data is None else data
        before = {run.run_id for run in fitprint.runs()}
        result = (train or case.train)(data)
        runs = [run for run in fitprint.runs() if run.run_id not in before and run.parent_id is None]
        model = case.model(result) if train is None else None
        return Trained(result, model, data, runs)

    def recorded(self, case: Case, **settings: Any) -> tuple[Trained, Run]:
        """One training with recording on, and its run. Fails where it left none, or too many."""
        self.on(**settings)
        trained = self.train(case)
        self.expect_runs(case.runs, trained.runs, f"one training of the case {case.name}")
        return trained, case.run(trained.runs)

    def expect_runs(self, wanted: int, found: Sequence[Run], what: str) -> None:
        """Fails where there are more runs or fewer."""
        row = next(each for each in fitprint.status() if each.name == self.name)
        assert len(found) == wanted, (
            f"{what} left {len(found)} runs, not {wanted}: {[run.name for run in found]}; look at patches() of the "
            f"flavor: which functions it names, and which of them call each other (status: {row.state} {row.reason}, "
            f"skipped: {row.skips})"
        )

    def package(self, case: Case, **settings: Any) -> tuple[Trained, Run, Path]:
        """One training with recording on, its run and its package. Fails where there is none."""
        trained, run = self.recorded(case, **settings)
        assert run.model_path is not None, (
            f"the case {case.name} left no package: look at model() and save() of the flavor; "
            f"the run says {run.skipped}. A training that keeps no model has package=False in its Case"
        )
        return trained, run, run.model_path

    # other processes

    def script(
        self,
        text: str,
        *arguments: Any,
        python: str = sys.executable,
        env: Mapping[str, str | None] | None = None,
        what: str = "",
    ) -> Any:
        """Runs a script, which prints JSON on its last line; gives that. ``what``: what is wrong when it fails."""
        __tracebackhide__ = True
        file = self.folder / f"script_{len(list(self.folder.glob('script_*.py')))}.py"
        file.write_text(text, "utf-8")
        quiet = {"FITPRINT_STORE": str(self.store), "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
        wanted = {**os.environ, **quiet, **(env or {})}
        try:
            done = subprocess.run(
                [python, str(file), *(json.dumps(each) for each in arguments)],
                cwd=self.folder,
                env={name: value for name, value in wanted.items() if value is not None},
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=HANGS_AFTER,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pytest.fail(f"{what}: the process still ran after {HANGS_AFTER} seconds", pytrace=False)
        lines = done.stdout.splitlines()
        if done.returncode != 0 or not lines:
            told = f"---- its stdout\n{done.stdout}\n---- its stderr\n{done.stderr}"
            pytest.fail(f"{what}: a process of its own ended with exit code {done.returncode}\n{told}", pytrace=False)
        return json.loads(lines[-1])

    def case_arguments(self, case: Case) -> list[str]:
        """What `case_of` finds a case by in another process."""
        return [inspect.getfile(self.kind), self.kind.__qualname__, case.name]

    def carry(self, name: str, value: Any) -> str:
        """A value as a file for another process."""
        path = self.folder / f"{name}.json"
        carried.write(path, value)
        return str(path)


def case_of(file: str, kind: str, case: str) -> Case:
    """A case of a test file, in a process that is not pytest's."""
    found: Case = next(each for each in conformance_of(file, kind).cases if each.name == case)
    return found


def module_of(file: str) -> Any:
    """A test file as a module."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def conformance_of(file: str, kind: str) -> Any:
    """A class of a test file."""
    return functools.reduce(getattr, kind.split("."), module_of(file))
