"""Trainings of several processes: which of them records, what the run is tagged with, and models in parts."""

from __future__ import annotations

import pytest

import fitprint

LAUNCHERS = ("RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


@pytest.fixture(autouse=True)
def _without_launcher(monkeypatch):
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def test_the_ranks_after_the_first_make_no_run(toylearn, flavor, monkeypatch):
    world = [1, 2]
    monkeypatch.setattr(flavor, "world", lambda self, call: tuple(world))
    toylearn.Mean().fit([1], [2])
    assert fitprint.runs() == []
    assert [status.skips for status in fitprint.status() if status.name == "toy"] == [{"rank_zero_only": 1}]
    world[0] = 0
    toylearn.Mean().fit([1], [2])
    (run,) = fitprint.runs()
    assert (run.tags["rank"], run.tags["world_size"]) == ("0", "2")
    world[0] = 1
    fitprint.autolog("toy", quiet=True, rank_zero_only=False)
    toylearn.Mean().fit([1], [2])
    assert [run.tags["rank"] for run in fitprint.runs()] == ["1", "0"]


def test_a_loop_of_another_rank_makes_no_run(toylearn, flavor, monkeypatch):
    from toylearn.looping import Net

    monkeypatch.setattr(flavor, "world", lambda self, call: (3, 4))
    net = Net()
    net.update([1.0])
    net.update([1.0])
    assert fitprint.runs() == []
    assert [status.skips for status in fitprint.status() if status.name == "toy"] == [{"rank_zero_only": 1}]


@pytest.mark.parametrize(
    ("variables", "tags"),
    [
        ({"RANK": "3", "WORLD_SIZE": "8"}, {"rank": "3", "world_size": "8"}),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, {"rank": "1", "world_size": "2"}),
        ({"OMPI_COMM_WORLD_RANK": "5"}, {"rank": "5"}),
        ({"PMI_RANK": "0"}, {"rank": "0"}),
        ({"RANK": "3", "SLURM_PROCID": "1"}, {"rank": "3"}),
        ({}, {}),
    ],
)
def test_the_variables_of_a_launcher_only_give_tags(toylearn, monkeypatch, variables, tags):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    toylearn.Mean().fit([1], [2])
    (run,) = fitprint.runs()
    assert {name: value for name, value in run.tags.items() if name in ("rank", "world_size")} == tags
    assert list(run.models) == ["model"]


def test_eight_independent_fits_leave_eight_runs(toy, store, run_python):
    for rank in range(8):
        run_python(
            """
        import fitprint
        fitprint.autolog(quiet=True)
        import toylearn
        toylearn.Mean().fit([1], [2])
        """,
            env={"RANK": str(rank), "WORLD_SIZE": "8"},
        )
    assert sorted(run.tags["rank"] for run in fitprint.runs()) == list("01234567")


def test_a_model_that_is_not_local_is_neither_saved_nor_asked_to_predict(toylearn, flavor, monkeypatch):
    called = []
    monkeypatch.setattr(flavor, "is_local", lambda self, model: False)
    monkeypatch.setattr(flavor, "save", lambda self, model, package: called.append("save"))
    monkeypatch.setattr(flavor, "predict", lambda self, model, data, params=None: called.append("predict"))
    toylearn.Mean().fit([1], [2])
    (run,) = fitprint.runs()
    assert (called, run.models, run.status) == ([], {}, "FINISHED")
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "is_local")]
    assert "several processes" in run.skipped[0].reason
