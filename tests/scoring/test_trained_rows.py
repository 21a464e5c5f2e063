"""Which rows of data a model was trained on, told by hashes of rows."""

from __future__ import annotations

import numpy
import pandas
import pytest
from scipy import sparse

from fitprint._recorder import trained_rows
from fitprint._recorder.trained_rows import remember_rows

RANDOM = numpy.random.default_rng(0)
NUMBERS = RANDOM.normal(size=(100, 3))
TABLE = pandas.DataFrame(
    {
        "number": NUMBERS[:, 0],
        "count": pandas.array([None, *range(99)], dtype="Int64"),
        "text": [f"text {number}" for number in range(100)],
        "kind": pandas.Categorical(["a", "b"] * 50),
        "time": pandas.date_range("2024-01-01", periods=100),
        "small": numpy.arange(100, dtype="int8"),
    }
)


def known(trained, data):
    remember_rows("run", trained)
    return trained_rows.trained_rows("run").count_in(data)


KINDS = [NUMBERS, TABLE, TABLE["text"], NUMBERS.astype(str), sparse.csr_matrix(NUMBERS)]


@pytest.mark.parametrize("data", KINDS, ids=type)
def test_rows_are_found_in_any_order(data):
    order, train = [30, 2, 70], data[:80] if not hasattr(data, "iloc") else data.iloc[:80]
    rows = data.iloc if hasattr(data, "iloc") else data
    assert known(train, rows[order]) == 3
    assert known(train, rows[80:]) == 0
    assert known(train, rows[75:85]) == 5


@pytest.mark.parametrize("column", TABLE)
def test_every_column_counts(column):
    changed = TABLE.assign(**{column: TABLE[column].to_numpy()[::-1]})
    assert known(TABLE, changed) == 0


def test_numbers_are_the_same_in_any_form():
    table = pandas.DataFrame(NUMBERS).assign(whole=numpy.arange(100))
    assert known(table, table.to_numpy()) == 100
    assert known(table, sparse.csr_matrix(table.to_numpy())) == 100
    zeros = numpy.array([[0.0, numpy.nan], [1.0, numpy.inf]])
    assert known(zeros, [-1.0, 1.0] * -zeros * [1.0, -1.0]) == 2  # -0.0, and NaN of another sign


def test_the_columns_in_another_order_are_other_rows():
    assert known(NUMBERS, NUMBERS[:, ::-1]) == 0


def test_whole_numbers_do_not_collide():
    rows = numpy.stack(numpy.meshgrid(*[numpy.arange(20.0)] * 3), -1).reshape(-1, 3)
    assert len(numpy.unique(trained_rows._hashes(rows)[0])) == len(rows)


def test_of_much_data_a_sample_is_known():
    data = numpy.arange(600_000.0)
    assert known(data[:500_000], data[:500_000]) == 500_000
    assert known(data[:500_000], data[500_000:]) == 0
    assert known(data[:500_000], data[:500]) > 0
    assert known(data[:500_000], data[500_000:500_010]) is None  # too few to be sure


def test_what_has_no_rows_or_cannot_be_hashed_is_not_known():
    lists = pandas.DataFrame({"a": [[1], [2]]})
    for data in (lists, [[1.0]], numpy.empty((0, 2)), numpy.array([1j])):
        assert known(data, data) is None
        assert known(NUMBERS, data) is None


def test_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(trained_rows, "MOST_KEPT", 2)
    for number in range(3):
        remember_rows(f"run {number}", NUMBERS)
    assert [trained_rows.trained_rows(f"run {number}") is None for number in range(3)] == [True, False, False]
