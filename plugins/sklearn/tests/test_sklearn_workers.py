"""Training in the standard library's workers: inside a recorded call it is part of it, else it is recorded there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import asyncio, json, sys, threading
import concurrent.futures as futures
import multiprocessing
import multiprocess  # the same with another pickler

import fitprint
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.naive_bayes import GaussianNB

X, y = np.arange(4.0).reshape(-1, 1), np.array([0, 0, 1, 1])


def fit(number=0):
    GaussianNB(var_smoothing=1e-9 * (number + 1)).fit(X, y)
    return number


def in_threads():
    threads = [threading.Thread(target=fit, args=(number,)) for number in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def in_processes(method, library=multiprocessing):
    processes = [library.get_context(method).Process(target=fit, args=(number,)) for number in range(3)]
    [process.start() for process in processes]
    [process.join() for process in processes]


def in_executor(executor):
    with executor:
        assert list(executor.map(fit, range(3))) == [0, 1, 2]


def in_pool(method, library=multiprocessing):
    with library.get_context(method).Pool(2) as pool:
        assert pool.map(fit, range(3)) == [0, 1, 2]


def in_tasks():
    async def all_of_them():
        await asyncio.gather(*(asyncio.to_thread(fit, number) for number in range(3)))

    asyncio.run(all_of_them())


SPAWN = multiprocessing.get_context("spawn")
WORKERS = {
    "Thread": in_threads,
    "ThreadPoolExecutor": lambda: in_executor(futures.ThreadPoolExecutor(2)),
    "ProcessPoolExecutor": lambda: in_executor(futures.ProcessPoolExecutor(2)),
    "ProcessPoolExecutor, spawn": lambda: in_executor(futures.ProcessPoolExecutor(2, mp_context=SPAWN)),
    "Process, fork": lambda: in_processes("fork"),
    "Process, spawn": lambda: in_processes("spawn"),
    "Pool, fork": lambda: in_pool("fork"),
    "Pool, spawn": lambda: in_pool("spawn"),
    "multiprocess.Process": lambda: in_processes("fork", multiprocess),
    "multiprocess.Pool": lambda: in_pool("fork", multiprocess),
    "asyncio": in_tasks,
}


class Meta(BaseEstimator):
    def __init__(self, worker=None):
        self.worker = worker

    def fit(self, X, y):
        WORKERS[self.worker]()
        return self


def measured(worker, nested):
    before = {run.run_id for run in fitprint.runs()}
    found = {"taken": None, "children": None}
    if nested:
        Meta(worker).fit(X, y)
    else:
        with fitprint.start_run("block") as block:
            WORKERS[worker]()
        found = {"taken": len(block.params) > 0, "children": len(block.children)}
    found["names"] = sorted(run.name for run in fitprint.runs() if run.run_id not in before)
    return found


if __name__ == "__main__":
    fitprint.autolog(quiet=True)
    results = {f"{worker}, {how}": measured(worker, how == "nested") for worker in WORKERS for how in ("nested", "own")}
    fitprint.disable()
    results["patched"] = "fitprint" in repr(type(vars(threading.Thread)["start"]))
    print(json.dumps(results))
"""
THREADS = ["Thread", "ThreadPoolExecutor", "asyncio"]
PROCESSES = [
    "ProcessPoolExecutor",
    "ProcessPoolExecutor, spawn",
    "Process, fork",
    "Process, spawn",
    "Pool, fork",
    "Pool, spawn",
    "multiprocess.Process",
    "multiprocess.Pool",
]


@pytest.fixture(scope="module")
def results(tmp_path_factory, starts_processes):
    """Every kind of worker, once inside a recorded call and once by the user's own code: one script for them all."""
    script = tmp_path_factory.mktemp("workers") / "script.py"
    script.write_text(SCRIPT, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FITPRINT_")}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=script.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("worker", THREADS + PROCESSES)
def test_what_a_recorded_call_trains_in_workers_is_part_of_it(results, worker):
    assert results[f"{worker}, nested"]["names"] == ["Meta"]


@pytest.mark.parametrize("worker", THREADS)
def test_one_thread_of_a_block_takes_its_run_and_the_others_become_children(results, worker):
    found = results[f"{worker}, own"]
    assert found == {"taken": True, "children": 2, "names": ["GaussianNB", "GaussianNB", "block"]}


@pytest.mark.parametrize("worker", PROCESSES)
def test_the_users_own_worker_processes_record_every_fit_as_a_child_of_the_block(results, worker):
    found = results[f"{worker}, own"]
    assert found == {"taken": False, "children": 3, "names": ["GaussianNB", "GaussianNB", "GaussianNB", "block"]}


def test_disable_puts_the_workers_back(results):
    assert results["patched"] is False
