"""What enforcement accepts, gives and refuses where a schema is of columns, and of params."""

import copy
import datetime as dt
import logging
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models import ColSpec, Schema, SchemaError
from fitprint.models.enforcement import enforce_inputs, enforce_params, extra_inputs, extra_params
from fitprint.models.inference import infer_params, infer_schema
from fitprint.models.types import AnyType, Array, Map, Object, Property


def brief(value: Any) -> str:
    """A readable id: the values and their dtype, on one line."""
    if isinstance(value, str):
        return f"to {value}"
    listed = value.values.tolist() if isinstance(value, pd.DataFrame) else list(value)
    return f"{getattr(value, 'dtype', type(value).__name__)} {listed}"


def columns(**types: Any) -> Schema:
    return Schema([ColSpec(dtype, name) for name, dtype in types.items()])


def test_data_that_fits_comes_back_itself():
    frame = pd.DataFrame({"a": [1.0], "b": [2], "c": ["x"]})
    schema = infer_schema(frame)
    assert enforce_inputs(frame, schema) is frame
    assert enforce_inputs(frame, schema, lossless=True) is frame
    array = np.zeros((2, 3))
    assert enforce_inputs(array, infer_schema(array)) is array


def test_columns_in_the_schemas_order_and_extra_ones_dropped():
    frame = pd.DataFrame({"z": [0], "b": [2], "a": [1.0]}, index=[7])
    schema = columns(a="double", b="long")
    expected = pd.DataFrame({"a": [1.0], "b": [2]}, index=[7])
    pd.testing.assert_frame_equal(enforce_inputs(frame, schema), expected)
    assert extra_inputs(frame, schema) == ["z"]
    assert extra_inputs(frame[["a", "b"]], schema) == []


def test_columns_of_one_dtype_in_another_order():
    frame = pd.DataFrame({"b": [2.0], "a": [1.0]})
    result = enforce_inputs(frame, columns(a="double", b="double"))
    pd.testing.assert_frame_equal(result, pd.DataFrame({"a": [1.0], "b": [2.0]}))


@pytest.mark.parametrize("dtype", ["long", "string", Array("long"), AnyType()], ids=str)
def test_an_absent_optional_column_stays_absent(dtype):
    schema = Schema([ColSpec("double", "a"), ColSpec(dtype, "b", required=False)])
    assert list(enforce_inputs(pd.DataFrame({"a": [1.0]}), schema).columns) == ["a"]


def test_a_text_in_an_ndarray_without_axes_is_one_row():
    result = enforce_inputs({"a": np.array("x")}, columns(a="string"))
    assert result.values.tolist() == [["x"]]


def test_an_ndarray_of_several_axes_in_a_dict_becomes_cells():
    schema = columns(a=Map("long"), b="long")
    result = enforce_inputs({"a": np.array([[{"p": 1}]])[:, 0], "b": np.array([1])}, schema)
    assert result["a"][0] == {"p": 1}
    with pytest.raises(SchemaError, match="column 'a': expected long, got object"):
        enforce_inputs({"a": np.ones((1, 2)), "b": np.array([1])}, columns(a="long", b="long"))


def test_only_the_lossless_path_logs_extra_columns(caplog):
    frame = pd.DataFrame({"a": [1.0], "z": [0]})
    with caplog.at_level(logging.DEBUG):
        enforce_inputs(frame, columns(a="double"))
        assert caplog.records == []
        enforce_inputs(frame, columns(a="double"), lossless=True)
    assert [(r.name, r.levelname) for r in caplog.records] == [("fitprint", "WARNING")]
    assert "['z']" in caplog.text


def test_everything_wrong_is_one_error_with_a_line_each():
    frame = pd.DataFrame({"a": ["x"], "B": [1], "z": [1], "ok": [1.0]})
    with pytest.raises(SchemaError) as error:
        enforce_inputs(frame, columns(a="double", b="long", ok="double", gone="string"), lossless=True)
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert f"column 'a': expected double, got {frame['a'].dtype}; values such as 'x' are not numbers" in lines[1]
    assert "column 'b': missing" in lines[2]
    assert "did you mean 'B'" in lines[2]
    assert "column 'gone': missing" in lines[3]
    assert "['B', 'z']" in lines[3]
    assert len(error.value.problems) == 3
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


def test_duplicate_labels_of_the_data():
    frame = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    with pytest.raises(SchemaError, match="2 columns have this label"):
        enforce_inputs(frame, columns(a="double"))
    with pytest.raises(SchemaError, match="2 columns have this label"):
        enforce_inputs(frame, Schema([ColSpec("double"), ColSpec("double")]))


def test_a_label_twice_in_another_order():
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["b", "a", "b"])
    with pytest.raises(SchemaError, match="column 'b': 2 columns have this label"):
        enforce_inputs(frame, columns(a="double", b="double"))


