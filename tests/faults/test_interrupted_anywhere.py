"""A Ctrl-C or a deadline at every line of our own work: it passes as it is, and no run or session is left open."""

from __future__ import annotations

import json

import pytest

AT_EVERY_LINE = r"""
import json, re, shutil, sys, warnings

import fitprint
from fitprint._core import isolation
from fitprint._core import call_scope
from interrupting import traced

# The interpreter looks for signals at calls, and not where a block is left: a trace would leave the lock taken there.
OF_A_LOCK = re.compile(r"\s*with .*(lock|_claiming)\b")
toy, by_deadline = "toy" in sys.argv, "deadline" in sys.argv
status_before, name = ("FAILED", "Deadline") if by_deadline else ("KILLED", "Interrupted")
if toy:
    import toylearn

    def train():
        return toylearn.Mean(1.0).fit([1, 2], [2, 3]).mean_
else:
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier

    X, y = load_iris(return_X_y=True)

    def train():
        return DecisionTreeClassifier(max_depth=2).fit(X[::5], y[::5]).get_depth()


fitprint.autolog(quiet=True)
train()
train()
lines = traced(0, OF_A_LOCK, train)[0].seen
wrong, found = [], {"before": 0, "after": 0, "complete": 0, "none": 0}
step = max(1, lines // 400)
filters = list(warnings.filters)
for number in range(1, lines + 1, step):
    before = {run.run_id for run in fitprint.runs(newest=2)}
    tracer, raised = traced(number, OF_A_LOCK, train, by_deadline)

    def expect(holds, what):
        if not holds:
            wrong.append(f"{tracer.place}: {what}")

    expect(raised is not None and raised is tracer.raised, f"raised {raised!r}")
    expect(call_scope.current() is None, "a session is left open")
    expect(isolation._depth.get() == 0 and list(warnings.filters) == filters, "warnings are not as they were")
    call_scope._current.set(None)
    isolation._depth.set(0)
    warnings.filters[:] = filters
    new = [run for run in fitprint.runs(newest=2) if run.run_id not in before]
    if not new:
        found["none"] += 1
    for run in new:
        interrupted = "interrupted" in [skip.rule for skip in run.skipped]
        half = [path.name for path in run.path.iterdir() if path.name.startswith(".")]
        half += [path.name for path in run.path.glob("model*") if not (path / "checksums.json").exists()]
        unnamed = [path.name for path in run.path.glob("model*") if path.name not in run.models]
        expect(not half and not unnamed, f"left {half} {unnamed}")
        if run.status == status_before:
            found["before"] += 1
            expect(run.error["type"] == name, f"{run.error}")
        elif run.status == "FINISHED":
            found["after" if interrupted else "complete"] += 1
            expect(run.params and run.metrics or interrupted, f"{run.params} {run.metrics}")
            expect(interrupted or run.model_path, "not said")
        else:
            expect(False, run.status)
    try:
        train()
    except BaseException as error:
        wrong.append(f"{tracer.place}: the next call raised {error!r}")
        continue
    runs = fitprint.runs(newest=1)
    expect(runs[0].run_id not in before and runs[0].model_path and not runs[0].skipped, "the next run is not recorded")
    for left in (runs[0].path.parent / ".open").iterdir():
        expect(False, f"{[path.name for path in left.iterdir()]} is left open")
        shutil.rmtree(left)
print(json.dumps({"lines": lines, "found": found, "wrong": wrong}))
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("by", ["interruption", "deadline"])
def test_an_interruption_at_any_line_of_ours_leaves_nothing_open(run_interrupted, store, toy, by):
    found = json.loads(run_interrupted(AT_EVERY_LINE, "toy", by).stdout)
    assert found["lines"] > 500
    assert min(found["found"].values()) > 0, "interrupted before, in and after the recording"
    assert found["wrong"] == []


@pytest.mark.slow
@pytest.mark.parametrize("by", ["interruption", "deadline"])
def test_an_interruption_at_any_line_while_an_estimator_is_recorded(run_interrupted, store, by):
    found = json.loads(run_interrupted(AT_EVERY_LINE, by).stdout)
    assert found["wrong"] == []
