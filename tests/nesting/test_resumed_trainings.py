"""Trainings that go on from an earlier one: their runs are linked, and the steps of a loop go on."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._runs import checkpoints


@pytest.fixture
def resuming(flavor, toylearn, monkeypatch):
    """Lets the flavor say what each further training goes on with, in the order in which it is asked."""

    def go_on_with(*sources):
        answers = list(sources)
        monkeypatch.setattr(flavor, "resumes", lambda self, call: answers.pop(0) if answers else None)

    return go_on_with


def origin(run):
    return {name: value for name, value in run.tags.items() if name.startswith("resumed")}


def trained(toylearn):
    booster = toylearn.train({}, [1])
    return booster, fitprint.last_run()


def test_a_training_that_begins_anew_is_linked_to_nothing(toylearn):
    assert origin(trained(toylearn)[1]) == {}


def test_a_model_that_an_earlier_run_trained(toylearn, resuming):
    booster, first = trained(toylearn)
    resuming(booster)
    assert origin(trained(toylearn)[1]) == {"resumed_from": first.run_id}


def test_a_model_from_the_package_of_a_run(toylearn, resuming):
    first = trained(toylearn)[1]
    run_id, path = first.run_id, first.model_path
    del first
    loaded = fitprint.load_model(path).unwrap()
    resuming(loaded)
    assert origin(trained(toylearn)[1]) == {"resumed_from": run_id}


def test_a_model_of_unknown_origin(toylearn, resuming):
    resuming(toylearn.Booster(1.0))
    run = trained(toylearn)[1]
    assert origin(run) == {}
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("the run that the training goes on from", "flavor")]


def test_a_checkpoint_of_an_earlier_run(toylearn, resuming, flavor, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def listen(self, call, emit):
        emit.checkpoint("last.ckpt", step=len(fitprint.runs()))

    monkeypatch.setattr(flavor, "listen", listen)
    first, second = trained(toylearn)[1], trained(toylearn)[1]
    resuming("last.ckpt")  # which the third training writes too
    third = trained(toylearn)[1]
    assert origin(third) == {
        "resumed_from": second.run_id,
        "resumed_checkpoint": "last.ckpt",
        "resumed_step": "2",
    }
    monkeypatch.setattr(checkpoints, "MOST_SEARCHED", 0)
    resuming(tmp_path / "last.ckpt")
    assert origin(trained(toylearn)[1])["resumed_from"] == str(tmp_path / "last.ckpt")
    assert first.run_id != second.run_id


def test_a_link_to_a_checkpoint(toylearn, resuming, flavor, monkeypatch, tmp_path):
    kept, last = tmp_path / "kept" / "step-1.ckpt", tmp_path / "last.ckpt"
    monkeypatch.setattr(flavor, "listen", lambda self, call, emit: emit.checkpoint(str(kept), step=1))
    first = trained(toylearn)[1]
    last.symlink_to("kept/step-1.ckpt")
    resuming(last)
    assert origin(trained(toylearn)[1]) == {
        "resumed_from": first.run_id,
        "resumed_checkpoint": str(last),
        "resumed_step": "1",
    }


def test_what_the_framework_chooses_by_itself_is_asked_for_afterwards(toylearn, resuming):
    booster, first = trained(toylearn)
    resuming(None, booster)
    assert origin(trained(toylearn)[1]) == {"resumed_from": first.run_id}


def test_an_answer_that_fails_costs_only_the_link(toylearn, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "resumes", lambda self, call: 1 / 0)
    run = trained(toylearn)[1]
    assert list(run.models) == ["model"]
    assert {skip.what for skip in run.skipped} == {"what the training goes on with"}


def test_the_steps_of_a_loop_go_on_where_the_framework_counts_on(toylearn, resuming, flavor, monkeypatch):
    from toylearn.looping import Net

    monkeypatch.setattr(flavor, "first_step", lambda self, call: call.instance.steps)
    net = Net()
    runs = []
    for _ in range(2):
        with fitprint.start_run() as run:
            for _ in range(3):
                net.update([1.0])
        runs.append(run)
        resuming(net)
    assert [[step for step, _ in run.metric_history("loss")] for run in runs] == [[0, 1, 2], [3, 4, 5]]
    assert [origin(run) for run in runs] == [{}, {"resumed_from": runs[0].run_id}]