def test_falsy_labels_are_names():
    # MLflow takes 0 for no name, and silently drops this column
    frame = pd.DataFrame([[1.0, 2.0]], columns=[1, 0])
    assert list(enforce_inputs(frame, infer_schema(frame)).columns) == [1, 0]


def test_tuple_labels_survive_json():
    frame = pd.DataFrame({("a", "x"): [1.0], ("a", "y"): [2.0]})
    schema = Schema.from_json(infer_schema(frame).to_json())
    assert enforce_inputs(frame, schema) is frame


def test_any_column_keeps_its_dtype_only_when_lossless():
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"])})
    schema = Schema([ColSpec(AnyType(), "a")])
    assert str(enforce_inputs(frame, schema)["a"].dtype) != "category"
    assert str(enforce_inputs(frame, schema, lossless=True)["a"].dtype) == "category"


EXACT = 2**53
LOSSLESS_COLUMNS = [  # column, type: what MLflow refuses and keeps its values
    (np.array([1, EXACT]), "double"),
    (np.array([1, 2**62]), "double"),
    (np.array([2**63], dtype="uint64"), "double"),
    (np.array([1, 2]), "integer"),
    (np.array([1, 2]), "float"),
    (np.array([1, 2], dtype="uint64"), "long"),
    (np.array([1.0, -2.0]), "integer"),
    (np.array([1.0, -2.0], dtype="float16"), "long"),
    (np.array([0.5, np.nan]), "float"),
    (pd.Categorical(["x", "y"]), "string"),
    (pd.Categorical([1, 2]), "long"),
    (pd.Categorical([1, 2]), "double"),
    (pd.array([1, None], dtype="Int64"), "double"),
    (pd.array([1, 2], dtype="Int64"), "integer"),
    (pd.arrays.SparseArray([0.0, 1.5]), "double"),
    (np.array([], dtype="float64"), "long"),
]


@pytest.mark.parametrize(("values", "dtype"), LOSSLESS_COLUMNS, ids=brief)
def test_lossless_columns(values, dtype):
    frame = pd.DataFrame({"a": values})
    schema = columns(a=dtype)
    with pytest.raises(SchemaError):
        enforce_inputs(frame, schema)
    result = enforce_inputs(frame, schema, lossless=True)["a"]
    if dtype != "string":
        assert result.dtype == schema.inputs[0].type.to_numpy()
    for before, after in zip(frame["a"], result, strict=True):
        assert pd.isna(after) if pd.isna(before) else before == after


LOSSY_COLUMNS = [
    (np.array([EXACT + 1]), "double"),
    (np.array([2**63 - 1]), "double"),
    (np.array([2**64 - 1], dtype="uint64"), "double"),
    (np.array([2**24 + 1]), "float"),
    (np.array([2**31]), "integer"),
    (np.array([2**63], dtype="uint64"), "long"),
    (np.array([1.5]), "long"),
    (np.array([1.0, np.nan]), "long"),
    (np.array([np.inf]), "long"),
    (np.array([2.0**63]), "long"),
    (np.array([0.1]), "float"),
    (np.array([True]), "long"),
    (np.array([True]), "double"),
    (np.array([1, 0]), "boolean"),
    (pd.Categorical([1, None]), "long"),
    (pd.Categorical([True, False]), "double"),
    (pd.array([1, None], dtype="Int64"), "long"),
    (pd.array([True, None], dtype="boolean"), "boolean"),
    (pd.array([EXACT + 1, None], dtype="Int64"), "double"),
    (["1"], "long"),
    (pd.array(["2024-01-02"], dtype="string"), "datetime"),
    (pd.to_datetime(["2024-01-02"]).tz_localize("UTC"), "datetime"),
    (np.array(["9999-01-01"], dtype="datetime64[s]"), "datetime"),
]


@pytest.mark.parametrize(("values", "dtype"), LOSSY_COLUMNS, ids=brief)
def test_lossy_columns_are_refused(values, dtype):
    with pytest.raises(SchemaError, match=f"column 'a': expected {dtype}, got "):
        enforce_inputs(pd.DataFrame({"a": values}), columns(a=dtype), lossless=True)


@pytest.mark.parametrize("wide", [True, False], ids=["columns of one dtype", "columns of several"])
def test_a_frame_of_integers_for_doubles(wide):
    frame = pd.DataFrame({"a": [1, 5], "b": [2, 7]})
    if not wide:
        frame["b"] = frame["b"].astype("int16")
    result = enforce_inputs(frame, columns(a="double", b="double"), lossless=True)
    pd.testing.assert_frame_equal(result, frame.astype("float64"))


