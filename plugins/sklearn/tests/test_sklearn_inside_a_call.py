"""Inside a recorded training call, fitprint's own calls mean the run that is being recorded, and not the one before."""

from __future__ import annotations

import threading

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import fitprint

X, y = load_iris(return_X_y=True)


class Looking(LogisticRegression):
    """Calls `look` with itself in the middle of its training."""

    def __init__(self, look=None):
        super().__init__(max_iter=500)
        self.look = look

    def fit(self, X, y):
        LogisticRegression(max_iter=500).fit(X, y)  # a training inside another one
        super().fit(X, y)
        self.look(self)
        return self


@pytest.fixture
def look_inside(store):
    """Trains a `Looking` with recording on, after another training. Returns what was seen and the run."""
    fitprint.autolog(quiet=True)

    def train(look):
        seen = []
        LogisticRegression(max_iter=500).fit(X, y)
        Looking(lambda model: seen.append(look(model))).fit(X, y)
        (run, before) = fitprint.runs()
        return seen[0], run, before

    return train


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: fitprint.active_run(),
        lambda model: fitprint.last_run(),
        lambda model: fitprint.run_of(model),
    ],
    ids=["active_run", "last_run", "run_of"],
)
def test_the_run_is_the_one_being_recorded(look_inside, ask):
    seen, run, _ = look_inside(lambda model: (ask(model).run_id, ask(model).status))
    assert seen == (run.run_id, "RUNNING")


def test_what_is_logged_goes_to_the_run_being_recorded(look_inside):
    def log(model):
        fitprint.log_metric("mine", 1.0)
        fitprint.log_param("note", "inside")
        fitprint.set_tag("team", "risk")
        fitprint.log_text("hello", "note.txt")

    _, run, before = look_inside(log)
    assert run.metrics["mine"] == 1.0
    assert run.params["note"] == "inside"
    assert run.tags["team"] == "risk"
    assert "note.txt" in run.artifacts
    assert "training_accuracy_score" in run.metrics
    assert "mine" not in before.metrics
    assert "note" not in before.params


def test_the_first_training_of_a_process_may_log_too(store):
    fitprint.autolog(quiet=True)
    Looking(lambda model: fitprint.log_metric("mine", 1.0)).fit(X, y)
    assert fitprint.last_run().metrics["mine"] == 1.0


def test_a_thread_started_inside_means_the_same_run(look_inside):
    def log(model):
        thread = threading.Thread(target=fitprint.log_metric, args=("from_a_thread", 2.0))
        thread.start()
        thread.join()

    _, run, _ = look_inside(log)
    assert run.metrics["from_a_thread"] == 2.0


def test_a_run_started_inside_is_its_child_and_takes_what_is_logged(look_inside):
    def log(model):
        with fitprint.start_run("part") as part:
            fitprint.log_metric("mine", 3.0)
            assert fitprint.active_run() is part
        assert fitprint.active_run().name == "Looking"

    fitprint.autolog(quiet=True)
    LogisticRegression(max_iter=500).fit(X, y)
    Looking(log).fit(X, y)
    part, run, _ = fitprint.runs()
    assert part.parent_id == run.run_id
    assert part.metrics == {"mine": 3.0}
    assert "mine" not in run.metrics


def test_in_a_block_it_is_the_run_that_the_training_is_recorded_on(store):
    fitprint.autolog(quiet=True)
    seen = []
    with fitprint.start_run("block") as block:
        Looking(lambda model: seen.append(fitprint.active_run().run_id)).fit(X, y)
        Looking(lambda model: seen.append(fitprint.active_run().run_id)).fit(X, y)
        assert fitprint.active_run() is block
    (child,) = block.children
    assert seen == [block.run_id, child.run_id]


def test_ending_a_run_inside_does_not_end_the_recording(store):
    fitprint.autolog(quiet=True)
    Looking(lambda model: fitprint.end_run()).fit(X, y)
    run = fitprint.last_run()
    assert run.status == "FINISHED"
    assert run.model_path is not None


def test_afterwards_no_run_is_active(look_inside):
    _, run, _ = look_inside(lambda model: None)
    assert fitprint.active_run() is None
    assert fitprint.last_run().run_id == run.run_id
