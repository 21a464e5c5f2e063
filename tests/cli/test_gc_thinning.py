"""`fitprint gc --keep-models` and `--max-size`: packages go, the least good first, and their runs say so."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

import fitprint
from fitprint._runs.retention import lower_is_better

MAKES = """
import os, sys, json, fitprint
for metrics, sizes in json.loads(sys.argv[1]):
    with fitprint.start_run("trained") as run:
        run.log_metrics(metrics)
        run.log_text("kept", "note.txt")
        for i, size in enumerate(sizes):
            package = run._writer.begin_package(None)
            package.write("MLmodel", "x" * size)
            run._writer.keep_package(package, "model", {"flavor": "toy", "size": size})
    print(run.run_id)
"""


@pytest.fixture
def made(store, run_python):
    """Makes runs in a process that then ends: (metrics, sizes of packages) each. Returns their ids."""

    def make(*runs):
        return run_python(MAKES, json.dumps(runs)).stdout.split()

    return make


def kept(run_ids):
    """Which of the runs have packages, by their place; checked against what lies in their folders."""
    for run_id in run_ids:
        run = fitprint.get_run(run_id)
        there = {path.parent.name for path in run.path.glob("*/MLmodel")}
        assert {*run.models} == there
        assert (run.path / "artifacts" / "note.txt").exists()
        assert not list(run.path.glob(".package-*"))
    return [place for place, run_id in enumerate(run_ids) if fitprint.get_run(run_id).models]


def accuracies(*values):
    return [({"accuracy": value}, [1000]) for value in values]


def test_the_best_packages_are_kept_and_all_runs(made, invoke):
    ids = made(*accuracies(0.7, 0.9, 0.8, 0.6))
    result = invoke("gc", "--keep-models", "2", "--by", "accuracy")
    assert kept(ids) == [1, 2]
    assert "removed 2 packages, freed 2." in result.stdout
    assert len(fitprint.runs()) == 4


def test_a_run_says_what_was_removed_why_and_when(made, invoke):
    ids = made(*accuracies(0.75, 0.9))
    invoke("gc", "--keep-models", "1", "--by", "accuracy")
    (skip,) = fitprint.get_run(ids[0]).skipped
    assert skip.what == "model"
    assert skip.rule == "gc"
    today = fitprint.get_run(ids[0]).start_time[:4]
    assert skip.reason.startswith(f"removed by fitprint gc on {today}-")
    assert skip.reason.endswith(": 2 of 2 by accuracy (0.75): 1 were kept")
    assert fitprint.get_run(ids[0]).model_path is None
    assert fitprint.get_run(ids[1]).skipped == []


@pytest.mark.parametrize(
    ("metric", "lower"),
    [
        ("accuracy", False), ("training_roc_auc_score", False), ("r2", False), ("neg_log_loss", False),
        ("test_neg_mean_squared_error", False), ("loss", True), ("val_loss", True), ("validation_0-logloss", True),
        ("training_mean_squared_error", True), ("train-rmse", True), ("mae", True), ("merror", True),
        ("fit_time", True),
    ],
)  # fmt: skip
def test_which_values_are_good_is_told_by_the_name(metric, lower):
    assert lower_is_better(metric) == lower


def test_low_values_are_good_for_losses_and_where_it_is_said(made, invoke):
    ids = made(*[({"val_loss": value, "odd": value}, [1000]) for value in (0.3, 0.1, 0.2)])
    invoke("gc", "--keep-models", "2", "--by", "val_loss")
    assert kept(ids) == [1, 2]
    invoke("gc", "--keep-models", "1", "--by", "odd", "--lowest")
    assert kept(ids) == [1]


def test_highest_wins_over_the_name(made, invoke):
    ids = made(*[({"val_loss": value}, [1000]) for value in (0.3, 0.1)])
    invoke("gc", "--keep-models", "1", "--by", "val_loss", "--highest")
    assert kept(ids) == [0]


def test_runs_without_the_metric_or_with_none_of_a_number_go_first_and_the_oldest_of_equals(made, invoke):
    ids = made(({"accuracy": 0.1}, [10]), ({}, [10]), ({"accuracy": float("nan")}, [10]), ({"accuracy": 0.1}, [10]))
    for keep, expected in ((3, [0, 2, 3]), (2, [0, 3]), (1, [3]), (0, [])):
        invoke("gc", "--keep-models", str(keep), "--by", "accuracy")
        assert kept(ids) == expected


def test_without_a_metric_the_newest_are_kept(made, invoke):
    ids = made(*accuracies(0.9, 0.8, 0.7))
    invoke("gc", "--keep-models", "1")
    assert kept(ids) == [2]


def test_packages_go_until_the_rest_fits(made, invoke):
    ids = made(*[({"accuracy": place / 10}, [100_000]) for place in (4, 3, 2, 1)])
    invoke("gc", "--max-size", "250kB", "--by", "accuracy")
    assert kept(ids) == [0, 1]
    assert "all packages together were over 250,000 bytes" in fitprint.get_run(ids[3]).skipped[0].reason


def test_a_run_can_lose_one_of_its_packages(made, invoke):
    (run_id,) = made(({"accuracy": 1.0}, [10, 20]))
    invoke("gc", "--keep-models", "1")
    run = fitprint.get_run(run_id)
    assert [*run.models] == ["model"]
    assert [skip.what for skip in run.skipped] == ["model model-2"]


def test_only_the_packages_of_an_experiment(made, invoke, monkeypatch):
    ids = made(*accuracies(0.9))
    monkeypatch.setenv("FITPRINT_EXPERIMENT", "other")
    others = made(*accuracies(0.8, 0.7))
    invoke("gc", "--keep-models", "1", "--by", "accuracy", "--experiment", "other")
    assert kept(ids) == [0]
    assert kept(others) == [0]


def test_a_dry_run_says_the_same_and_does_nothing(made, invoke):
    ids = made(*accuracies(0.7, 0.9))
    before = {path: path.read_bytes() for run_id in ids for path in fitprint.get_run(run_id).path.rglob("*.json")}
    result = invoke("gc", "--keep-models", "1", "--by", "accuracy", "--dry-run")
    assert "would be removed: package model" in result.stdout
    assert kept(ids) == [0, 1]
    assert {file: file.read_bytes() for file in before} == before


def test_runs_of_living_processes_are_left_alone(made, invoke, document):
    with fitprint.start_run() as run:
        package = run._writer.begin_package(None)
        package.write("MLmodel", "x")
        run._writer.keep_package(package, "model", {"size": 1})
    ids = made(*accuracies(0.7))
    found = {run["run_id"]: run for run in document("gc", "--keep-models", "0")["runs"]}
    assert found[run.run_id]["did"] == "left"
    assert found[ids[0]]["did"] == "thinned"
    run.log_param("later", 1)
    assert [*fitprint.get_run(run.run_id).models] == ["model"]


def test_a_run_of_another_host_is_left_alone_but_for_its_age(made, invoke):
    ids = made(*accuracies(0.7))
    file = fitprint.get_run(ids[0]).path / "run.json"
    record = json.loads(file.read_text())
    record["process"]["host"] = "elsewhere"
    file.write_text(json.dumps(record))
    invoke("gc", "--keep-models", "0")
    assert kept(ids) == [0]
    invoke("gc", "--keep-models", "0", "--older-than", "0s")
    assert kept(ids) == []


def test_what_a_death_leaves_between_the_record_and_the_removal_is_removed_by_the_next_gc(made, invoke):
    ids = made(*accuracies(0.7, 0.8))
    folder = fitprint.get_run(ids[0]).path
    aside = folder.parent / "aside"
    (folder / "model").rename(aside)
    invoke("gc", "--keep-models", "1", "--by", "accuracy")
    (folder / "model").mkdir()
    record = json.loads((folder / "run.json").read_text())
    record["models"], record["skipped"] = {}, [["model", "gc", "removed by fitprint gc"]]
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "model").rmdir()
    aside.rename(folder / "model")
    assert fitprint.get_run(ids[0]).models == {}
    invoke("gc")
    assert not (folder / "model").exists()
    assert kept(ids) == [1]


def test_a_metric_that_no_run_has_is_an_error_that_names_those_there_are(made, invoke):
    made(*accuracies(0.7))
    result = invoke("gc", "--keep-models", "0", "--by", "accuracie", status=1)
    assert "no run with a package has a metric 'accuracie'; there are: accuracy" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "accuracy"], "--keep-models or --max-size"),
        (["--experiment", "x"], "--keep-models or --max-size"),
        (["--keep-models", "1", "--lowest"], "name the metric with --by"),
        (["--max-size", "many"], "'many' cannot be read"),
        (["--keep-models", "-1"], "-1"),
    ],
)
def test_options_that_make_no_sense_are_refused(made, invoke, options, said):
    made(*accuracies(0.7))
    assert said in invoke("gc", *options, status=2).stderr


def test_several_may_thin_at_the_same_time(made, invoke, store):
    ids = made(*[({"accuracy": place / 100}, [100, 100]) for place in range(15)])
    results = []
    from fitprint._runs.retention import RetentionPolicy, thin
    from fitprint.stores import open_store

    def work(keep):
        results.extend(thin(open_store(str(store)), RetentionPolicy(keep, by="accuracy"), None, False))

    threads = [threading.Thread(target=work, args=(keep,)) for keep in (4, 7, 4, 12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [result for result in results if result.failed]
    assert sum(len(fitprint.get_run(run_id).models) for run_id in ids) == 4
    assert kept(ids) == [13, 14]
    assert not list(Path(store).rglob("*.partial"))


def test_packages_that_other_processes_have_added_are_counted_and_removed(made, run_python, invoke):
    ids = made(({"accuracy": 0.9}, []), ({"accuracy": 0.5}, [1000]))
    run_python(
        """
        import sys, fitprint
        from fitprint._runs.run import adder_of
        with fitprint.start_run(run_id=sys.argv[1]) as run:
            for name in ("model", "other"):
                package = adder_of(run).begin_package(None)
                package.write("MLmodel", "x" * 1000)
                adder_of(run).keep_package(package, name, {"flavor": "toy", "size": 1000})
        """,
        ids[0],
    )
    assert kept(ids) == [0, 1]
    assert len(fitprint.get_run(ids[0]).models) == 2
    invoke("gc", "--keep-models", "2", "--by", "accuracy")
    assert kept(ids) == [0]
    assert len(fitprint.get_run(ids[0]).models) == 2
    invoke("gc", "--keep-models", "1", "--by", "accuracy")
    run = fitprint.get_run(ids[0])
    assert len(run.models) == 1
    assert [skip.rule for skip in run.skipped] == ["gc"]
