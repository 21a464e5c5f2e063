"""What the checks of a flavor share: turning recording on and off, a training and what it left, other processes."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import fitprint
from fitprint._core.guard import attempt
from fitprint._instrumentation import registry
from fitprint._instrumentation.entries import Entry
from fitprint._recorder import loop_registry
from fitprint._runs.run import Run
from fitprint.plugin.contract import Flavor
from fitprint.testing import carried
from fitprint.testing.case import Case
from fitprint.testing.processes import HANGS_AFTER, Ended, WarmInterpreter, can_fork, is_fast, run_fresh

_NO_ANSWER = object()


@dataclass
class Trained:
    """The result of one training, and what the training left."""

    result: Any
    model: Any
    data: Any
    runs: list[Run]
    """The outermost runs, newest first."""


class Bench:
    """What the checks share; each check gets a new one."""

    def __init__(self, kind: type, flavor: str, folder: Path, warm: Callable[[str], WarmInterpreter]) -> None:
        self.kind = kind
        self.name = flavor
        self.folder = folder
        self.store = folder / "store"
        self._warm = warm

    @property
    def cases(self) -> Sequence[Case]:
        """The cases of the flavor."""
        cases: Sequence[Case] = self.kind.cases  # type: ignore[attr-defined]
        return cases

    @property
    def entry(self) -> Entry:
        """The registration of the flavor; the check fails if there is none."""
        known = registry.entries()
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
        """Turn the flavor on, and no other one; errors in it are raised unless ``strict=False``."""
        self.entry  # noqa: B018  fails, and says what to do, if it is not registered
        fitprint.autolog(self.name, **{"strict": True, "quiet": True, **settings})

    def off(self) -> None:
        """Turn recording off."""
        fitprint.disable()

    def train(self, case: Case, data: Any = None, train: Any = None) -> Trained:
        """Train once.

        Args:
            case: How to train.
            data: The data; by default the case makes new data.
            train: The function that trains, in place of the one of the case.
        """
        data = case.data() if data is None else data
        before = {run.run_id for run in fitprint.runs()}
        if train is None:
            result = case.trained(data)
        else:
            result = train(data)
        self.end_loops()
        runs = [run for run in fitprint.runs() if run.run_id not in before and run.parent_id is None]
        model = case.model(result) if train is None else None
        return Trained(result, model, data, runs)

    def finish(self, case: Case, result: Any) -> None:
        """End a loop as its case says, and then as the end of the process does.

        Args:
            case: The case; of one that is no loop nothing is left to end.
            result: What its `train` returned.
        """
        if case.ends is not None:
            case.ends(result)
        self.end_loops()

    def end_loops(self) -> None:
        """End what a loop of the flavor left open, as the end of the process does."""
        loop_registry.end_all(self.name)

    def recorded(self, case: Case, **settings: Any) -> tuple[Trained, Run]:
        """Train once with recording on, and return the run too.

        The check fails if there is no run, or more than one.
        """
        self.on(**settings)
        trained = self.train(case)
        self.expect_runs(case.runs, trained.runs, f"one training of the case {case.name}")
        return trained, case.run(trained.runs)

    def expect_runs(self, expected: int, runs: Sequence[Run], what: str) -> None:
        """Fail if the number of runs is another than expected."""
        status = next(row for row in fitprint.status() if row.name == self.name)
        assert len(runs) == expected, (
            f"{what} left {len(runs)} runs, not {expected}: {[run.name for run in runs]}; look at patches() of the "
            f"flavor: which functions it names, and which of them call each other (status: {status.state} "
            f"{status.reason}, skipped: {status.skips})"
        )

    def package(self, case: Case, **settings: Any) -> tuple[Trained, Run, Path]:
        """Train once with recording on, and return the run and its package too.

        The check fails if there is no package.
        """
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
        warm: bool = False,
        imports: Sequence[str] = (__name__,),
    ) -> Any:
        """Run a script in a separate process, and return the JSON that it prints on a line of its own, the last one.

        A framework may print something else after it, when the process exits.

        Args:
            text: The script.
            arguments: Its arguments, which it gets as JSON.
            python: The interpreter.
            env: Variables that are changed; None removes one.
            what: What is wrong if it fails, for the message.
            warm: Whether the framework may have been imported before the script begins: the fast mode then forks a
                process that has imported it.
            imports: What such a process has imported besides the framework.
        """
        __tracebackhide__ = True
        file = self.folder / f"script_{len(list(self.folder.glob('script_*.py')))}.py"
        file.write_text(text, "utf-8")
        quiet = {"FITPRINT_STORE": str(self.store), "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
        changed = {**os.environ, **quiet, **(env or {})}
        variables = {name: value for name, value in changed.items() if value is not None}
        command = [str(file), *(json.dumps(argument) for argument in arguments)]
        forks = warm and is_fast() and can_fork()
        if forks:
            done = self._warm(python).run([*self.entry.modules, *imports], command, self.folder, variables)
        else:
            done = run_fresh([python, *command], self.folder, variables)
        lines = (attempt(json.loads, line) for line in reversed(done.stdout.splitlines()))
        answers = (answer for is_json, answer in lines if is_json)
        if done.returncode != 0 or (answer := next(answers, _NO_ANSWER)) is _NO_ANSWER:
            pytest.fail(_of_failed_script(what, done, forks), pytrace=False)
        return answer

    def case_arguments(self, case: Case) -> list[str]:
        """Return what `case_of` needs to find a case in another process."""
        return [inspect.getfile(self.kind), self.kind.__qualname__, case.name]

    def carry(self, name: str, value: Any) -> str:
        """Write a value to a file for another process, and return its path."""
        path = self.folder / f"{name}.json"
        carried.write(path, value)
        return str(path)


def _of_failed_script(what: str, done: Ended, forked: bool) -> str:
    """Return the message about a script that failed."""
    if done.returncode is None:
        how = f"its process still ran after {HANGS_AFTER} seconds and was killed"
    else:
        how = f"its process ended with exit code {done.returncode}; look at the error in its output"
    fork = "; the process was a fork: with FITPRINT_KIT=full it is a fresh interpreter, try that" if forked else ""
    return f"{what}: {how}{fork}\n---- its stdout\n{done.stdout}\n---- its stderr\n{done.stderr}"


def case_of(file: str, kind: str, case: str) -> Case:
    """Return a case of a test file, in a process that pytest does not run."""
    selected: Case = next(one for one in conformance_of(file, kind).cases if one.name == case)
    return selected


def module_of(file: str) -> Any:
    """Import a test file as a module."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def conformance_of(file: str, kind: str) -> Any:
    """Return a class of a test file."""
    return functools.reduce(getattr, kind.split("."), module_of(file))
