"""Which data a metric of predictions is of: its name, its facts, and the text of the call."""

from __future__ import annotations

import gc
import json
import sys
import types
import weakref

import numpy
import pandas
import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._recorder.dataset_facts import digest_of
from fitprint._runs import scores

ROWS = numpy.array([1.0, 2.0, 4.0])
TARGET = [1.0, 1.0, 1.0]


@pytest.fixture
def with_data(scoring, monkeypatch):
    """The toy's flavor says what the training data is."""
    flavor = type(registry.entries()["toy"].flavor())
    monkeypatch.setattr(flavor, "data", lambda self, call: call.argument("rows"))


def evaluations(model):
    return fitprint.run_of(model).evaluations


def test_the_facts_of_the_data(scoring, with_data):
    line = scoring.Line().fit(ROWS, TARGET)
    test_rows = numpy.array([3.0, 5.0])
    target = [1.0, 1.0]
    seen = line.predict(test_rows)
    scoring.error(target, seen)
    assert evaluations(line) == {
        "error_test_rows": {
            "metric": "error",
            "data": "test_rows",
            "rows": 2,
            "digest": digest_of(test_rows)["blake2b"],
            "training_data": False,
            "training_rows": 0,
            "call": "error(target=target, predictions=seen)",
        }
    }
    run = fitprint.run_of(line)
    assert json.loads((run.path / "run.json").read_text())["evaluations"] == evaluations(line)
    assert fitprint.get_run(run.run_id).evaluations == evaluations(line)


def test_the_name_is_that_of_the_variable_where_the_metric_is_made(scoring, with_data):
    line = scoring.Line().fit(ROWS, TARGET)

    def predict(parameter):
        return line.predict(parameter)

    test_rows = numpy.array([3.0, 5.0])
    scoring.error([1.0, 1.0], predict(test_rows))
    assert list(evaluations(line)) == ["error_test_rows"]


def test_data_that_is_gone_is_called_as_where_the_model_was_called(scoring, with_data):
    line = scoring.Line().fit(ROWS, TARGET)

    def predict():
        only_here = numpy.array([3.0, 5.0])
        reference = weakref.ref(only_here)
        return line.predict(only_here), reference

    predictions, reference = predict()
    assert reference() is None
    scoring.error([1.0, 1.0], predictions)
    assert [(facts["data"], facts["training_data"]) for facts in evaluations(line).values()] == [("only_here", False)]


def test_the_training_data_is_recognised(scoring, with_data):
    rows = numpy.array([1.0, 2.0])
    line = scoring.Line().fit(rows, [0.5, 0.5])
    copy, other, longer = rows.copy(), rows + 10, numpy.append(rows, numpy.arange(3.0, 40.0))
    as_list = [1.0, 2.0]
    for data in (rows, copy, other, longer, as_list):
        scoring.error([1.0] * len(data), line.predict(data))
    known = {facts["data"]: facts["training_data"] for facts in evaluations(line).values()}
    assert known == {"rows": True, "copy": True, "other": False, "longer": False, "as_list": None}


def test_rows_of_the_training_data_are_not_called_held_out(scoring, with_data):
    whole = pandas.Series(numpy.random.default_rng(0).normal(size=200))
    rows, other = whole[:150], whole[150:]
    line = scoring.Line().fit(rows, rows)
    sample, view, as_array = rows.sample(20, random_state=0), rows[10:90], rows.to_numpy()
    mostly_other = pandas.concat([other, rows[:2]])
    for data in (sample, view, as_array, other, mostly_other, whole):
        scoring.error(data, line.predict(data))
    known = {facts["data"]: (facts["training_rows"], facts["training_data"]) for facts in evaluations(line).values()}
    assert known == {
        "sample": (20, True),
        "view": (80, True),
        "as_array": (150, True),
        "other": (0, False),
        "mostly_other": (2, False),
        "whole": (150, None),
    }


def test_a_slice_without_a_name_is_not_called_held_out(scoring, with_data):
    whole = numpy.random.default_rng(0).normal(size=200)
    rows = whole[:150]
    line = scoring.Line().fit(rows, rows)
    scoring.error(rows[:20], line.predict(rows[:20]))
    scoring.error(whole[150:], line.predict(whole[150:]))
    assert [facts["training_data"] for facts in evaluations(line).values()] == [None, False]


