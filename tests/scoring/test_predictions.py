"""Which objects count as predictions of a recorded model."""

from __future__ import annotations

import _thread
import gc
import threading
import weakref

import numpy
import pandas
import pytest

import fitprint
from fitprint._runs import predictions

ROWS = numpy.array([1.0, 2.0, 4.0])
TARGET = [1.0, 1.0, 1.0]


def scored(model):
    """The metrics of predictions on the model's run, without the name of their data."""
    run = fitprint.run_of(model)
    return {facts["metric"]: run.metrics[name] for name, facts in run.evaluations.items()}


def names(model):
    """The names of these metrics."""
    return set(fitprint.run_of(model).evaluations)


VIEWS = {
    "itself": lambda line: line.predict(ROWS),
    "a slice": lambda line: line.predict(ROWS)[1:],
    "a column": lambda line: line.predict_both(ROWS)[:, 1],
    "a column of a view": lambda line: line.predict_both(ROWS).T[::-1][0],
    "another shape": lambda line: line.predict(ROWS).reshape(-1, 1).ravel(),
    "an array of an array": lambda line: numpy.asarray(line.predict(ROWS)),
    "a table's column": lambda line: line.predict_table(ROWS)["high"],
    "some of a table's column": lambda line: line.predict_table(ROWS)["high"].iloc[1:],
    "the values of a table's column": lambda line: line.predict_table(ROWS)["high"].to_numpy(),
    "the values of some columns": lambda line: line.predict_table(ROWS).iloc[:, :2].to_numpy(copy=False)[:, 1],
    "a table's columns": lambda line: line.predict_table(ROWS).iloc[:, 1:2].iloc[:, 0],
}


COPIED_BY_PANDAS_2 = ("the values of some columns", "a table's columns")


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(view, id=name, marks=[pytest.mark.newest] if name in COPIED_BY_PANDAS_2 else [])
        for name, view in VIEWS.items()
    ],
)
def test_predictions_and_views_of_them_are_known(scoring, line, view):
    seen = view(line)
    value = scoring.error(TARGET[: len(seen)], seen)
    assert scored(line) == {"error": value}


OTHERS = {
    "a list": lambda line: line.predict(ROWS).tolist(),
    "a threshold": lambda line: line.predict(ROWS) > 0.5,
    "the largest": lambda line: line.predict_both(ROWS).argmax(axis=1),
    "a sum": lambda line: line.predict(ROWS) + 1,
    "a copy": lambda line: line.predict(ROWS).copy(),
    "other data": lambda line: numpy.ones(3),
    "a Series of other data": lambda line: pandas.Series(TARGET),
    "a table's text": lambda line: line.predict_table(ROWS)["kind"].map({"a": 1.0}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_nothing_is_guessed(scoring, line, other):
    kept = line.predict(ROWS)
    scoring.error(TARGET, other(line))
    assert scored(line) == {}
    assert kept is not None


def test_predictions_of_a_model_whose_training_was_not_recorded(scoring, line, unknown):
    scoring.error(TARGET, unknown.predict(ROWS))
    assert scored(line) == {}
    assert not predictions.any_remembered()


def test_data_that_a_model_returns_as_it_is_stays_data(scoring, line):
    rows = numpy.ones((3, 2))
    first = line.predict_first(rows)
    scoring.error(rows[:, 1], numpy.ones(3))
    assert scored(line) == {}
    scoring.error(TARGET, first)
    assert scored(line) == {"error": 0.0}


def test_predictions_of_two_models_in_one_call_belong_to_neither(scoring, line):
    other = scoring.Line().fit([1, 2], [0.5, 0.5])
    scoring.error(other.predict(ROWS), line.predict(ROWS))
    assert scored(line) == scored(other) == {}


def test_predictions_of_a_class_below_that_calls_the_one_above(scoring):
    strict = scoring.Strict().fit([1, 2], [0.5, 0.5])
    scoring.error(TARGET, strict.predict(ROWS))
    assert scored(strict) == {"error": 1.0}


def test_what_a_model_predicts_on_its_way_is_not_remembered(line, monkeypatch):
    remembered = []
    monkeypatch.setattr("fitprint._recorder.scoring.remember_call", lambda value, *_: remembered.append(value))
    both = line.predict_both(ROWS)
    again = line.predict(ROWS)
    with pytest.raises(ValueError, match="could not convert"):
        line.predict_both(["no number"])
    last = line.predict(ROWS)
    assert [id(value) for value in remembered] == [id(both), id(again), id(last)]


def test_no_prediction_is_kept_alive(scoring, line):
    table, array = line.predict_table(ROWS), line.predict(ROWS)
    scoring.error(TARGET, array)
    references = [weakref.ref(table), weakref.ref(array)]
    del table, array
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert not predictions.any_remembered()


def test_no_model_is_kept_alive(scoring):
    line = scoring.Line().fit([1, 2], [0.5, 0.5])
    array = line.predict(ROWS)
    run = fitprint.run_of(line)
    reference = weakref.ref(line)
    del line
    gc.collect()
    assert reference() is None
    scoring.error(TARGET, array)
    assert run.metrics["error_ROWS"] == 1.0


def test_only_so_many_are_remembered(line, monkeypatch):
    monkeypatch.setattr(predictions, "MOST_REMEMBERED", 5)
    kept = [line.predict(ROWS) for _ in range(9)]
    assert [predictions.find_origin(array) is not None for array in kept] == [False] * 4 + [True] * 5


def test_a_thread_that_does_nothing_but_predict(line, caplog):
    """No Python code calls the model there."""
    ended = threading.Semaphore(0)

    class Rows(numpy.ndarray):
        def __del__(self):
            ended.release()

    class RowsAsList(list):
        def __del__(self):
            ended.release()

    _thread.start_new_thread(line.predict, (numpy.array([1.0]).view(Rows),))
    _thread.start_new_thread(line.predict, (RowsAsList(ROWS),))
    for _ in range(2):
        assert ended.acquire(timeout=30)
    assert caplog.messages == []


def test_a_prediction_of_one_thread_is_known_in_another(scoring, line):
    arrays = []
    threads = [threading.Thread(target=lambda: arrays.append(line.predict(ROWS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threads = [threading.Thread(target=scoring.error, args=(TARGET, array)) for array in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(line) == {"error_ROWS", "error-2_ROWS", "error-3_ROWS", "error-4_ROWS"}


def test_predictions_inside_a_training_are_left_alone(scoring, line):
    inside = []

    class Curious(scoring.Base):
        def fit(self, rows, labels=None):
            inside.append(line.predict(ROWS))
            scoring.error(TARGET, known)
            return super().fit(rows, labels)

    known = line.predict(ROWS)
    Curious().fit([1, 2], [0.5, 0.5])
    scoring.error(TARGET, inside[0])
    assert scored(line) == {}
    scoring.error(TARGET, known)
    assert scored(line) == {"error": 1.0}


def test_predictions_while_nothing_is_recorded_are_left_alone(scoring, line):
    with fitprint.suppress():
        array = line.predict(ROWS)
    scoring.error(TARGET, array)
    assert scored(line) == {}


def test_models_loaded_from_a_package_of_a_run_of_this_process(scoring, line):
    run = fitprint.run_of(line)
    loaded = fitprint.load_model(run.model_path)
    scoring.error(TARGET, loaded.predict(ROWS))
    assert scored(line) == {"error": 1.0}
    native = fitprint.toy.load_model(run.model_path)
    assert fitprint.run_of(native) is run
    scoring.error(TARGET, native.predict(ROWS))
    assert names(line) == {"error_ROWS", "error-2_ROWS"}
