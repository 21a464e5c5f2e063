"""A forked child never inherits its parent's open run, wherever in it the fork happens."""

from __future__ import annotations

import os

import pytest

import fitprint

BEFORE = """
import os, sys, threading
import fitprint, toylearn
from fitprint._core import call_scope
fitprint.autolog(quiet=True, strict=True)

def in_a_child(work):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert call_scope.current() is None
            assert fitprint.active_run() is None
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

def fit():
    return toylearn.Mean().fit([1], [2])

class Outer(toylearn.Base):
    def __init__(self, work):
        self.work = work

    def fit(self, rows, labels=None):
        self.work()
        self.mean_ = 0.0
        del self.work
        return self

    shift = 0.0
"""


@pytest.fixture
def runs_after(toy, store, run_python):
    """Runs a program after the words above. Returns (name, status, name of the parent) of its runs, oldest first."""

    def run(program: str) -> list[tuple[str, str, str | None]]:
        run_python(BEFORE + program)
        found = fitprint.runs()[::-1]
        names = {run.run_id: run.name for run in found}
        assert os.listdir(store / ".open") == []
        for run in found:
            assert run.flavor is None or [*run.models] == ["model"]
        return [(run.name, run.status, names.get(run.parent_id)) for run in found]

    return run


def test_a_fork_inside_a_training_call(runs_after):
    found = runs_after("Outer(lambda: in_a_child(fit)).fit([1], [2]); fit()")
    assert sorted(found) == [("Mean", "FINISHED", None), ("Mean", "FINISHED", None), ("Outer", "FINISHED", None)]


def test_a_fork_inside_a_block(runs_after):
    found = runs_after("with fitprint.start_run('mine'): in_a_child(fit); fit()")
    assert found == [("mine", "FINISHED", None), ("Mean", "FINISHED", "mine")], "the parent's call took the run"


def test_a_fork_inside_a_training_call_inside_a_block(runs_after):
    found = runs_after("with fitprint.start_run('mine'): Outer(lambda: in_a_child(fit)).fit([1], [2])")
    assert found == [("mine", "FINISHED", None), ("Mean", "FINISHED", "mine")]


def test_a_fork_inside_a_run_that_was_started_without_a_block(runs_after):
    found = runs_after("fitprint.start_run('mine'); in_a_child(fit); fit(); fitprint.end_run()")
    assert found == [("mine", "FINISHED", None), ("Mean", "FINISHED", "mine")]


def test_a_child_that_starts_a_run_of_its_own(runs_after):
    found = runs_after(
        """
def work():
    with fitprint.start_run("of the child"):
        fit()
        fit()

with fitprint.start_run("mine"):
    fit()
    Outer(lambda: in_a_child(work)).fit([1], [2])
"""
    )
    assert sorted(found) == [
        ("Mean", "FINISHED", "of the child"),
        ("Outer", "FINISHED", "mine"),
        ("mine", "FINISHED", None),
        ("of the child", "FINISHED", "mine"),
    ]


def test_a_child_of_a_child(runs_after):
    found = runs_after("Outer(lambda: in_a_child(lambda: (fit(), in_a_child(fit)))).fit([1], [2])")
    assert sorted(found) == [("Mean", "FINISHED", None), ("Mean", "FINISHED", None), ("Outer", "FINISHED", None)]


def test_a_fork_while_nothing_is_recorded(runs_after):
    found = runs_after("with fitprint.suppress(): in_a_child(fit); fit()")
    assert found == [("Mean", "FINISHED", None)], "the child's, which is no part of what its parent suppresses"


def test_a_fork_in_a_thread_inside_a_training_call(runs_after):
    found = runs_after(
        """
def work():
    thread = threading.Thread(target=in_a_child, args=(fit,))
    thread.start()
    thread.join()

Outer(work).fit([1], [2])
"""
    )
    assert sorted(found) == [("Mean", "FINISHED", None), ("Outer", "FINISHED", None)]


LEAVES_THE_CALL = """
child = None
def work():
    global child
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

model = Outer(work).fit([1], [2])
if child == 0:
    assert model.mean_ == 0.0
    assert call_scope.current() is None
    assert fitprint.run_of(model) is None
    fit()
"""


def test_a_child_that_goes_on_after_the_call_leaves_its_parent_s_run_alone(runs_after):
    found = runs_after(LEAVES_THE_CALL)
    assert sorted(found) == [("Mean", "FINISHED", None), ("Outer", "FINISHED", None)]


def test_it_says_nothing_and_pickles_nothing_there(toy, store, tmp_path, run_python):
    counting = """
class Counts:
    def __reduce__(self):
        open("pickled", "a").write("x")
        return Counts, ()

class Outer(Outer):
    def fit(self, rows, labels=None):
        self.held = Counts()
        return super().fit(rows, labels)

"""
    loud = BEFORE.replace("quiet=True, strict=True", "quiet=True")
    done = run_python(loud + counting + LEAVES_THE_CALL.replace("    fit()", "    pass"))
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "pickled").read_text() == "x", "by the parent alone"


IN_A_CALLBACK = """
import os, sys
import fitprint, xgboost
import numpy as np
from sklearn.tree import DecisionTreeClassifier
from fitprint._core import call_scope
fitprint.autolog(quiet=True, strict=True)
X, y = np.random.default_rng(0).random((20, 2)), np.arange(20) % 2

class Forks(xgboost.callback.TrainingCallback):
    def after_iteration(self, model, epoch, evals_log):
        if epoch == 1:
            child = os.fork()
            if child == 0:
                clean = call_scope.current() is None and fitprint.active_run() is None
                DecisionTreeClassifier().fit(X, y)
                os._exit(0 if clean else 1)
            assert os.waitpid(child, 0)[1] == 0

data = xgboost.DMatrix(X, y, nthread=1)
xgboost.train({"nthread": 1}, data, num_boost_round=3, evals=[(data, "train")], callbacks=[Forks()])
"""


def test_a_fork_inside_a_callback_of_the_framework(store, run_python):
    pytest.importorskip("xgboost")
    run_python(IN_A_CALLBACK)
    tree, trained = fitprint.runs()
    assert (tree.name, tree.status, tree.parent_id) == ("DecisionTreeClassifier", "FINISHED", None)
    assert (trained.flavor, trained.status) == ("xgboost", "FINISHED")
    assert [step for step, _ in trained.metric_history("train-rmse")] == [0, 1, 2], "no step twice, none lost"
    assert os.listdir(store / ".open") == []