def test_rows_that_often_occur_say_nothing(scoring, with_data):
    rows = numpy.arange(100.0) % 3
    line = scoring.Line().fit(rows, rows)
    other = numpy.arange(20.0) % 3
    scoring.error(other, line.predict(other))
    (facts,) = evaluations(line).values()
    assert (facts["training_rows"], facts["training_data"]) == (None, False)


def test_the_same_values_in_another_form_are_not_called_held_out(scoring, with_data):
    line = scoring.Line().fit([1.0, 2.0], [0.5, 0.5])
    rows = numpy.array([1.0, 2.0])
    scoring.error([1.0, 1.0], line.predict(rows))
    assert evaluations(line)["error_rows"]["training_data"] is None


def test_other_data_of_the_same_name_gets_a_number(scoring, line):
    for rows in (ROWS, ROWS + 1, ROWS):
        scoring.error(TARGET, line.predict(rows))
        scoring.count(TARGET, line.predict(rows))
    assert list(evaluations(line)) == [
        *("error_rows", "count_rows", "error_rows-2", "count_rows-2", "error-2_rows", "count-2_rows")
    ]


def test_a_slice_of_the_predictions_is_of_fewer_rows(scoring, with_data):
    model = scoring.Line().fit([3.0, 5.0], [1.0, 1.0])
    held_out = numpy.array([1.0, 2.0, 4.0])
    predicted = model.predict(held_out)
    scoring.error([1.0, 1.0, 1.0], predicted)
    scoring.error([1.0, 1.0], predicted[1:])
    whole, part = fitprint.run_of(model).evaluations.values()
    assert (whole["rows"], part["rows"]) == (3, 2)
    assert (part["data"], part["training_data"], part["digest"]) == ("held_out", False, None)


def test_data_without_a_name_or_that_is_gone(scoring, line):
    array = line.predict(ROWS + 1)
    gc.collect()
    scoring.error(TARGET, array)
    numbers = [1.0, 2.0, 4.0]
    scoring.error(TARGET, line.predict(numbers))
    unknown, listed = evaluations(line)["error_unknown_dataset"], evaluations(line)["error_numbers"]
    assert (unknown["data"], unknown["rows"], unknown["training_data"]) == (None, None, None)
    assert (listed["data"], listed["digest"]) == ("numbers", None)


def test_data_of_a_model_that_scores_itself(scoring, line):
    assert line.score(ROWS, target=TARGET) == 1.0
    facts = evaluations(line)["Line_score_ROWS"]
    assert (facts["rows"], facts["call"]) == (3, "Line.score(rows=ROWS, target=TARGET)")


def test_what_a_flavor_says_of_the_data(scoring, line, monkeypatch):
    flavor = type(registry.entries()["toy"].flavor())
    monkeypatch.setattr(flavor, "rows_of", lambda self, data: data[:1])
    monkeypatch.setattr(flavor, "predicted_data", lambda self, call: call.argument("target"))
    scoring.error(TARGET, line.predict(ROWS))
    line.score(ROWS, TARGET)
    assert evaluations(line)["error_ROWS"]["rows"] == 1
    assert evaluations(line)["Line_score_TARGET"]["metric"] == "Line_score"


def test_artifacts_are_named_after_the_data(scoring, line, monkeypatch):
    flavor = type(registry.entries()["toy"].flavor())
    monkeypatch.setattr(flavor, "score_artifacts", lambda self, call: {"each.json": call.result, "each.txt": "text"})
    for _ in range(2):
        scoring.errors(TARGET, line.predict(ROWS))
    run = fitprint.run_of(line)
    assert {"each_ROWS.json", "each_ROWS.txt", "each-2_ROWS.json", "each-2_ROWS.txt"} <= set(run.artifacts)
    assert json.loads((run.path / "artifacts" / "each_ROWS.json").read_text()) == [0.5, 0.0, 1.0]
    assert run.evaluations == {}


