"""Leases: whether the process of a run is at work, told where nobody can look for the process itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import fitprint
from fitprint._core.background import BackgroundThread
from fitprint._runs import adder, lease
from fitprint._runs.gc import clean
from fitprint.stores import open_store

LONG = 60.0  # far above what any step takes
ELSEWHERE = """
import socket, sys, time
socket.gethostname = lambda: "elsewhere"
import fitprint
from fitprint._runs import adder, lease
adder.WATCHED, lease.INTERVAL = 0.05, 0.2
run = fitprint.start_run({run_id!r} or "far away")
print(run.run_id, flush=True)
while True:
    time.sleep(0.1)
    run.log_metric("m", 1)
"""


@pytest.fixture
def short(monkeypatch):
    """A run is a long one soon, and its lease runs out soon."""
    monkeypatch.setattr(adder, "WATCHED", 0.05)
    monkeypatch.setattr(lease, "INTERVAL", 0.2)


@pytest.fixture
def elsewhere(store, starts_processes):
    """Starts a process that says it is on another host, with a run open. Returns it and the run's id."""
    started = []

    def start(run_id: str = ""):
        command = [sys.executable, "-c", ELSEWHERE.format(run_id=run_id)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1], started[-1].stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def threads():
    return [thread for thread in threading.enumerate() if isinstance(thread, BackgroundThread)]


def wait_until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def alive(run):
    return run.path / "alive"


def moved_elsewhere(run, silent_for):
    """Makes an open run one of a process on another host, which has said nothing for some seconds."""
    file = run.path / "run.json"
    record = json.loads(file.read_text())
    record["process"]["host"] = "elsewhere"
    file.write_text(json.dumps(record))
    alive(run).touch()
    then = time.time() - silent_for
    os.utime(alive(run), (then, then))


