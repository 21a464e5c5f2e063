"""Checks: the callback that users add themselves leaves the run of `autolog()`, and harms the training as little."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fitprint
from fitprint._core.guard import attempt, describe
from fitprint._runs.run import Run
from fitprint.models import mlmodel
from fitprint.models.package import CHECKSUMS
from fitprint.plugin.contract import Flavor
from fitprint.testing.bench import Bench, Trained
from fitprint.testing.case import Case, needs
from fitprint.testing.comparing import difference

_OF_ONE_RUN = ("run_id", "start", "end", "seconds", "process", "models", "metrics")  # histories have the metrics
_OF_ONE_PACKAGE = ("run_id", "model_uuid", "utc_time_created", "model_size_bytes")
_TEXTS = (".json", ".csv", ".txt")
_BESIDE_THE_RECORD = ("run.json", "metrics.jsonl")


class CallbackChecks:
    """What `Flavor.callback` returns, for flavors that have one."""

    def test_its_callback_is_checked(self, bench: Bench) -> None:
        """A flavor with a callback has a case that trains by it."""
        if type(bench.flavor).callback is not Flavor.callback and not any(case.by_callback for case in bench.cases):
            pytest.fail("the flavor has a callback(), and no Case gives by_callback to check it", pytrace=False)

    @needs("by_callback", where_given=True)
    def test_its_callback_leaves_the_run_of_autolog(self, bench: Bench, case: Case) -> None:
        """Params, metrics, tags, artifacts, reasons and package are those of a call that is patched."""
        _, expected = bench.recorded(case)
        bench.off()
        trained, run = _by_callback(bench, case)
        before, after = dict(_record(expected)), dict(_record(run))
        wrong = {part for part in {**before, **after} if before.get(part) != after.get(part)}
        differences = {part: (before.get(part), after.get(part)) for part in wrong - {*case.callback_differs}}
        assert not differences, (
            f"the run of {case.name} by its callback differs from that of autolog() (autolog's, the callback's): "
            f"{differences}; look at callback() of the flavor: what it begins with, and what it says of the end. What "
            "the framework itself changes before it calls its callbacks is declared in the Case: callback_differs"
        )
        if run.model_path is not None and case.predict is not None:
            rows = case.rows_of(trained.data)
            predicted = fitprint.load_model(run.model_path).predict(rows)
            assert _same(case, case.predict(case.model(trained.result), rows), predicted), (
                f"the package of {case.name} by its callback does not predict the same as the model: is it written "
                "before the training has ended?"
            )

    @needs("by_callback", where_given=True)
    def test_its_callback_adds_nothing_to_autolog(self, bench: Bench, case: Case) -> None:
        """Where `autolog()` records the training too, there is one run with each value once."""
        _, expected = bench.recorded(case)
        _, run = _by_callback(bench, case)
        before, after = dict(_record(expected)), dict(_record(run))
        counted = {part for part in before if part.startswith("metric ")} - {*case.callback_differs}
        wrong = sorted(part for part in counted if before[part] != after.get(part))
        assert not wrong, f"with autolog() and the callback, {case.name} has other values: {', '.join(wrong)}"

    @needs("by_callback", where_given=True)
    def test_its_callback_leaves_the_training_alone(
        self, bench: Bench, case: Case, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
    ) -> None:
        """The predictions, the random states, the warnings and the output are those without it."""
        case.train(case.data())  # a process warns or prints some things once
        callback = _callback(bench)
        traces, predictions = list[dict[str, Any]](), list[Any]()
        for has_callback in (False, True):
            recwarn.clear()
            capfd.readouterr()
            random.seed(7)
            np.random.seed(7)
            data = case.data()
            result = _by_callback(bench, case, callback, data)[0].result if has_callback else case.train(data)
            drawn = random.random(), float(np.random.random())
            warned = [(str(warning.message), warning.filename, warning.lineno) for warning in recwarn]
            traces.append({"random numbers": drawn, "warnings": warned, "output": capfd.readouterr()})
            predictions.append(case.predict and case.predict(case.model(result), case.rows_of(data)))
        wrong = [about for about, value in traces[0].items() if traces[1][about] != value]
        assert not wrong, f"with its callback, the {' and '.join(wrong)} of {case.name} are different: {traces}"
        assert _same(case, *predictions), f"with its callback, {case.name} trains a different model"

    @needs("by_callback", where_given=True)
    def test_its_callback_pickles_and_copies(self, bench: Bench, case: Case) -> None:
        """A framework may pickle or deep-copy its callbacks, and a copy records trainings of its own."""
        for way, make in (("pickled", lambda value: pickle.loads(pickle.dumps(value))), ("deep-copied", copy.deepcopy)):
            copied, result = attempt(make, _callback(bench))
            assert copied, f"the callback cannot be {way} ({describe(result)}): keep out of its state what cannot"
            _by_callback(bench, case, result)


def _callback(bench: Bench) -> Any:
    return getattr(fitprint, bench.name).callback(strict=True, quiet=True)


def _by_callback(bench: Bench, case: Case, callback: Any = None, data: Any = None) -> tuple[Trained, Run]:
    """Train once with the callback, and return the run too."""
    used_callback = callback if callback is not None else _callback(bench)
    assert case.by_callback is not None
    by_callback = case.by_callback
    trained = bench.train(case, data, lambda data: by_callback(data, used_callback))
    bench.expect_runs(case.runs, trained.runs, f"one training of {case.name} with the callback")
    return trained, case.run(trained.runs)


def _same(case: Case, left: Any, right: Any) -> bool:
    if case.same_prediction is not None:
        return case.same_prediction(left, right)
    return difference(left, right, case.tolerance) is None


def _record(run: Run) -> Iterator[tuple[str, Any]]:
    """Yield what a run says of its training, by names that messages show: not when it was, and under which id."""
    path = Path(run.path)
    record = json.loads((path / "run.json").read_text("utf-8"))
    for name, value in record.items():
        if name in ("params", "tags"):
            yield from ((f"{name.removesuffix('s')} {key}", item) for key, item in value.items())
        elif name not in _OF_ONE_RUN:
            yield name, sorted(value) if name in ("artifacts", "default_params") else value
    yield from ((f"metric {name}", run.metric_history(name)) for name in run.metrics)
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.name == "MLmodel":
            document = mlmodel.read(file.parent)
            yield from ((f"MLmodel {key}", value) for key, value in document.items() if key not in _OF_ONE_PACKAGE)
        elif file.is_file() and name not in _BESIDE_THE_RECORD:
            yield name, file.read_text("utf-8") if file.suffix in _TEXTS and file.name != CHECKSUMS else ""