def test_nested_values_are_copied_not_changed():
    schema = Schema([ColSpec(Object([Property("k", "long"), Property("s", "string", False)]), "a")])
    frame = pd.DataFrame({"a": [{"k": 1, "s": None}]})
    before = copy.deepcopy(frame["a"][0])
    result = enforce_inputs(frame, schema)
    assert result["a"][0] == before
    assert type(result["a"][0]["k"]) is np.int64
    assert type(frame["a"][0]["k"]) is int


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        (Object([Property("k", "long")]), {}, r"row 0: the keys \['k'\] are missing"),
        (Object([Property("k", "long")]), {"k": 1, "q": 2}, r"the keys \['q'\] are not in the signature"),
        (Object([Property("k", "long")]), {"k": "x"}, "at key 'k': expected long, got str 'x'"),
        (Object([Property("k", "long")]), 5, "expected a dict"),
        (Map("long"), {1: 1}, "expected text keys"),
        (Map("long"), {"p": "x"}, "at key 'p': expected long"),
        (Array("long"), 1, "expected a list, got int"),
        (Array(Array("long")), [[1], ["x"]], "expected long"),
    ],
    ids=str,
)
@pytest.mark.parametrize("lossless", [False, True], ids=["strict", "lossless"])
def test_nested_refusals(dtype, value, message, lossless):
    frame = pd.DataFrame({"a": [value]})
    with pytest.raises(SchemaError, match=message):
        enforce_inputs(frame, Schema([ColSpec(dtype, "a")]), lossless=lossless)


def test_lossless_nested_values():
    frame = pd.DataFrame({"a": [[1, 2]], "b": [(1.0,)], "c": [[None, "x"]]})
    schema = columns(a=Array("double"), b=Array("long"), c=Array("string"))
    row = enforce_inputs(frame, schema, lossless=True).iloc[0]
    assert (row["a"], row["b"], row["c"]) == ([1.0, 2.0], [1], [None, "x"])
    assert type(row["a"][0]) is float


def test_tuples_are_rows_when_lossless():
    schema = Schema([ColSpec("double"), ColSpec("long")])
    with pytest.raises(SchemaError, match="expected a table, got tuple"):
        enforce_inputs(((1.0, 2),), schema)
    assert enforce_inputs(((1.0, 2),), schema, lossless=True).values.tolist() == [[1.0, 2.0]]


def test_the_schema_remembers_nothing_of_the_data():
    schema = columns(a="double")
    enforce_inputs(pd.DataFrame({"a": [1.0]}), schema)
    with pytest.raises(SchemaError):
        enforce_inputs(pd.DataFrame({"a": ["x"]}), schema)
    assert enforce_inputs(pd.DataFrame({"a": [2.0]}), schema)["a"][0] == 2.0


def test_params_are_plain_values_and_defaults_follow(caplog):
    schema = infer_params({"a": 1, "v": [1.0]})
    with caplog.at_level(logging.DEBUG):
        assert enforce_params({"v": [2], "zz": 0}, schema) == {"v": [2.0], "a": 1}
        assert caplog.records == []
        enforce_params({"zz": 0}, schema, lossless=True)
    assert "['zz']" in caplog.text
    assert extra_params({"zz": 0, "a": 1}, schema) == ["zz"]


def test_params_without_a_schema():
    assert enforce_params(None, None) is None
    assert enforce_params({}, None) == {}
    assert enforce_params({"a": 1}, None) == {}
    assert enforce_params([1], None) == {}


@pytest.mark.parametrize(
    ("default", "value", "expected"),
    [(1, 2.0, 2), (1, np.uint8(3), 3), (1.5, np.float16(2), 2.0), ([1], (2, 3), [2, 3])],
    ids=repr,
)
def test_lossless_params(default, value, expected):
    schema = infer_params({"k": default})
    with pytest.raises(SchemaError, match="param 'k': expected"):
        enforce_params({"k": value}, schema)
    result = enforce_params({"k": value}, schema, lossless=True)["k"]
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize("value", [2.5, float("nan"), float("inf"), "2", True, [1]], ids=repr)
def test_lossy_params_are_refused(value):
    with pytest.raises(SchemaError, match="param 'k': expected long"):
        enforce_params({"k": value}, infer_params({"k": 1}), lossless=True)


def test_all_bad_params_in_one_error():
    with pytest.raises(SchemaError) as error:
        enforce_params({"a": "x", "b": "y", "c": 1}, infer_params({"a": 1, "b": True, "c": 2}))
    assert [problem[:9] for problem in error.value.problems] == ["param 'a'", "param 'b'"]


def test_datetimes_with_a_time_zone_become_naive_utc():
    schema = infer_params({"d": dt.datetime(2024, 1, 2)})
    zone = dt.timezone(dt.timedelta(hours=2))
    for value in (
        dt.datetime(2024, 1, 2, 2, tzinfo=zone),
        "2024-01-02T00:00:00Z",
        pd.Timestamp("2024-01-02"),
    ):
        assert enforce_params({"d": value}, schema) == {"d": dt.datetime(2024, 1, 2)}
