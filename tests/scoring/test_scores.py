"""Metrics of predictions, on the run of the model that predicted."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import warnings

import numpy
import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._runs import predictions, scores, waiting
from fitprint._runs.writer import RunWriter

ROWS = numpy.array([1.0, 2.0, 4.0])
TARGET = [1.0, 1.0, 1.0]


def scored(model):
    """The metrics of predictions on the model's run."""
    run = fitprint.run_of(model)
    return {name: run.metrics[name] for name in run.evaluations}


@pytest.fixture
def flavor(scoring):
    """The class of the toy's flavor."""
    return type(registry.entries()["toy"].flavor())


@pytest.fixture
def writes(monkeypatch):
    """The ids of the runs whose records are written."""
    written = []
    write = RunWriter._write_all
    monkeypatch.setattr(RunWriter, "_write_all", lambda writer: (written.append(writer.run_id), write(writer)))
    return written


def renew():
    """Let the patches be made anew: they look once at what a flavor overrides."""
    fitprint.disable()
    fitprint.autolog("toy", quiet=True)


def on_disk(run):
    return json.loads((run.path / "run.json").read_text())["metrics"]


def test_the_result_goes_to_the_run_and_to_the_caller(scoring, line):
    run = fitprint.run_of(line)
    assert scoring.error(TARGET, line.predict(ROWS)) == 1.0
    assert scoring.average(target=TARGET, predictions=line.predict(ROWS)) == 0.5
    assert fitprint.get_run(run.run_id).metrics == {"mean": 0.5, "error_ROWS": 1.0, "average_ROWS": 0.5}
    assert run.metric_history("error_ROWS") == [(0, 1.0)]
    assert run.status == "FINISHED"
    assert run.skipped == []
    assert on_disk(run) == run.metrics


def test_whole_numbers_count_and_other_results_do_not(scoring, line):
    assert scoring.count(TARGET, line.predict(ROWS)) == 3
    assert scoring.errors(TARGET, line.predict(ROWS)) == [0.5, 0.0, 1.0]
    assert scored(line) == {"count_ROWS": 3.0}


def test_a_recorded_model_stands_for_its_predictions(scoring, line, unknown):
    assert line.score(ROWS, TARGET) == 1.0
    assert unknown.score(ROWS, TARGET) == 1.0
    assert scored(line) == {"Line_score_ROWS": 1.0}


def test_names_that_repeat_get_a_number(scoring, line):
    fitprint.run_of(line).log_metric("error-2_ROWS", 7.0)
    for _ in range(3):
        scoring.error(TARGET, line.predict(ROWS))
    assert scored(line) == {"error_ROWS": 1.0, "error-3_ROWS": 1.0, "error-4_ROWS": 1.0}


def test_only_so_many_values_of_a_name_are_kept_and_the_run_says_so(scoring, line, monkeypatch):
    monkeypatch.setattr(scores, "MOST_REPEATS", 3)
    for _ in range(6):
        scoring.error(TARGET, line.predict(ROWS))
    assert scored(line) == {"error_ROWS": 1.0, "error-2_ROWS": 1.0, "error-3_ROWS": 1.0}
    assert [skip[:2] for skip in fitprint.run_of(line).skipped] == [("further values of error", "repeats")]


def test_a_flavor_is_not_asked_about_a_metric_that_fails(scoring, line, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "scores", lambda self, call: {"always": 1.0})
    with pytest.raises(ValueError, match="not as many"):
        scoring.error([1.0], line.predict(ROWS))
    assert scored(line) == {}
    scoring.error(TARGET, line.predict(ROWS))
    assert scored(line) == {"always_ROWS": 1.0}


def test_a_metric_that_fails_leaves_nothing_and_the_next_one_counts(scoring, line):
    array = line.predict(ROWS)
    with pytest.raises(ValueError, match="not as many") as raised:
        scoring.error([1.0], array)
    assert [entry.name for entry in raised.traceback][1:] == ["error", "errors"]
    assert scored(line) == {}
    scoring.error(TARGET, array)
    assert scored(line) == {"error_ROWS": 1.0}


