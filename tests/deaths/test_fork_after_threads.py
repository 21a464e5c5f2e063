"""Children forked while threads train and log: a lock that a thread held must not be held for ever in the child."""

from __future__ import annotations

import os
from collections import Counter

import pytest

import fitprint

CHILDREN, THREADS = 120, 3

FORKS = """
import faulthandler, os, sys, threading
import fitprint
from fitprint._core import ids
{imports}

CHILDREN, THREADS, HANGS = int(sys.argv[1]), int(sys.argv[2]), 60
fitprint.autolog(quiet=True, strict=True)

def work(name):
    fit()
    with fitprint.start_run(name) as run:
        run.log_metric("m", 1.0)
        fit()
        run.log_param("p", name)

def loop():
    while not done.is_set():
        work("thread")

def busy():  # a short lock that every run takes, held nearly always
    while not done.is_set():
        ids.new_run_id()

if {warm}:
    fit()
done = threading.Event()
threads = [threading.Thread(target=target) for target in (*[loop] * THREADS, busy)]
for thread in threads:
    thread.start()
for number in range(CHILDREN):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            faulthandler.dump_traceback_later(HANGS, exit=True)  # far above what it takes: shows where it hangs
            work("child")
            faulthandler.cancel_dump_traceback_later()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        print(f"child {{number}} ended with {{code}}", file=sys.stderr, flush=True)
        os._exit(3)
done.set()
for thread in threads:
    thread.join()
"""

TOY = """
import toylearn

def fit():
    toylearn.Mean().fit([1], [2])
"""

REAL = """
import numpy as np
from sklearn.tree import DecisionTreeClassifier
X, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2

def fit():
    DecisionTreeClassifier(max_depth=2).fit(X, y)
"""


def check_runs(store, children):
    found = fitprint.runs()
    assert {run.status for run in found} == {"FINISHED"}
    assert all([*run.models] == ["model"] for run in found)
    assert os.listdir(store / ".open") == []
    counts = Counter(run.name for run in found)
    assert counts["child"] == children
    assert counts["thread"] > 0
    pids = Counter(run.tags["pid"] for run in found)
    assert sorted(pids.values())[:children] == [2] * children, "of each child the fit and the block"


@pytest.mark.slow
@pytest.mark.parametrize("program", [TOY, REAL], ids=["toy", "real"])
def test_children_of_a_process_whose_threads_train(toy, store, run_python, program):
    run_python(FORKS.format(imports=program, warm=True), CHILDREN, THREADS)
    check_runs(store, CHILDREN)


@pytest.mark.slow
def test_children_forked_while_the_threads_import_what_a_first_recording_needs(toy, store, run_python, tmp_path):
    for _ in range(12):
        run_python(FORKS.format(imports=TOY, warm=False), 8, THREADS, name="first.py")
    check_runs(store, 12 * 8)
