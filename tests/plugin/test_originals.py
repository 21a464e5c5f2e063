"""What containers were made from: as long as the user keeps it, and of a table its columns."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pandas as pd
import pytest

from fitprint.plugin.containers import ContainerOrigins, columns_of, example_row


class Container:
    __hash__ = None  # as some frameworks' are


TABLE = pd.DataFrame(
    {
        "a": [1.5, 2.5],
        "n": [1, 2],
        "open": [True, False],
        "kind": pd.Categorical(["x", "y"]),
        "some": pd.array([1, None], dtype="Int64"),
        "text": pd.array(["p", "q"], dtype="string"),
    }
)


def test_it_is_known_while_the_user_keeps_it_and_its_columns_after_that():
    originals, container, table = ContainerOrigins(), Container(), TABLE.copy()
    originals.remember(container, data=table, label=[1, 2])
    assert originals.alive(container, "data") is table
    assert originals.alive(container, "label") is None  # a list is no table
    gone = weakref.ref(table)
    del table
    gc.collect()
    assert gone() is None
    assert originals.alive(container, "data") is None
    columns = originals.columns(container)
    assert len(columns) == 0
    assert (columns.dtypes == TABLE.dtypes).all()


def test_nothing_is_kept_of_a_container_that_is_gone():
    originals, container = ContainerOrigins(), Container()
    originals.remember(container, data=TABLE)
    originals.remember(container, data=TABLE)
    del container
    gc.collect()
    assert not originals._origins


def test_a_container_that_was_not_seen():
    assert ContainerOrigins().alive(Container(), "data") is None
    assert ContainerOrigins().columns(Container()) is None


def test_columns_share_nothing_with_the_table():
    values = np.ones((3, 2), np.float32)
    columns = columns_of(values)
    assert columns.shape == (0, 2)
    assert columns.base is None
    assert example_row(columns).tolist() == [[0.0, 0.0]]
    assert example_row(columns).dtype == np.float32


def test_a_row_has_the_dtypes_of_its_columns():
    row = example_row(columns_of(TABLE))
    assert (row.dtypes == TABLE.dtypes).all()
    assert row.iloc[0].tolist() == [0.0, 0, False, "x", 0, ""]


@pytest.mark.parametrize("column", [pd.to_datetime(["2020-01-01"]), [[1.0]], pd.Categorical([None])])
def test_what_no_row_can_be_made_of(column):
    assert example_row(columns_of(pd.DataFrame({"a": column}))) is None