def test_a_prediction_that_fails_is_the_users_own_error(scoring):
    strict = scoring.Strict().fit([1, 2], [0.5, 0.5])
    with pytest.raises(ValueError, match="no rows to predict") as raised:
        strict.predict([])
    assert [entry.name for entry in raised.traceback][1:] == ["predict"]


def test_in_a_block(scoring):
    with fitprint.start_run("mine") as run:
        line = scoring.Line().fit([1, 2], [0.5, 0.5])
        second = scoring.Line().fit([1, 2], [1.0, 1.0])
        scoring.error(TARGET, line.predict(ROWS))
        scoring.error(TARGET, second.predict(ROWS))
        assert run.metrics["error_ROWS"] == 1.0
    assert fitprint.get_run(run.run_id).metrics["error_ROWS"] == 1.0
    assert scored(second) == {"error_ROWS": 3.0}
    scoring.count(TARGET, line.predict(ROWS))
    assert fitprint.get_run(run.run_id).metrics["count_ROWS"] == 3.0
    assert run.status == "FINISHED"


def test_many_in_a_row_are_written_together(scoring, line, writes, monkeypatch):
    monkeypatch.setattr(waiting, "WAITING_SECONDS", 60.0)  # this machine may be slow
    run = fitprint.run_of(line)
    for _ in range(50):
        scoring.error(TARGET, line.predict(ROWS))
    assert len(run.metrics) == 51
    assert writes == [run.run_id] * 10  # the first ones are on disk at once
    assert len(on_disk(run)) == 11
    assert len(fitprint.get_run(run.run_id).metrics) == 51
    assert writes == [run.run_id] * 11
    assert len(on_disk(run)) == 51
    fitprint.runs()
    assert writes == [run.run_id] * 11


def test_what_waits_is_written_before_another_run_begins(scoring, line, writes, monkeypatch):
    run = fitprint.run_of(line)
    monkeypatch.setattr(waiting, "WAITING_SECONDS", 60.0)
    for _ in range(13):
        scoring.error(TARGET, line.predict(ROWS))
    monkeypatch.setattr(waiting, "WAITING_SECONDS", 0.0)
    scoring.Line().fit([1, 2], [0.5, 0.5])
    assert writes[:11] == [run.run_id] * 11
    assert len(on_disk(run)) == 14


def test_what_waits_is_written_at_the_end_of_the_process(toy, store, run_python):
    run_python(
        """
        import numpy, fitprint, toylearn.scoring as scoring
        fitprint.autolog("toy", quiet=True)
        line = scoring.Line().fit([1, 2], [0.5, 0.5])
        for _ in range(15):
            scoring.error([1.0, 1.0], line.predict([1.0, 2.0]))
        """
    )
    (run,) = fitprint.runs()
    assert len(run.metrics) == 16
    assert run.status == "FINISHED"


@pytest.mark.process
def test_in_a_forked_child(toy, store, run_python):
    ended = run_python(
        """
        import os, numpy, fitprint, toylearn.scoring as scoring
        fitprint.autolog("toy", quiet=True)
        line = scoring.Line().fit([1, 2], [0.5, 0.5])
        for _ in range(15):
            scoring.error([1.0, 1.0], line.predict([1.0, 2.0]))
        child = os.fork()
        scoring.count([1.0, 1.0], line.predict([1.0, 2.0]))
        if child:
            os.waitpid(child, 0)
        """
    )
    (run,) = fitprint.runs()
    assert len(run.metrics) == 17
    assert run.metrics["count_unknown_dataset"] == 2.0
    assert [value for _, value in run.metric_history("count_unknown_dataset")] == [2.0, 2.0]
    assert len(run.metric_history("error-15_unknown_dataset")) == 1
    assert ended.stderr == ""


def test_a_store_that_cannot_be_written_costs_nothing_but_the_metric(scoring, line, store, monkeypatch, caplog):
    def fail(writer):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunWriter, "_write_all", fail)
    assert scoring.error(TARGET, line.predict(ROWS)) == 1.0
    monkeypatch.undo()
    assert scored(line) == {"error_ROWS": 1.0}


