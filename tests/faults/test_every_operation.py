"""A fault at every file operation of a run in turn: the training is unaffected, and the run after it is whole."""

from __future__ import annotations

import json

import pytest

EVERY = """
import errno, json, sys, time, warnings
from faulty_files import *

warnings.simplefilter("error")
error, how, flavor = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if flavor == "sklearn":
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier

    X, y = load_iris(return_X_y=True)

    def train():
        return DecisionTreeClassifier(max_depth=2, random_state=0).fit(X[::5], y[::5]).tree_.threshold.tolist()
else:
    import numpy, xgboost

    data = xgboost.DMatrix(numpy.arange(20.0).reshape(10, 2), numpy.arange(10.0))

    def train():
        return xgboost.train({"max_depth": 1, "nthread": 1}, data, 2).predict(data).tolist()

expected = train()
fitprint.autolog(quiet=True)
train()  # what is found out once per process
empty_store()
started = time.perf_counter()
with fault() as found:
    train()
usual = time.perf_counter() - started
operations, _ = found
wrong, failed, slowest = [], {}, 0.0


def expect(holds, what):
    if not holds:
        wrong.append(f"at {number} ({operation}): {what}")


for number in range(1, operations + 1):
    empty_store()
    before = counted(flavor)
    operation = "?"
    started = time.perf_counter()
    try:
        with fault(number, error, how) as found:
            result = train()
    except BaseException as raised:
        wrong.append(f"at {number}: {raised!r}")
        continue
    slowest = max(slowest, time.perf_counter() - started - usual)
    operation = found[1]
    failed[operation] = failed.get(operation, 0) + 1
    expect(result == expected, "another model")
    recorded, left_out = (now - then for now, then in zip(counted(flavor), before))
    expect(recorded == 1 or (recorded, left_out) == (0, 1), f"counted {recorded} times, left out {left_out} times")
    told = [line for line in lines if "cannot be written" in line]
    expect(len(told) <= 1, f"told {lines}")
    if how != FROM_THEN_ON:
        expect(not half_done(), f"half done: {half_done()}")
    runs = fitprint.runs()
    if how == TAKE_AWAY:
        expect(all(map(is_complete, runs)), f"a run that was taken away is there again in part: {runs}")
    else:
        expect(not [line for line in lines if "broken" in line or "cannot be read" in line], f"unreadable: {lines}")
        whole = len(runs) == 1 and is_complete(runs[0])
        if error == errno.EINTR and operation in ("open", "write"):  # which Python does again by itself
            expect(whole, f"not complete though it was only interrupted: {runs} {[r.skipped for r in runs]}")
        told_or_kept = told or lines or [skip for run in runs for skip in run.skipped]
        expect(whole or told_or_kept, f"silent: {runs}")
    a_minute_later()
    try:
        train()
    except BaseException as raised:
        wrong.append(f"after {number} ({operation}): {raised!r}")
        continue
    runs = fitprint.runs()
    expect(runs and is_complete(runs[0]), f"the next run is not complete: {runs} {[r.skipped for r in runs]}")
    expect([run.status for run in runs] == ["FINISHED"] * len(runs), f"{runs}")
    expect(not list((STORE / ".open").iterdir()), f"still open: {list((STORE / '.open').iterdir())}")
    expect(not half_done(), f"half done after recovery: {half_done()}")
print(json.dumps({"operations": operations, "failed": failed, "wrong": wrong, "slowest": slowest}))
"""

ERRORS = {"ENOSPC": 28, "EACCES": 13, "EROFS": 30, "EIO": 5, "EINTR": 4, "ENAMETOOLONG": 36}
ONCE, FROM_THEN_ON, TAKE_AWAY = 1, 2, 3


def after_each_fault(run_faulty, error, how, flavor="sklearn"):
    found = json.loads(run_faulty(EVERY, ERRORS.get(error, 0), how, flavor).stdout)
    assert found["operations"] > 30
    assert {"open", "write", "mkdir", "rename", "close"} <= {*found["failed"]}
    return found["wrong"]


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS)
def test_a_fault_that_passes_costs_at_most_what_it_struck(run_faulty, error):
    assert after_each_fault(run_faulty, error, ONCE) == []


@pytest.mark.slow
@pytest.mark.parametrize("error", [error for error in ERRORS if error != "EINTR"])  # Python would try for ever
def test_a_store_that_fails_from_some_moment_on_is_said_once_and_written_again_when_it_works(run_faulty, error):
    assert after_each_fault(run_faulty, error, FROM_THEN_ON) == []


@pytest.mark.slow
@pytest.mark.parametrize("flavor", ["sklearn", "xgboost"])
def test_a_store_taken_away_at_any_moment_is_made_anew(run_faulty, flavor):
    assert after_each_fault(run_faulty, None, TAKE_AWAY, flavor) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [ONCE, FROM_THEN_ON])
def test_faults_beneath_a_model_that_its_framework_writes_itself(run_faulty, how):
    assert after_each_fault(run_faulty, "ENOSPC", how, "xgboost") == []