def test_the_calls_are_an_artifact(scoring, line):
    scoring.error(TARGET, line.predict(ROWS))
    scoring.average(target=TARGET, predictions=line.predict(ROWS))
    calls = json.loads((fitprint.run_of(line).path / "artifacts" / "metric_info.json").read_text())
    assert calls == {
        "average_ROWS": "average(target=TARGET, predictions=<ndarray>)",
        "error_ROWS": "error(target=TARGET, predictions=<ndarray>)",
    }


def test_texts_in_calls_are_short_and_secrets_in_them_hidden(scoring, line):
    scoring.count("a text that is much longer than any option of a metric is", line.predict(ROWS))
    scoring.count("password=hunter2hunter2", line.predict(ROWS))
    first, second = (facts["call"] for facts in evaluations(line).values())
    assert first == "count(target='a text that is much longer than ...', predictions=<ndarray>)"
    assert "hunter2" not in second


def test_metrics_that_the_framework_itself_makes_are_left_alone(scoring, line):
    own = types.ModuleType("toylearn.inspecting")
    sys.modules[own.__name__] = own
    code = "def importance(model, rows, target):\n    return [model.score(rows, target) for _ in range(9)]"
    exec(code, vars(own))
    assert own.importance(line, ROWS, TARGET) == [1.0] * 9
    del sys.modules[own.__name__]
    assert evaluations(line) == {}
    assert line.score(ROWS, TARGET) == 1.0
    assert list(evaluations(line)) == ["Line_score_ROWS"]


def test_many_batches_fill_a_run_no_more_than_many_repeats(scoring, line, monkeypatch):
    monkeypatch.setattr(scores, "MOST_REPEATS", 3)
    for i in range(6):
        batch = ROWS + i
        scoring.error(TARGET, line.predict(batch))
    assert list(evaluations(line)) == ["error_batch", "error_batch-2", "error_batch-3"]
    assert [skip[:2] for skip in fitprint.run_of(line).skipped] == [("further values of error", "repeats")]


def test_names_go_on_where_an_earlier_process_ended(scoring, line, store):
    scoring.error(TARGET, line.predict(ROWS))
    run = fitprint.run_of(line)
    again = fitprint.start_run(run_id=run.run_id)
    data = scores.EvaluationData("ROWS", 3, digest_of(ROWS)["blake2b"], False)
    added = scores.add_scores(again, {"error": 0.5}, data)
    added += scores.add_scores(again, {"error": 0.5}, data._replace(digest="another"))
    fitprint.end_run()
    assert added == ["error-2_ROWS", "error_ROWS-2"]
    assert list(fitprint.get_run(run.run_id).evaluations) == ["error_ROWS", *added]


@pytest.mark.process
def test_evaluations_of_another_process(toy, store, run_python):
    run_python(
        """
        import os, numpy, fitprint, toylearn.scoring as scoring
        fitprint.autolog("toy", quiet=True)
        line = scoring.Line().fit([1, 2], [0.5, 0.5])
        rows = numpy.array([1.0, 2.0])
        scoring.error([1.0, 1.0], line.predict(rows))
        child = os.fork()
        if not child:
            scoring.count([1.0, 1.0], line.predict(rows))
        else:
            os.waitpid(child, 0)
        """
    )
    (run,) = fitprint.runs()
    assert {name: facts["data"] for name, facts in run.evaluations.items()} == {
        "error_rows": "rows",
        "count_rows": "rows",
    }
    assert set(json.loads((run.path / "artifacts" / "metric_info.json").read_text())) == set(run.evaluations)


def test_no_data_is_kept_alive(scoring, line):
    class Rows(numpy.ndarray):
        pass

    rows = ROWS.view(Rows)
    scoring.error(TARGET, line.predict(rows))
    reference = weakref.ref(rows)
    del rows
    gc.collect()
    assert reference() is None or sys.gettrace() is not None


@pytest.mark.parametrize("cells", [list, tuple, numpy.asarray])
def test_a_digest_of_lists_in_cells_covers_a_sample_too(cells):
    rows = [cells([0.5] * 10_000)] * 1_000
    assert digest_of(rows)["of"] == "25 evenly spaced rows"
    assert digest_of(rows[:10])["of"] == "everything"
