"""The name of a run: the class of the model, as soon as there is one, unless the user or the flavor says otherwise."""

from __future__ import annotations

import sys

import pytest

import fitprint


@pytest.fixture
def toylearn(toy, store):
    found = toy.imported()
    fitprint.autolog("toy", quiet=True, strict=True)
    return found


def test_a_function_is_named_after_what_it_trains(toylearn):
    toylearn.train({}, [1])
    assert fitprint.last_run().name == "Booster"


def test_until_there_is_a_model_after_the_function(toylearn):
    names = []
    with pytest.raises(ZeroDivisionError):
        toylearn.train({}, [1], callback=lambda step, level: names.append(fitprint.runs()[0].name) or 1 / 0)
    assert [*names, fitprint.runs()[0].name] == ["toy.train", "toy.train"]


def test_the_users_own_name_stays(toylearn):
    with fitprint.start_run("by hand"):
        toylearn.train({}, [1])
    fitprint.autolog("toy", run_name="mine", quiet=True)
    toylearn.train({}, [1])
    assert [run.name for run in fitprint.runs()] == ["mine", "by hand"]


def test_the_flavors_own_name_is_asked_with_the_model(toylearn, monkeypatch):
    flavor = sys.modules["fitprint_toy"].ToyFlavor
    monkeypatch.setattr(
        flavor, "run_name", lambda self, call, model=None: f"level {model.level}" if model is not None else "a training"
    )
    toylearn.train({"rate": 1.0}, [1], rounds=3)
    assert fitprint.last_run().name == "level 3.0"


def test_a_loop_is_named_after_its_model_from_the_first_step_on(toylearn):
    import toylearn.looping as looping

    net = looping.Net()
    optimizer = looping.Optimizer(net)
    optimizer.step()
    assert fitprint.last_run().name == "Net"
    optimizer.step()
    fitprint.disable()
    assert [(run.name, run.status) for run in fitprint.runs()] == [("Net", "FINISHED")]
