"""The setting `package_of`: the package is of the best model of a training, where the flavor finds one."""

from __future__ import annotations

import pytest

import fitprint
from fitprint.plugin import BestModel


@pytest.fixture
def best(flavor, toylearn, monkeypatch):
    """Lets the flavor find a model with a level, or none; `asked` are the calls in which it was asked."""
    fitprint.autolog("toy", quiet=True, package_of="best")

    def choose(level, **facts):
        asked = []

        def best_model(self, call):
            asked.append(call)
            return BestModel(toylearn.Booster(level), **facts) if level is not None else None

        monkeypatch.setattr(flavor, "best_model", best_model)
        return asked

    return choose


def packaged():
    run = fitprint.last_run()
    return run, fitprint.load_model(run.model_path).unwrap().level


def test_by_default_nobody_asks_for_the_best_model(toylearn, best):
    asked = best(7.0)
    fitprint.autolog("toy", quiet=True)
    toylearn.train({}, [1])
    run, level = packaged()
    assert (level, asked, "package_of" in run.tags) == (3.0, [], False)


def test_the_package_is_of_the_best_model_and_the_run_says_which_it_is(toylearn, best, tmp_path):
    asked = best(7.0, step=4, checkpoint=tmp_path / "best.ckpt")
    booster = toylearn.train({}, [1])
    run, level = packaged()
    assert (booster.level, level, len(asked)) == (3.0, 7.0, 1)
    assert (run.tags["package_of"], run.tags["package_step"]) == ("best", "4")
    assert run.tags["package_checkpoint"] == str(tmp_path / "best.ckpt")
    assert (list(run.models), run.skipped) == (["model"], [])
    assert fitprint.run_of(booster).run_id == run.run_id


def test_where_there_is_none_the_run_says_so(toylearn, best):
    best(None)
    toylearn.train({}, [1])
    run, level = packaged()
    assert (level, "package_of" in run.tags) == (3.0, False)
    reason = "toy finds no better model than the last one, so the package contains the last one"
    assert run.skipped == [fitprint.Skip("the best model", "package_of", reason)]


def test_if_it_cannot_be_found_the_last_one_is_packaged(toylearn, best, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "best_model", lambda self, call: 1 / 0)
    toylearn.train({}, [1])
    run, level = packaged()
    assert level == 3.0
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("the best model", "error")]


def test_no_package_at_all_is_none_of_the_best_model_either(toylearn, best):
    asked = best(7.0)
    fitprint.autolog("toy", quiet=True, package_of="best", log_models=False)
    toylearn.train({}, [1])
    assert (fitprint.last_run().models, asked) == ({}, [])


@pytest.mark.parametrize("saves", [0, 1, 2])
def test_in_a_loop_it_takes_the_place_of_what_was_saved(toylearn, best, tmp_path, saves):
    from toylearn.looping import Net

    asked = best(7.0, step=1)
    net = Net()
    for epoch in range(2):
        net.update([1.0])
        if saves > epoch:
            net.to_disk(tmp_path / "net")
            assert asked == []
    fitprint.disable()
    run, level = packaged()
    assert (level, list(run.models), run.tags["package_of"], run.skipped) == (7.0, ["model"], "best", [])


def test_the_setting_takes_no_other_value():
    with pytest.raises(ValueError, match="accepted: last or best"):
        fitprint.autolog("toy", package_of="first")