def test_the_run_of_a_killed_process_of_another_host_reads_as_killed_after_the_lease(elsewhere, store, monkeypatch):
    process, run_id = elsewhere()
    opened = open_store(str(store))
    wait_until(lambda: opened.silence(run_id) is not None)
    monkeypatch.setattr(lease, "LEASE", 5.0)
    assert fitprint.get_run(run_id).status == "RUNNING"
    assert [cleaned.reason for cleaned in clean(opened)] == ["its process is still running"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert fitprint.get_run(run_id).status == "RUNNING", "it may be slow"
    monkeypatch.setattr(lease, "LEASE", 0.5)
    wait_until(lambda: fitprint.get_run(run_id).status == "KILLED")
    assert [cleaned.did for cleaned in clean(opened)] == ["closed"]
    found = fitprint.get_run(run_id)
    assert (found.status, found.metrics, alive(found).exists()) == ("KILLED", {"m": 1.0}, False)
    assert os.listdir(store / ".open") == []


def test_a_run_that_was_opened_again_elsewhere_reads_as_killed_after_the_lease(elsewhere, store, monkeypatch):
    with fitprint.start_run() as run:
        pass
    process, run_id = elsewhere(run.run_id)
    assert run_id == run.run_id
    wait_until(lambda: list((store / run_id / "also").glob("*.alive")))
    monkeypatch.setattr(lease, "LEASE", 5.0)
    assert fitprint.get_run(run_id).status == "RUNNING"
    process.send_signal(signal.SIGKILL)
    process.wait()
    monkeypatch.setattr(lease, "LEASE", 0.5)
    wait_until(lambda: fitprint.get_run(run_id).status == "KILLED")


@pytest.mark.parametrize(("silent_for", "expected"), [(0, "RUNNING"), (110, "RUNNING"), (130, "KILLED")])
def test_two_minutes_of_silence_are_the_end(store, silent_for, expected):
    run = fitprint.start_run()
    moved_elsewhere(run, silent_for)
    assert fitprint.get_run(run.run_id).status == expected


def test_the_clock_of_this_machine_does_not_count(store, monkeypatch):
    run = fitprint.start_run()
    moved_elsewhere(run, 60)
    real = time.time
    for shift in (-86400, 86400):
        monkeypatch.setattr(time, "time", lambda shift=shift: real() + shift)
        assert fitprint.get_run(run.run_id).status == "RUNNING"


def test_where_the_clock_of_the_store_cannot_be_read_nothing_is_said(store, tmp_path):
    run = fitprint.start_run()
    moved_elsewhere(run, 1000)
    (store / ".open").rmdir()
    assert fitprint.get_run(run.run_id).status == "RUNNING"


def test_a_short_run_has_neither_a_thread_nor_a_file(store):
    with fitprint.start_run() as run:
        run.log_metric("m", 1)
        assert (threads(), alive(run).exists()) == ([], False)
    assert not alive(run).exists()


def test_a_long_run_says_that_its_process_is_at_work_until_it_ends(store, short):
    with fitprint.start_run() as run:
        time.sleep(0.1)
        run.log_metric("m", 1)
        wait_until(alive(run).exists)
        first = alive(run).stat().st_mtime_ns
        wait_until(lambda: alive(run).stat().st_mtime_ns > first)
    assert not alive(run).exists()
    wait_until(lambda: not threads())


def test_a_recorded_training_too(toy, store, short):
    fitprint.autolog(quiet=True)
    seen = []

    class Slow(toy.imported().Mean):
        def fit(self, X, y):
            time.sleep(0.1)
            fitprint.log_metric("loss", 1.0)
            seen.append(fitprint.active_run())
            wait_until(alive(seen[0]).exists)
            return super().fit(X, y)

    Slow().fit([[1.0]], [1.0])
    assert not (fitprint.last_run().path / "alive").exists()


@pytest.mark.parametrize("variable", ["SLURM_JOB_ID", "KUBERNETES_SERVICE_HOST", "AZUREML_RUN_ID"])
def test_the_runs_of_a_job_have_a_lease_at_once_and_share_a_thread(store, monkeypatch, variable):
    monkeypatch.setenv(variable, "7")
    monkeypatch.setattr(lease, "INTERVAL", 1.0)
    with fitprint.start_run() as run:
        assert alive(run).exists()
        (thread,) = threads()
    assert not alive(run).exists()
    with fitprint.start_run() as run:
        assert threads() == [thread]
        first = alive(run).stat().st_mtime_ns
        wait_until(lambda: alive(run).stat().st_mtime_ns > first)
    wait_until(lambda: not threads())


@pytest.mark.process
def test_a_fork_ends_the_lease_and_the_next_value_begins_it_again(store, short):
    with fitprint.start_run() as run:
        time.sleep(0.1)
        run.log_metric("m", 1)
        wait_until(alive(run).exists)
        child = os.fork()
        if child == 0:
            os._exit(len(threads()))
        assert os.waitpid(child, 0)[1] == 0
        assert (threads(), alive(run).exists()) == ([], False), "nobody says anything, so that nothing can run out"
        run.log_metric("m", 2)
        wait_until(alive(run).exists)


def test_a_run_that_was_taken_for_dead_goes_on_where_it_was_moved_to(toy, store):
    """As that of a process that was halted for minutes."""
    fitprint.autolog(quiet=True)

    class Slow(toy.imported().Mean):
        def fit(self, X, y):
            run = fitprint.active_run()
            run.log_metric("loss", 1.0)
            moved_elsewhere(run, 1000)
            assert [cleaned.did for cleaned in clean(open_store(str(store)))] == ["closed"]
            assert fitprint.get_run(run.run_id).status == "KILLED"
            return super().fit(X, y)

    Slow().fit([[1.0]], [1.0])
    (run,) = fitprint.runs()
    assert (run.status, run.metrics, run.path) == ("FINISHED", {"loss": 1.0, "mean": 1.0}, store / run.run_id)
    assert run.model_path.is_dir()
