"""Runs and processes: who is dead, who may write, and many that write to one store at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys

import pytest

import fitprint
from fitprint._core import process as _process

OPENS_A_RUN_AND_WAITS = """
import sys, fitprint
run = fitprint.start_run("waiting")
run.log_metric("m", 1)
run._writer.write()
print(run.run_id, flush=True)
sys.stdin.read()
fitprint.end_run()
"""


@pytest.fixture
def waiting(store, starts_processes):
    """A living process with a run open: (process, run id)."""
    command = [sys.executable, "-c", OPENS_A_RUN_AND_WAITS]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_a_run_whose_process_lives_is_running_for_all(waiting):
    process, run_id = waiting
    assert fitprint.get_run(run_id).status == "RUNNING"
    process.communicate("")
    assert fitprint.get_run(run_id).status == "FINISHED"


def test_a_run_whose_process_was_killed_reads_as_killed(waiting, store):
    process, run_id = waiting
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert fitprint.get_run(run_id).status == "KILLED", "dead, though its parent has not asked for it yet"
    process.wait()
    found = fitprint.get_run(run_id)
    assert (found.status, found.metrics) == ("KILLED", {"m": 1.0})
    assert found.metric_history("m") == [(0, 1.0)]
    assert json.loads((found.path / "run.json").read_text())["status"] == "RUNNING", "reading changes nothing"
    assert [run.status for run in fitprint.runs()] == ["KILLED"]


def test_a_run_whose_process_was_killed_can_be_reopened_and_finished(waiting, store):
    process, run_id = waiting
    process.kill()
    process.wait()
    with fitprint.start_run(run_id=run_id) as run:
        run.log_metric("m", 2, step=1)
    found = fitprint.get_run(run_id)
    assert (found.status, found.metric_history("m")) == ("FINISHED", [(0, 1.0), (1, 2.0)])
    assert found.path == store / run_id


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"host": "elsewhere"}, "RUNNING"),
        ({"host": "elsewhere", "pid": 2**22 + 1}, "RUNNING"),
        ({"boot_id": "an earlier one"}, "KILLED"),
        ({"started": 1}, "KILLED"),
        ({"pid": 2**22 + 1}, "KILLED"),
        ({"started": None}, "RUNNING"),
        ({"started": None, "pid": 2**22 + 1}, "KILLED"),
        ({"pid": "no pid"}, "RUNNING"),
    ],
)
def test_a_run_is_killed_only_where_its_process_is_known_to_be_gone(store, changed, expected):
    run = fitprint.start_run()
    file = run.path / "run.json"
    record = json.loads(file.read_text())
    record["process"] |= changed
    file.write_text(json.dumps(record))
    assert fitprint.get_run(run.run_id).status == expected


def test_a_run_says_nothing_wrong_of_a_process_that_left_no_trace():
    assert _process.is_alive({}) is None
    assert _process.is_alive(_process.this_process()) is True


@pytest.mark.process
def test_a_forked_child_adds_to_its_parent_s_run_and_cannot_end_it(store):
    with fitprint.start_run() as run:
        run.log_metric("buffered", 1)
        child = os.fork()
        if child == 0:
            run.log_param("a", 1)
            run.log_metric("b", 1)
            run.metric_history("b")  # writes what is buffered
            refused = False
            try:
                run.end("FAILED")
            except RuntimeError as error:
                refused = "belongs to process" in str(error)
            nothing_active = fitprint.active_run() is None
            with fitprint.start_run("of the child") as own:
                pass
            os._exit(0 if refused and nothing_active and own.parent_id == run.run_id else 1)
        assert os.waitpid(child, 0)[1] == 0
        run.log_metric("buffered", 2, step=1)
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.params, found.metrics) == ("FINISHED", {"a": 1}, {"buffered": 2.0, "b": 1.0})
    assert found.metric_history("buffered") == [(0, 1.0), (1, 2.0)], "nothing twice"
    assert [child.name for child in found.children] == ["of the child"]


@pytest.mark.process
def test_a_forked_child_that_leaves_the_block_leaves_the_run_alone(store):
    child = None
    with fitprint.start_run() as run:
        child = os.fork()
    if child == 0:
        os._exit(0 if (store / ".open" / run.run_id).is_dir() or (store / run.run_id).is_dir() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert fitprint.get_run(run.run_id).status == "FINISHED"


def test_a_child_that_leaves_the_block_first_does_not_end_it(run_python, store):
    done = run_python(
        """
        import os, fitprint
        with fitprint.start_run() as run:
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
                print(fitprint.get_run(run.run_id).status)
        """
    )
    assert done.stdout.split() == ["RUNNING"]
    assert [run.status for run in fitprint.runs()] == ["FINISHED"]


def log_runs(number):
    for turn in range(10):
        with fitprint.start_run(f"{number}.{turn}") as run:
            run.log_param("number", number)
            for step in range(5):
                run.log_metric("m", step, step=step)
            run.log_text("x" * 1000, "a.txt")
    return os.getpid()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_processes_write_to_one_store_at_once_and_nothing_is_lost(store, method, run_python):
    script = f"""
        import multiprocessing, os, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        import {os.path.basename(__file__).removesuffix(".py")} as tests
        if __name__ == "__main__":
            with multiprocessing.get_context({method!r}).Pool(4) as pool:
                pool.map(tests.log_runs, range(8), chunksize=1)
        """
    run_python(script)
    found = fitprint.runs()
    assert sorted(run.name for run in found) == sorted(f"{number}.{turn}" for number in range(8) for turn in range(10))
    for run in found:
        assert run.status == "FINISHED"
        assert run.params == {"number": int(run.name.partition(".")[0])}
        assert run.metric_history("m") == [(step, float(step)) for step in range(5)]
        assert (run.path / "artifacts" / "a.txt").read_text() == "x" * 1000
    assert os.listdir(store / ".open") == []
    assert [run.run_id for run in found] == sorted((run.run_id for run in found), reverse=True)


def test_pickled_runs_are_read_in_another_process_and_the_one_of_this_process_is_added_to(store, tmp_path, run_python):
    with fitprint.start_run("travels") as run:
        run.log_metric("m", 0.5)
    (tmp_path / "run.pkl").write_bytes(pickle.dumps([run, fitprint.runs()]))
    done = run_python(
        """
        import pickle
        run, runs = pickle.load(open("run.pkl", "rb"))
        print(run.name, run.metrics, run.status, len(runs), runs[0].name)
        run.log_param("a", 1)
        print(run.params)
        try:
            runs[0].log_param("b", 1)
        except RuntimeError as error:
            print(error)
        """,
        env={"FITPRINT_STORE": None},
    )
    first, second, third = done.stdout.splitlines()
    assert first == "travels {'m': 0.5} FINISHED 1 travels"
    assert second == "{'a': 1}"
    assert f"was read back: open it with start_run(run_id='{run.run_id}')" in third
    assert fitprint.get_run(run.run_id).params == {"a": 1}


def test_the_start_of_this_process_is_known_where_there_is_proc():
    assert multiprocessing.parent_process() is None
    assert _process.process_start(os.getpid()) > 0
    assert _process.process_start(2**22 + 1) is None
