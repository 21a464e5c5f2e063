"""Loops in `start_run` blocks, whose end is theirs too."""

from __future__ import annotations

import threading

import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._runs.run import before_end


def seen():
    """(name, status, packages) of the runs, oldest first."""
    return [(run.name, run.status, sorted(run.models)) for run in fitprint.runs()][::-1]


def test_the_first_loop_takes_the_run_and_ends_with_it(net):
    with fitprint.start_run("mine") as run:
        net.update([1.0])
        net.update([2.0])
        assert fitprint.run_of(net) is run
        assert seen() == [("mine", "RUNNING", [])]
    assert seen() == [("mine", "FINISHED", ["model"])]
    assert run.params == {"rate": 0.5, "steps": 2}
    assert len(run.metric_history("loss")) == 2
    net.update([3.0])
    assert seen()[1:] == [("Net", "RUNNING", [])]


def test_epochs_that_are_each_saved_belong_to_the_block(net, tmp_path):
    with fitprint.start_run("mine") as run:
        for epoch in range(5):
            net.update([float(epoch)])
            net.to_disk(tmp_path / f"{epoch}")
            assert seen() == [("mine", "RUNNING", ["model"])]
        fitprint.log_metric("mine", 1.0)
    assert seen() == [("mine", "FINISHED", ["model"])]
    assert run.params["steps"] == 5
    assert before_end(run) == []


def test_further_loops_are_children_and_end_before_the_block(looping):
    first, second = looping.Net(), looping.Net()
    with fitprint.start_run("mine") as run:
        first.update([1.0])
        second.update([1.0])
    assert seen() == [("mine", "FINISHED", ["model"]), ("Net", "FINISHED", ["model"])]
    assert [child.name for child in run.children] == ["Net"]


def test_other_trainings_between_steps_are_children(toylearn, net):
    with fitprint.start_run("mine") as run:
        net.update([1.0])
        toylearn.Mean().fit([1], [2])
        net.update([1.0])
    assert [child.name for child in run.children] == ["Mean"]
    assert run.params == {"rate": 0.5, "steps": 2}


def test_the_inner_block_ends_what_began_in_it(looping):
    first, second = looping.Net(), looping.Net()
    with fitprint.start_run("outer"):
        first.update([1.0])
        with fitprint.start_run("inner"):
            second.update([1.0])
            first.update([1.0])
        assert [(name, status) for name, status, _ in seen()] == [("outer", "RUNNING"), ("inner", "FINISHED")]
    assert fitprint.runs()[1].params["steps"] == 2


def test_end_run_ends_a_loop_too(net):
    fitprint.start_run("mine")
    net.update([1.0])
    fitprint.end_run()
    assert seen() == [("mine", "FINISHED", ["model"])]


def test_a_block_that_fails(net):
    with pytest.raises(TypeError), fitprint.start_run("mine"):  # noqa: PT012  the block is what is tested
        net.update([1.0])
        net.update(None)
    run = fitprint.last_run()
    assert (run.status, run.error["type"], run.models) == ("FAILED", "TypeError", {})


def test_a_loop_in_a_thread_of_the_block_ends_with_the_block(net):
    with fitprint.start_run("mine"):
        worker = threading.Thread(target=net.update, args=([1.0],))
        worker.start()
        worker.join()
        assert seen() == [("mine", "RUNNING", [])]
    assert seen() == [("mine", "FINISHED", ["model"])]


def test_an_interruption_while_a_loop_ends_still_ends_the_block(net, monkeypatch):
    flavor = type(registry.entries()["toy"].flavor())

    def save(self, model, package, context):
        raise KeyboardInterrupt

    monkeypatch.setattr(flavor, "save", save)
    with pytest.raises(KeyboardInterrupt), fitprint.start_run("mine") as run:
        net.update([1.0])
    assert seen() == [("mine", "FINISHED", [])]
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("the rest of the recording", "interrupted")]


def test_a_loop_in_a_block_that_joins_another_run_ends_with_that_block_as_a_child(net):
    with fitprint.start_run("mine") as run:
        with fitprint.start_run(run_id=run.run_id):
            net.update([1.0])
        assert seen() == [("mine", "RUNNING", []), ("Net", "FINISHED", ["model"])]
    assert [child.name for child in run.children] == ["Net"]
