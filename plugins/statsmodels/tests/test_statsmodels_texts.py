"""Texts as objects: what pandas 2 and 3 both read from a pickle, and nothing else is changed."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

pytest.importorskip("statsmodels", reason="needs statsmodels: run `make test-all`")

from fitprint_statsmodels._texts import TextsAsObjects, texts_as_objects

TEXTS = pd.array(["a", "b", "a"], dtype="string")
INDEX = pd.Index(["a", "b", "c"], dtype="string")
NUMBERS = pd.DataFrame({1: [1.0, 2.0]})
FRAME = pd.DataFrame([[1, "x"], [2, "y"], [3, "z"]], columns=pd.Index(["n", "n"], dtype="string"), index=INDEX)
WITH_TEXTS = {
    "a column": pd.Series(TEXTS, name="s"),
    "labels": pd.Series([1, 2, 3], index=INDEX),
    "an index": INDEX,
    "an index of levels": pd.MultiIndex.from_product([INDEX, [1, 2]], names=["s", "n"]),
    "categories": pd.Series(pd.Categorical(TEXTS, pd.Index(["b", "a"], dtype="string"), ordered=True)),
    "an index of categories": pd.CategoricalIndex(TEXTS),
    "a table with a name twice": FRAME.set_axis(pd.RangeIndex(3)),
    "a table of texts": pd.DataFrame({"s": TEXTS, "n": [1, 2, 3]}),
}


def values_of(table):
    frame = table if isinstance(table, pd.DataFrame) else table.to_frame()
    return frame.index.tolist(), frame.columns.tolist(), [frame.iloc[:, at].tolist() for at in range(frame.shape[1])]


@pytest.mark.parametrize("name", WITH_TEXTS)
def test_texts_become_objects(name):
    given = WITH_TEXTS[name]
    before = pickle.dumps(given)
    made = texts_as_objects(given)
    assert type(made) is type(given)
    assert b"StringDtype" in before
    assert b"StringDtype" not in pickle.dumps(made)
    assert pickle.dumps(given) == before, "the user's own is not changed"
    assert values_of(made) == values_of(given)


def test_the_rest_stays_the_same_object():
    for value in (NUMBERS, NUMBERS[1], NUMBERS.index, pd.date_range("2024-01-01", periods=2), "a text", ["a"], None):
        assert TextsAsObjects()(value) is value


def test_what_stands_twice_stays_one():
    plain = TextsAsObjects()
    assert plain(INDEX) is plain(INDEX) is not INDEX
