"""Tables of polars and pyarrow are data like pandas' own, with categories, gaps and times."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from scipy import sparse

from fitprint._core.rows import first_rows, row_count, take_rows
from fitprint._recorder.dataset_facts import dataset_facts
from fitprint.models.exact_inputs import ExactInputs
from fitprint.models.fidelity import faithful_signature
from fitprint.models.foreign_tables import as_pandas, is_foreign
from fitprint.models.inference import infer_schema

ROWS = 4
NOON = datetime.datetime(2024, 1, 1, 12)
POLARS = polars.DataFrame(
    {
        "whole": [1, None, 3, 4],
        "small": polars.Series([1, 2, 3, 4], dtype=polars.Int8),
        "real": [0.5, None, float("nan"), 2.0],
        "text": ["a", None, "b", "a"],
        "truth": [True, None, False, True],
        "time": [NOON, None, NOON, NOON],
        "zoned": polars.Series([NOON] * ROWS).dt.replace_time_zone("UTC"),
        "day": [datetime.date(2024, 1, 1)] * ROWS,
        "span": [datetime.timedelta(hours=1)] * ROWS,
        "kind": polars.Series(["x", "y", None, "x"], dtype=polars.Categorical),
        "list": [[1.0], [2.0, 3.0], [], [4.0]],
    }
)
TABLES = [POLARS, POLARS.to_arrow()]
DTYPES = {
    "whole": "Int64",
    "small": "int8",
    "real": "float64",
    "truth": "boolean",
    "time": "datetime64[us]",
    "zoned": "datetime64[us, UTC]",
    "span": "timedelta64[us]",
    "kind": "category",
}


@pytest.mark.parametrize("table", TABLES, ids=["polars", "pyarrow"])
def test_every_kind_of_column_becomes_pandas_own(table):
    frame = as_pandas(table)
    assert {name: str(frame[name].dtype) for name in DTYPES} == DTYPES
    assert frame["whole"].tolist()[2:] == [3, 4]
    assert frame["whole"].isna().tolist() == [False, True, False, False]
    assert frame["text"].tolist()[2:] == ["b", "a"]
    assert frame["day"].iloc[0] == pd.Timestamp("2024-01-01")
    assert frame["zoned"].iloc[0] == pd.Timestamp(NOON, tz="UTC")
    assert frame["kind"].cat.categories.tolist() == ["x", "y"]
    assert [list(cell) for cell in frame["list"]] == POLARS["list"].to_list()


@pytest.mark.parametrize("table", TABLES, ids=["polars", "pyarrow"])
def test_rows_are_taken_by_a_slice_and_by_numbers(table):
    assert row_count(table) == ROWS
    assert as_pandas(take_rows(table, np.array([3, 0])))["small"].tolist() == [4, 1]
    assert row_count(first_rows(table, 2)) == 2
    column = table["small"]
    assert row_count(column) == ROWS
    assert as_pandas(take_rows(column, [1])).tolist() == [2]


@pytest.mark.parametrize("table", TABLES, ids=["polars", "pyarrow"])
def test_the_schema_is_that_of_the_same_table_in_pandas(table):
    assert infer_schema(table) == infer_schema(as_pandas(table))
    assert [spec.required for spec in infer_schema(table)][:5] == [False, True, False, False, False]


@pytest.mark.parametrize("table", TABLES, ids=["polars", "pyarrow"])
def test_facts_count_missing_values_and_digest_the_values(table):
    classes = polars.Series(["p", "q"] * 2)
    facts = dataset_facts(table, classes if table is POLARS else classes.to_arrow())
    assert facts["inputs"]["rows"] == ROWS
    assert [column["missing"] for column in facts["inputs"]["columns"]] == [1, 0, 2, 1, 1, 1, 0, 0, 0, 1, 0]
    assert facts["target"]["classes"] == {"p": 2, "q": 2}
    assert facts["inputs"]["digest"] == dataset_facts(POLARS, None)["inputs"]["digest"]
    other = dataset_facts(POLARS.with_columns(small=polars.lit(9, dtype=polars.Int8)), None)
    assert facts["inputs"]["digest"] != other["inputs"]["digest"]


def test_a_gap_far_below_the_first_rows_is_seen():
    table = polars.DataFrame({"n": [*range(1000), None]})
    exact = faithful_signature(lambda rows: np.arange(len(rows)), table).exact
    assert exact is not None
    assert not exact.schema.inputs[0].required
    assert exact.enforce(pd.DataFrame({"n": [1.0, None]}))["n"].dtype == "Int64"


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dok", "lil", "bsr", "dia"])
def test_sparse_data_of_every_format_is_a_tensor(form, kind):
    data = getattr(sparse, f"{form}_{kind}")(np.eye(6, 3))
    inferred = faithful_signature(lambda rows: np.asarray(rows.sum(axis=1)).ravel(), data)
    assert inferred.signature is not None
    exact = inferred.exact or ExactInputs(inferred.signature.inputs)
    assert str(exact.schema) == "Schema([tensor float64 [-1, 3]])"
    assert exact.enforce(data).toarray().tolist() == np.eye(6, 3).tolist()
    facts = dataset_facts(data, None)["inputs"]
    assert facts["shape"] == [6, 3]
    assert facts["digest"] == dataset_facts(data.tocsr(), None)["inputs"]["digest"]


@pytest.mark.parametrize("data", [pd.DataFrame({"a": [1]}), [1], np.eye(2), {"a": 1}, POLARS.lazy(), None], ids=type)
def test_other_data_is_left_alone(data):
    assert not is_foreign(data)
    assert as_pandas(data) is data


def test_arrays_of_pyarrow_have_rows_too():
    assert row_count(pyarrow.array([1, 2])) == 2
