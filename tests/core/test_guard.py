"""Errors of recording end in the guard: told once, kept as a reason, and never the user's."""

from __future__ import annotations

import logging
import sys

import pytest

import fitprint
from fitprint._core import guard as _guard
from fitprint._core.guard import (
    attempt,
    describe,
    guarded,
    inform_user,
    message,
    reset_warned,
    warn_once,
    warn_user,
)


class Skips:
    run_id = "0" * 32

    def __init__(self):
        self.found = []

    def skip(self, *reason):
        self.found.append(reason)


@pytest.fixture(autouse=True)
def _untold():
    reset_warned()


def test_an_error_ends_the_step_alone_and_is_kept_as_a_reason():
    skips = Skips()
    with guarded("metrics", "toy", skips) as step:
        raise ValueError("what\n  went wrong")
    assert (step.failed, step.reason) == (True, "ValueError: what went wrong")
    assert skips.found == [("metrics", "error", "ValueError: what went wrong")]


def test_a_step_that_ends_well_leaves_no_trace(caplog):
    skips = Skips()
    with guarded("metrics", "toy", skips) as step:
        pass
    assert (step.failed, step.reason, skips.found, caplog.messages) == (False, "", [], [])


def test_each_flavor_and_step_is_told_once(caplog):
    for flavor in ("toy", "toy", "other"):
        for step in ("metrics", "model"):
            with guarded(step, flavor, Skips()):
                raise ValueError("wrong")
    where = "in run 00000000000000000000000000000000"
    assert caplog.messages == [
        f"toy: metrics not recorded {where}: ValueError: wrong",
        f"toy: model not recorded {where}: ValueError: wrong",
        f"other: metrics not recorded {where}: ValueError: wrong",
        f"other: model not recorded {where}: ValueError: wrong",
    ]


def test_every_failure_is_kept_though_it_is_told_once():
    skips = Skips()
    for _ in range(3):
        with guarded("metrics", "toy", skips):
            raise ValueError
    assert len(skips.found) == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_the_user_s_passes(error, caplog):
    raised = error()
    with pytest.raises(error) as caught, guarded("metrics"):
        raise raised
    assert caught.value is raised
    assert caplog.messages == []


def test_strict_raises(caplog):
    skips = Skips()
    with pytest.raises(ValueError, match="mine"), guarded("metrics", "toy", skips, strict=True) as step:
        raise ValueError("mine")
    assert step.failed
    assert caplog.messages == []


def test_errors_are_described_in_one_bounded_line():
    class Silent(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    class Empty(Exception):
        pass

    assert describe(ValueError("a\n\tb   c")) == "ValueError: a b c"
    assert describe(Empty()) == "Empty"
    assert describe(Silent()) == "Silent: (its message cannot be shown)"
    assert describe(ValueError("x" * 500)) == "ValueError: " + "x" * 500
    assert describe(ValueError("x" * 501)) == "ValueError: " + "x" * 497 + "..."
    assert len(message(ValueError("x" * 100_000))) == 10_000


def test_attempt_says_whether_it_was_refused():
    assert attempt(int, "3") == (True, 3)
    done, error = attempt(int, "three")
    assert not done
    assert isinstance(error, ValueError)
    with pytest.raises(SystemExit):
        attempt(sys.exit)


def test_a_logging_set_up_that_raises_does_not_reach_the_caller():
    class Raises(logging.Handler):
        def emit(self, record):
            raise RuntimeError("a handler gone wrong")

    handler = Raises()
    _guard.log.addHandler(handler)
    try:
        warn_user("a line")
        warn_once(("a", "b"), "a line")
    finally:
        _guard.log.removeHandler(handler)


def test_lines_with_percent_signs_are_told_as_they_are(caplog):
    warn_user("100 %s of it %d")
    assert caplog.messages == ["100 %s of it %d"]


def test_a_line_that_is_no_warning_is_logged_as_information(caplog):
    with caplog.at_level("INFO", logger="fitprint"):
        inform_user("a line")
    assert caplog.record_tuples == [("fitprint", logging.INFO, "a line")]


def broken_flavor(toy, step):
    """The toy's plugin with one method that fails."""
    text = (toy.site / "fitprint_toy.py").read_text()
    text += f"\n\ndef fail(*args, **kwargs):\n    raise RuntimeError('in {step}')\n\n\nToyFlavor.{step} = fail\n"
    (toy.site / "fitprint_toy.py").write_text(text)


STEPS = {
    "params": "params",
    "listen": "per-iteration metrics",
    "model": "the model",
    "metrics": "metrics",
    "late_params": "params",
    "artifacts": "artifacts",
    "tags": "tags",
    "children": "child runs",
    "save": "model",
    "requirements": "model",
    "run_name": None,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_plugin_s_failing_step_costs_itself_alone(toy, store, caplog, step):
    broken_flavor(toy, step)
    toylearn = toy.imported()
    fitprint.autolog("toy", quiet=True)
    models = [toylearn.Mean(1.0).fit([1], [2]) for _ in range(2)]
    assert [model.mean_ for model in models] == [3.0, 3.0]
    runs = fitprint.runs()
    assert [run.status for run in runs] == ["FINISHED", "FINISHED"]
    if STEPS[step] is not None:
        expected = (STEPS[step], "error", f"RuntimeError: in {step}")
        assert all(expected in run.skipped for run in runs)
    lines = [line for line in caplog.messages if f"in {step}" in line]
    assert len(lines) == 1, "told once"
    if step not in ("params", "late_params"):
        assert runs[0].params == {"shift": 1.0}
    if step != "metrics":
        assert runs[0].metrics == {"mean": 3.0}
    has_model = step not in ("model", "save", "requirements")
    assert (runs[0].model_path is not None) == has_model
    assert [path.name for path in runs[0].path.iterdir() if path.name.startswith(".")] == [], "no half package"


@pytest.mark.parametrize("step", ["params", "metrics", "save"])
def test_strict_raises_the_plugin_s_error(toy, store, step):
    broken_flavor(toy, step)
    toylearn = toy.imported()
    fitprint.autolog("toy", strict=True)
    with pytest.raises(RuntimeError, match=f"in {step}"):
        toylearn.Mean().fit([1], [2])


def test_an_interruption_of_our_work_ends_the_recording_and_is_raised_on(toy, store):
    broken_flavor(toy, "save")
    plugin = toy.site / "fitprint_toy.py"
    plugin.write_text(plugin.read_text().replace("raise RuntimeError('in save')", "raise KeyboardInterrupt"))
    toylearn = toy.imported()
    fitprint.autolog("toy")
    with pytest.raises(KeyboardInterrupt):
        toylearn.Mean(1.0).fit([1], [2])
    (run,) = fitprint.runs()
    assert (run.params, run.metrics) == ({"shift": 1.0}, {"mean": 3.0})
    assert "interrupted" in [skip.rule for skip in run.skipped]
    assert run.model_path is None
    assert sorted(path.name for path in run.path.iterdir()) == ["metrics.jsonl", "run.json"]


def test_a_store_that_cannot_be_written_costs_one_line_and_no_training(toy, tmp_path, caplog):
    (tmp_path / "in the way").write_text("")
    toylearn = toy.imported()
    fitprint.autolog("toy", store=tmp_path / "in the way" / "store")
    for _ in range(3):
        assert toylearn.Mean().fit([1], [2]).mean_ == 2.0
    (line,) = [message for message in caplog.messages if "cannot be written" in message]
    assert "Not a directory" in line
    assert "set FITPRINT_STORE to another folder" in line
    assert next(row.skips for row in fitprint.status() if row.name == "toy") == {"store": 3}