def test_turned_off(scoring, line):
    """What counts is the setting when the metric is made."""
    array = line.predict(ROWS)
    fitprint.autolog("toy", quiet=True, log_post_training_metrics=False)
    scoring.error(TARGET, array)
    array = line.predict(ROWS)
    scoring.error(TARGET, array)
    assert scored(line) == {}
    fitprint.autolog("toy", quiet=True, log_post_training_metrics=True)
    scoring.error(TARGET, array)
    assert scored(line) == {"error_ROWS": 1.0}


def test_disable_restores_and_records_nothing(scoring, line):
    array = line.predict(ROWS)
    patched = scoring.error
    fitprint.disable()
    assert scoring.error is not patched
    assert type(scoring.error) is type(scoring.Line.predict) is type(test_turned_off)
    assert "predict" not in vars(type("Other", (scoring.Line,), {}))
    scoring.error(TARGET, array)
    patched(TARGET, array)
    assert scored(line) == {}


def test_nobody_sees_the_wrappers(scoring, line):
    assert str(inspect.signature(scoring.Line.predict)) == "(self, rows)"
    assert str(inspect.signature(scoring.error)) == "(target, predictions)"
    assert inspect.signature(line.predict) == inspect.signature(copy.copy(line).predict)
    assert b"fitprint" not in pickle.dumps((line, line.predict, scoring.error, scoring.Strict.predict))
    array = line.predict(ROWS)
    assert type(array) is numpy.ndarray
    assert type(line.predict) is type(line.fit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scoring.error(TARGET, array)


def test_what_a_flavor_says_of_a_prediction_is_there_when_its_metric_is_named(scoring, line, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "prediction_facts", lambda self, call: {"rows": len(call.argument("rows"))})
    monkeypatch.setattr(flavor, "score_name", lambda self, call: f"{call.name}_of_{call.cache['rows']}")
    renew()
    scoring.error(TARGET, line.predict(ROWS))
    assert scored(line) == {"error_of_3_ROWS": 1.0}


def test_a_flavor_that_fails_costs_only_the_metric(scoring, line, flavor, monkeypatch, caplog):
    monkeypatch.setattr(flavor, "scores", lambda self, call: 1 / 0)
    assert scoring.error(TARGET, line.predict(ROWS)) == 1.0
    assert [skip.what for skip in fitprint.run_of(line).skipped] == ["a metric of predictions"]
    assert caplog.text.count("toy: a metric of predictions not recorded") == 1
    monkeypatch.undo()
    monkeypatch.setattr(flavor, "predictions", lambda self, call: 1 / 0)
    renew()
    assert list(line.predict(ROWS)) == [0.5, 1.0, 2.0]
    assert "toy: remembering a prediction not recorded" in caplog.text


def test_a_flavor_says_which_model_predicts_and_what_is_scored(toy, store, monkeypatch):
    import fitprint_toy

    monkeypatch.setattr(fitprint_toy.ToyFlavor, "predicts_with", lambda self, call: call.instance)
    monkeypatch.setattr(fitprint_toy.ToyFlavor, "scored_predictions", lambda self, call: [call.argument("predictions")])
    import toylearn.scoring as scoring

    fitprint.autolog("toy", quiet=True)
    line, other = scoring.Line().fit([1, 2], [0.5, 0.5]), scoring.Line().fit([1, 2], [0.5, 0.5])
    scoring.error(other.predict(ROWS), line.predict(ROWS))
    assert (scored(line), scored(other)) == ({"error_ROWS": 0.0}, {})


def test_predictions_of_a_run_that_is_discarded_are_forgotten(scoring):
    import toylearn.looping as looping

    fitprint.autolog("toy", quiet=True, min_fit_seconds=60)
    net, array = looping.Net(), numpy.ones(3)
    net.update([1.0])
    predictions.remember(array, predictions.Origin(fitprint.run_of(net), {}))
    assert predictions.find_origin(array) is not None
    fitprint.disable()
    assert fitprint.runs() == []
    assert predictions.find_origin(array) is None


def test_a_run_that_was_refused_afterwards_gets_nothing(scoring):
    fitprint.autolog("toy", quiet=True, min_fit_seconds=60)
    line = scoring.Line().fit([1, 2], [0.5, 0.5])
    scoring.error(TARGET, line.predict(ROWS))
    assert fitprint.runs() == []
