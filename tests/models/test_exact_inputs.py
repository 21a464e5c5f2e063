"""Rows that come back from CSV or JSON have the dtypes of the training, and no value is lost or made up by it."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from fitprint.models import ModelSignature, Schema, SchemaError
from fitprint.models.csv_data import read_csv, read_json
from fitprint.models.exact_dtypes import NotKept, check_description, describe_dtype
from fitprint.models.exact_inputs import ExactInputs, read_exact_inputs
from fitprint.models.fidelity import faithful_signature

ROWS = 6
DAYS = pd.date_range("2024-01-01", periods=ROWS)
COLUMNS = {
    "texts": pd.Categorical(["b", "a", "b", None, "a", "007"], categories=["b", "a", "007", "unused"]),
    "codes": pd.Categorical(["01", "2", "01", "2", "01", "2"]),
    "numbers": pd.Categorical([3, 1, 3, 1, 3, None], categories=[3, 1]),
    "fractions": pd.Categorical([0.5, 1.5, 0.5, None, 1.5, 0.5]),
    "truths": pd.Categorical([True, False, True, False, True, False]),
    "levels": pd.Categorical(["low", "high"] * 3, categories=["low", "high"], ordered=True),
    "Int64": pd.array([1, None, 3, 4, 2**60, -6], dtype="Int64"),
    "Int64 without a gap": pd.array([1, 2, 3, 4, 5, 6], dtype="Int64"),
    "UInt8": pd.array([1, None, 3, 4, 5, 255], dtype="UInt8"),
    "Float32": pd.array([1.5, None, 3, 4, 5, 6], dtype="Float32"),
    "boolean": pd.array([True, None, False, True, None, True], dtype="boolean"),
    "string": pd.array(["x", None, "1", "y", "z", "x"], dtype="string"),
    "int8": np.arange(ROWS, dtype=np.int8),
    "uint64": np.array([1, 2, 3, 4, 5, 2**63], dtype=np.uint64),
    "float16": np.arange(ROWS, dtype=np.float16),
    "times": pd.Series(DAYS).astype("datetime64[s]"),
    "zoned": pd.Series(DAYS).astype("datetime64[us]").dt.tz_localize("UTC"),
    "spans": pd.Series(pd.to_timedelta(range(ROWS), unit="h")).astype("timedelta64[ns]"),
    "floats": np.linspace(0, 1, ROWS),
}
TOLD_BY_TYPE = ("floats",)


def kept(frame: pd.DataFrame) -> ExactInputs:
    """What the MLmodel file of a model that needs exactly these columns holds, read back."""

    def predict(rows: pd.DataFrame) -> np.ndarray:
        if list(map(str, rows.dtypes)) != list(map(str, frame.dtypes)):
            raise TypeError("these are not the dtypes of the training")
        return np.arange(len(rows))

    signature, _, exact, _ = faithful_signature(predict, frame)
    assert exact is not None
    assert signature is not None
    read = ModelSignature.from_dict(signature.to_dict())
    return read_exact_inputs(exact.to_json(signature.inputs), read.inputs)


def as_csv(frame: pd.DataFrame, exact: ExactInputs) -> pd.DataFrame:
    return read_csv(io.StringIO(frame.to_csv(index=False)), exact.schema, exact.dtypes)


def as_json(frame: pd.DataFrame, exact: ExactInputs) -> pd.DataFrame:
    spans = frame.apply(lambda column: column.astype(str) if column.dtype.kind == "m" else column)
    return read_json(io.StringIO(spans.to_json(orient="split", date_format="iso")), exact.schema, exact.dtypes)


@pytest.mark.parametrize("form", [as_csv, as_json])
@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in TOLD_BY_TYPE])
def test_a_column_comes_back_as_it_was(name, form):
    frame = pd.DataFrame({name: COLUMNS[name], "x": COLUMNS["floats"]})
    exact = kept(frame)
    pd.testing.assert_frame_equal(exact.enforce(form(frame, exact)), frame)
    assert exact.enforce(frame) is frame


def test_only_what_a_type_does_not_tell_is_kept():
    frame = pd.DataFrame(COLUMNS)
    assert sorted(kept(frame).dtypes) == sorted(set(COLUMNS) - set(TOLD_BY_TYPE))


def test_rows_as_dicts_as_a_program_gets_them_from_json():
    frame = pd.DataFrame({name: COLUMNS[name] for name in ("texts", "Int64", "boolean", "floats")})
    rows = json.loads(frame.to_json(orient="records"))
    pd.testing.assert_frame_equal(kept(frame).enforce(rows), frame)


def test_a_value_outside_of_the_categories_becomes_one_more_and_the_codes_of_the_others_stay():
    exact = kept(pd.DataFrame({"kind": COLUMNS["texts"]}))
    result = exact.enforce(pd.DataFrame({"kind": ["a", "new", None, "007"]}))["kind"]
    assert result.tolist()[:2] == ["a", "new"]
    assert result.cat.categories.tolist() == ["b", "a", "007", "unused", "new"]
    assert result.cat.codes.tolist() == [1, 4, -1, 2]


def test_categories_in_another_order_get_the_codes_of_the_training():
    exact = kept(pd.DataFrame({"kind": COLUMNS["texts"]}))
    result = exact.enforce(pd.DataFrame({"kind": pd.Categorical(["007", "a"])}))["kind"]
    assert result.cat.codes.tolist() == [2, 1]


def test_what_does_not_fit_is_one_error_with_a_line_for_each_column():
    frame = pd.DataFrame({name: COLUMNS[name] for name in ("Int64", "numbers", "boolean", "floats")})
    wrong = pd.DataFrame({"Int64": [1.5], "numbers": ["x"], "boolean": ["no"], "floats": ["y"]})
    with pytest.raises(SchemaError) as error:
        kept(frame).enforce(wrong)
    assert [problem.split(":")[0] for problem in error.value.problems] == [
        "column 'Int64'",
        "column 'numbers'",
        "column 'boolean'",
        "column 'floats'",
    ]
    assert "compare it with the text that means true" in error.value.problems[2]


def test_categories_that_are_the_data_itself_are_not_kept():
    names = pd.Series(pd.Categorical([f"person {number}" for number in range(100)]))
    with pytest.raises(NotKept, match="values of the training data"):
        describe_dtype(names, len(names))
    with pytest.raises(NotKept, match="at most"):
        describe_dtype(pd.Series(pd.Categorical(range(20_000))), 1_000_000)
    frame = pd.DataFrame({"name": names, "x": 1.0})
    _, reasons, *_ = faithful_signature(lambda rows: rows["x"].to_numpy(), frame)
    assert [what for what, _ in reasons] == ["the categories of column name"]


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"columns": [{"type": "long", "name": "a", "exact": {"dtype": "object"}}]}',
        '{"columns": [{"type": "long", "name": "a", "exact": {"dtype": "category", "categories": [1, 1]}}]}',
        '{"columns": [{"type": "long", "name": "a", "exact": "category"}]}',
        '{"columns": [{"type": "string"}], "form": "tuple"}',
        '{"columns": [], "form": null}',
        '{"columns": null}',
    ],
)
def test_a_broken_entry_is_refused(text):
    with pytest.raises(ValueError, match=r"fitprint_inputs|dtype|categories|Schema|schema"):
        read_exact_inputs(text, None)


@pytest.mark.parametrize("of", ["nothing", ["int8"], "int8"])
def test_categories_of_another_dtype_are_refused(of):
    exact = {"dtype": "category", "categories": [1000, 2000], "of": of}
    inputs = read_exact_inputs(json.dumps({"columns": [{"type": "long", "name": "a", "exact": exact}]}), None)
    with pytest.raises(SchemaError, match="column 'a': the categories in the package cannot be read"):
        inputs.enforce(pd.DataFrame({"a": [1000]}))


def test_a_description_may_name_dtypes_of_columns_only():
    for name in ("object", "void", "datetime64[fs]", "complex128", "Sparse[int]", "category[x]"):
        with pytest.raises(ValueError, match="describes no dtype"):
            check_description({"dtype": name})


@pytest.mark.parametrize(
    ("rows", "form"),
    [(["a", "b"], "list"), ([{"a": 1.0}, {"b": 2.0}], "records"), (pd.Series(["a", "b"], name="t"), "series")],
)
def test_a_model_of_a_list_or_a_series_gets_one_from_a_table(rows, form):
    def predict(given):
        assert type(given) is type(rows)
        return np.arange(len(given))

    _, _, exact, _ = faithful_signature(predict, rows)
    assert exact is not None
    assert exact.form == form
    table = pd.DataFrame(rows if form == "records" else {"t": list(rows)})
    assert list(exact.enforce(table)) == list(rows)
    assert exact.enforce(rows) is rows or list(exact.enforce(rows)) == list(rows)


def test_rows_of_lists_are_an_array_of_their_numbers():
    _, _, exact, _ = faithful_signature(lambda rows: np.asarray(rows).sum(axis=1), [[1.0, 2.0], [3.0, 4.0]])
    assert exact is not None
    assert exact.enforce(pd.DataFrame({"p": [1, 3], "q": [2, 4]})).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert exact.schema == Schema(exact.schema.inputs)
