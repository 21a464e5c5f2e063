"""System metrics: off by default, in a thread that ends with the run, with the names of MLflow's."""

from __future__ import annotations

import os
import sys
import threading
import time

import psutil
import pytest

import fitprint
from fitprint._core import machine
from fitprint._core.background import BackgroundThread
from fitprint._core.machine import Machine
from fitprint._runs import adder, system_metrics
from fitprint._runs.known_metrics import deciding_metric
from fitprint._runs.run import record_of

LONG = 60.0  # far above what any step takes
CPU, MEMORY, SHARE = (
    "system/cpu_utilization_percentage",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
)


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(system_metrics, "SECONDS", 0.02)


def threads():
    return [thread for thread in threading.enumerate() if isinstance(thread, BackgroundThread)]


def wait_until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def samples(run, name=CPU):
    return len(fitprint.get_run(run.run_id).metric_history(name))


def test_they_are_off_by_default(store, often):
    with fitprint.start_run() as run:
        assert not threads()
    assert not any(name.startswith("system/") for name in run.metrics)


def test_a_block_records_them_until_it_ends(store, often):
    with fitprint.start_run(log_system_metrics=True) as run:
        wait_until(lambda: samples(run) >= 3)
    wait_until(lambda: not threads())
    count = samples(run)
    history = run.metric_history(CPU)
    assert [step for step, _ in history] == list(range(history[0][0], history[0][0] + count))
    assert all(0 <= value <= 100 for _, value in history)
    assert run.metrics[MEMORY] > 100
    assert 0 < run.metrics[SHARE] < 100
    assert deciding_metric(record_of(run)) is None, "they say nothing of how good a model is"


def test_runs_below_another_one_have_none(toy, store, often):
    fitprint.autolog(log_system_metrics=True)
    with fitprint.start_run("outer", log_system_metrics=False) as outer:
        with fitprint.start_run("child"):
            assert not threads()
        toy.imported().Mean().fit([[1.0]], [1.0])
        assert not threads()
    assert not [run for run in (outer, *outer.children) if CPU in run.metrics]


def test_a_recorded_training_has_them(toy, store, often):
    fitprint.autolog(log_system_metrics=True)

    class Slow(toy.imported().Mean):
        def fit(self, X, y):
            wait_until(lambda: samples(fitprint.active_run()) >= 1)
            return super().fit(X, y)

    Slow().fit([[1.0]], [1.0])
    assert CPU in fitprint.last_run().metrics
    wait_until(lambda: not threads())


@pytest.mark.process
def test_they_go_on_after_a_fork_with_the_next_value(store, often, monkeypatch):
    monkeypatch.setattr(adder, "LONG", 0.0)
    with fitprint.start_run(log_system_metrics=True) as run:
        wait_until(lambda: samples(run) >= 1)
        child = os.fork()
        if child == 0:
            os._exit(len(threads()))
        assert os.waitpid(child, 0)[1] == 0
        assert not threads()
        count = samples(run)
        run.log_metric("loss", 1.0)
        wait_until(lambda: samples(run) > count)


def test_what_a_system_does_not_tell_is_told_by_psutil_or_has_a_reason(store, often, monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    values = Machine().values()
    assert values[MEMORY] == pytest.approx(psutil.virtual_memory().total * values[SHARE] / 1e8, rel=0.01)
    monkeypatch.setitem(sys.modules, "psutil", None)
    with fitprint.start_run(log_system_metrics=True) as run:
        pass
    reason = "psutil is not installed, and this system has no /proc"
    assert ("system metrics", "log_system_metrics", reason) in run.skipped


def test_both_sources_say_the_same(tmp_path, monkeypatch):
    own = Machine().values()
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    other = Machine().values()
    assert own[MEMORY] == pytest.approx(other[MEMORY], rel=0.2)
