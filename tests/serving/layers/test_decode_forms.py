"""The forms in which a table may be sent, and what is refused because it is none of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.param_schema import ParamSchema, ParamSpec
from fitprint.models.schema import AnyType, Array, ColSpec, Map, Object, Property, Schema
from fitprint.serving import decode
from fitprint.serving.errors import RequestError

DOUBLES = Schema([ColSpec("double", "a"), ColSpec("double", "b")])
MIXED = Schema([ColSpec("double", "a"), ColSpec("string", "b"), ColSpec("long", "c"), ColSpec("boolean", "d")])
ROW = {"a": 1.5, "b": "x", "c": 3, "d": True}


def invoke(model: Any, content: Any) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return decode.invocations(body, None, model)


def refused(model: Any, content: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        invoke(model, content)
    assert caught.value.status == 400
    return caught.value


def test_tables_are_as_pandas_has_them(served: Any) -> None:
    expected = pd.DataFrame([ROW, {**ROW, "a": np.nan}])
    model = served(MIXED)
    split = {"columns": list(ROW), "data": [list(ROW.values()), [None, "x", 3, True]]}
    records = [ROW, {**ROW, "a": None}]
    shuffled = {"columns": ["d", "b", "c", "a"], "data": [[True, "x", 3, 1.5], [True, "x", 3, None]]}
    columns = {"d": [True, True], "c": [3, 3], "b": ["x", "x"], "a": [1.5, None]}
    for content in (
        {"dataframe_split": split},
        {"dataframe_split": shuffled},
        {"dataframe_records": records},
        {"inputs": records},
        {"inputs": columns},
        {"instances": records},
    ):
        request = invoke(model, content)
        pd.testing.assert_frame_equal(request.data, expected, check_column_type=False)
        assert (request.rows, request.ignored, request.can_batch) == (2, (), True)


def test_labels_are_texts_of_python_under_the_dtype_that_pandas_gives_them(served: Any) -> None:
    labels = invoke(served(MIXED), {"dataframe_records": [ROW]}).data.columns
    assert labels.dtype.name == pd.DataFrame([ROW]).columns.dtype.name
    assert labels.equals(pd.DataFrame([ROW]).columns)
    assert getattr(labels.dtype, "storage", "python") == "python"


def test_one_row_as_an_object(served: Any) -> None:
    pd.testing.assert_frame_equal(
        invoke(served(MIXED), {"inputs": ROW}).data, pd.DataFrame([ROW]), check_column_type=False
    )


def test_extra_columns_are_dropped_and_named(served: Any) -> None:
    model = served(DOUBLES)
    expected = pd.DataFrame({"a": [1.0], "b": [2.0]})
    for content in (
        {"dataframe_split": {"columns": ["z", "a", "b", "y"], "data": [["?", 1, 2, None]]}},
        {"dataframe_records": [{"z": "?", "a": 1, "b": 2, "y": None}]},
        {"inputs": {"z": ["?"], "a": [1], "b": [2], "y": [None]}},
    ):
        request = invoke(model, content)
        pd.testing.assert_frame_equal(request.data, expected, check_column_type=False)
        assert sorted(request.ignored) == ["y", "z"]


def test_labels_that_are_no_texts(served: Any) -> None:
    model = served(Schema([ColSpec("double", 0), ColSpec("double", 1)]))
    for content in (
        {"dataframe_split": {"columns": [0, 1], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": ["1", "0"], "data": [[2, 1]]}},
        {"dataframe_records": [{"0": 1, "1": 2}]},
    ):
        assert invoke(model, content).data.to_dict("list") == {0: [1.0], 1: [2.0]}


def test_columns_without_names(served: Any) -> None:
    model = served(Schema([ColSpec("double"), ColSpec("string")]))
    for content in (
        {"dataframe_split": {"data": [[1, "x"]]}},
        {"inputs": [[1, "x"]]},
        {"instances": [[1, "x"]]},
        {"dataframe_split": {"columns": ["p", "q"], "data": [[1, "x"]]}},
    ):
        assert invoke(model, content).data.to_numpy().tolist() == [[1.0, "x"]]
    assert "expected 2 columns" in refused(model, {"inputs": [[1]]}).message


def test_names_are_never_guessed(served: Any) -> None:
    for content in ({"dataframe_split": {"data": [[1, 2]]}}, {"inputs": [[1, 2]]}, {"instances": [[1, 2]]}):
        assert "no column names" in refused(served(DOUBLES), content).message


def test_a_single_column_needs_no_name(served: Any) -> None:
    model = served(Schema([ColSpec("string", "text")]))
    for content in ({"inputs": ["a", "b"]}, {"instances": ["a", "b"]}, {"inputs": {"text": ["a", "b"]}}):
        assert invoke(model, content).data["text"].tolist() == ["a", "b"]
    assert invoke(model, {"inputs": "a"}).data["text"].tolist() == ["a"]


def test_the_index_is_kept(served: Any) -> None:
    table = {"columns": ["a", "b"], "index": ["p", "q"], "data": [[1, 2], [3, 4]]}
    request = invoke(served(DOUBLES), {"dataframe_split": table})
    assert request.data.index.tolist() == ["p", "q"]
    assert not request.can_batch
    for index in ([1], "pq", [[1], [2]], [{}, 1]):
        assert "index" in refused(served(DOUBLES), {"dataframe_split": {**table, "index": index}}).message


@pytest.mark.parametrize(
    "content",
    [
        {"dataframe_records": []},
        {"dataframe_split": {"columns": ["a", "b"], "data": []}},
        {"dataframe_split": {"data": []}},
        {"inputs": []},
        {"inputs": {"a": [], "b": []}},
        {"instances": []},
    ],
    ids=json.dumps,
)
def test_no_rows(served: Any, content: Any) -> None:
    request = invoke(served(DOUBLES), content)
    assert request.rows == 0
    assert list(request.data.columns) == ["a", "b"]
    assert (request.data.dtypes == "float64").all()


def test_missing_columns_are_all_named(served: Any) -> None:
    for content in (
        {"dataframe_split": {"columns": ["a"], "data": [[1]]}},
        {"dataframe_records": [{"a": 1}]},
        {"inputs": {"a": [1]}},
    ):
        error = refused(served(MIXED), content)
        assert [(fault.column, fault.got, fault.row) for fault in error.faults] == [
            ("b", "nothing", None),
            ("c", "nothing", None),
            ("d", "nothing", None),
        ]


def test_a_record_that_lacks_a_value(served: Any) -> None:
    error = refused(served(DOUBLES), {"dataframe_records": [{"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": "x"}]})
    assert [(fault.row, fault.column, fault.got) for fault in error.faults] == [(1, "b", "nothing"), (2, "b", "text")]
    optional = served(Schema([ColSpec("double", "a"), ColSpec("string", "b", required=False)]))
    data = invoke(optional, {"dataframe_records": [{"a": 1, "b": "x"}, {"a": 1}]}).data
    assert data["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"inputs": "\xff"}', "UTF-8"),
        (b"[1]", "must be a JSON object"),
        (b'{"inputs": {"a": [1], "b": [2]}, "instances": []}', "exactly one key"),
        (b'{"input_data": []}', "exactly one key"),
        (b'{"params": {}}', "exactly one key"),
        (b'{"inputs": {"a": [1], "a": [2], "b": [3]}}', "twice"),
        (b'{"dataframe_records": [{"a": 1, "b": 2, "b": 3}]}', "twice"),
        (b'{"inputs": {"a": [1], "b": [2]}, "inputs": {"a": [1], "b": [2]}}', "twice"),
        (b'{"inputs": {"a": [1], "b" : [2], "b" : [2], "c\\"": [1]}}', "twice"),
        (b'{"inputs": {"a": [1], "b": [' + b"1" * 5000 + b"]}}", "too many digits"),
        (b'{"inputs": {"a": [1], "b": [1e400]}}', "too large"),
        (b'{"inputs": {"a": [1], "b": ["\\ud800"]}}', "surrogate"),
        (b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deeply"),
        (b'{"inputs": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "too deeply"),
        ({"dataframe_split": []}, "is an object"),
        ({"dataframe_split": {"columns": ["a", "b"]}}, "has the key data"),
        ({"dataframe_split": {"data": [], "more": 1}}, "has the key data"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3]]}}, "Row 1 has 1 values"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], 3]}}, "Row 1 must be a list"),
        ({"dataframe_split": {"columns": ["a", "a", "b"], "data": [[1, 2, 3]]}}, "same name"),
        ({"dataframe_split": {"columns": [["a"], {}], "data": [[1, 2]]}}, "names of columns"),
        ({"dataframe_split": {"columns": "ab", "data": [[1, 2]]}}, "list of names"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": {"a": 1}}}, "list of rows"),
        ({"dataframe_records": {"a": 1}}, "list of objects"),
        ({"dataframe_records": [{"a": 1, "b": 2}, 3]}, "Row 1 must be an object"),
        ({"inputs": {"a": [1, 2], "b": [3]}}, "same length"),
        ({"inputs": {"a": [1, 2], "b": 3}}, "same length"),
        ({"inputs": [1, 2]}, "list of rows"),
        ({"inputs": [{"a": 1, "b": 2}, [1, 2]]}, "list of rows"),
        ({"inputs": {"a": [1], "b": [2]}, "params": [1]}, "params must be an object"),
        ({"inputs": {"a": [1], "b": [2]}, "params": {"x": 1}}, "takes no params"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_request(served: Any, content: Any, words: str) -> None:
    assert words in refused(served(DOUBLES), content).message


def test_a_text_with_colons_is_no_key(served: Any) -> None:
    """Colons in texts make it uncertain whether a key stands twice; it is looked at then, and nothing is refused."""
    model = served(Schema([ColSpec("string", "a")]))
    content = b'{"dataframe_records": [{"a" : "12:30:00"}, {"a": "say \\"a\\": \\"a\\":"}]}'
    assert invoke(model, content).data["a"].tolist() == ["12:30:00", 'say "a": "a":']


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "application/json; charset=UTF-8", "APPLICATION/JSON"]
)
def test_content_types_of_json(served: Any, content_type: str | None) -> None:
    assert decode.invocations(b'{"inputs": {"a": [1], "b": [2]}}', content_type, served(DOUBLES)).rows == 1


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "application/json; x=y"],
)
def test_other_content_types(served: Any, content_type: str) -> None:
    with pytest.raises(RequestError) as caught:
        decode.invocations(b'{"inputs": {"a": [1], "b": [2]}}', content_type, served(DOUBLES))
    assert caught.value.status == 415


NESTED = Schema(
    [
        ColSpec(Array("double"), "list"),
        ColSpec(Object([Property("a", "long"), Property("b", "string", required=False)]), "object"),
        ColSpec(Map("boolean"), "map"),
        ColSpec(AnyType(), "any"),
    ]
)


def test_nested_values(served: Any) -> None:
    row = {"list": [1, 2.5], "object": {"a": 2.0}, "map": {"p": True}, "any": {"x": [None, "text"]}}
    model = served(NESTED)
    for content in ({"dataframe_records": [row]}, {"inputs": row}, {"inputs": [row]}, {"instances": [row]}):
        data = invoke(model, content).data
        assert data.to_dict("records") == [{**row, "list": [1.0, 2.5], "object": {"a": 2}}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"list": ["secret"]}, "item 0: send a number"),
        ({"list": 1}, "send a list"),
        ({"list": None}, "send a list"),
        ({"object": {"a": 1.5}}, "the key a: send a whole number"),
        ({"object": {"b": "secret"}}, "the keys a are missing"),
        ({"object": {"a": 1, "secret": 1}}, "not in the signature"),
        ({"map": {"secret": "true"}}, "send true or false"),
        ({"map": []}, "send an object"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_nested_values_that_do_not_fit(served: Any, change: Any, words: str) -> None:
    row = {"list": [1.0], "object": {"a": 2}, "map": {}, "any": None, **change}
    error = refused(served(NESTED), {"dataframe_records": [row]})
    assert words in error.message
    assert "secret" not in error.message


PARAMS = ParamSchema(
    [
        ParamSpec("count", "long", 3),
        ParamSpec("rate", "double", 0.5),
        ParamSpec("names", "string", ["x"], (-1,)),
        ParamSpec("on", "boolean", False),
    ]
)


def test_params(served: Any) -> None:
    model = served(DOUBLES, params=PARAMS)
    data = {"inputs": {"a": [1], "b": [2]}}
    defaults = {"count": 3, "rate": 0.5, "names": ["x"], "on": False}
    assert invoke(model, data).params == defaults
    assert invoke(model, {**data, "params": {"count": 4.0, "rate": 1}}).params == {**defaults, "count": 4, "rate": 1.0}
    assert invoke(model, {**data, "params": {"count": None}}).params["count"] is None


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"secret": 1}, "no such param"),
        ({"count": 1.5}, "whole number"),
        ({"count": "4"}, "without quotes"),
        ({"count": True}, "whole number"),
        ({"rate": 2**53 + 1}, "change this whole number"),
        ({"names": "x"}, "send a list"),
        ({"names": [1]}, "send a text"),
        ({"on": "false"}, "true or false"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_params_that_do_not_fit(served: Any, params: Any, words: str) -> None:
    error = refused(served(DOUBLES, params=PARAMS), {"inputs": {"a": [1], "b": [2]}, "params": params})
    assert words in error.message
    assert error.faults[0].column == next(iter(params))


def test_azure_and_vertex(served: Any) -> None:
    model = served(DOUBLES, params=PARAMS)
    expected = pd.DataFrame({"a": [1.0], "b": [2.0]})
    for data in ({"columns": ["a", "b"], "index": [0], "data": [[1, 2]]}, [{"a": 1, "b": 2}], {"a": [1], "b": [2]}):
        request = decode.azure(json.dumps({"input_data": data, "params": {"count": 1}}).encode(), None, model)
        pd.testing.assert_frame_equal(request.data, expected, check_column_type=False)
        assert request.params["count"] == 1
    body = json.dumps({"instances": [{"a": 1, "b": 2}], "parameters": {"count": 1}}).encode()
    pd.testing.assert_frame_equal(decode.instances(body, model).data, expected, check_column_type=False)
    for body in (b"{}", b'{"input_data": [], "x": 1}', b"[]", b'{"inputs": []}'):
        with pytest.raises(RequestError, match="input_data"):
            decode.azure(body, None, model)
        with pytest.raises(RequestError, match="instances"):
            decode.instances(body, model)


def test_columns_of_azure_may_be_called_as_the_parts_of_a_table(served: Any) -> None:
    model = served(Schema([ColSpec("double", "data"), ColSpec("double", "index")]))
    request = decode.azure(b'{"input_data": {"data": [1, 2], "index": [3, 4]}}', None, model)
    assert request.data.to_dict("list") == {"data": [1.0, 2.0], "index": [3.0, 4.0]}


def test_without_a_signature_data_is_passed_as_mlflow_passes_it(served: Any) -> None:
    model = served()
    assert isinstance(invoke(model, {"inputs": [[1, 2]]}).data, np.ndarray)
    assert {name: array.tolist() for name, array in invoke(model, {"inputs": {"a": [1], "b": ["x"]}}).data.items()} == {
        "a": [1],
        "b": ["x"],
    }
    split = invoke(model, {"dataframe_split": {"columns": ["a"], "data": [[1], [None]]}})
    pd.testing.assert_frame_equal(split.data, pd.DataFrame({"a": [1, None]}))
    pd.testing.assert_frame_equal(invoke(model, {"dataframe_records": [{"a": 1}]}).data, pd.DataFrame({"a": [1]}))
    assert invoke(model, {"instances": [{"a": 1}, {"a": 2}]}).data["a"].tolist() == [1, 2]
    assert not split.can_batch
    for content in ({"inputs": [[1], [1, 2]]}, {"instances": [{"a": 1}, {"b": 1}]}):
        assert refused(model, content).code == "BAD_REQUEST"


def test_a_model_with_type_hints_gets_lists_and_objects(served: Any) -> None:
    model = served(Schema([ColSpec("string")]), is_signature_from_type_hint=True)
    assert invoke(model, {"inputs": ["a", "b"]}).data == ["a", "b"]
    assert invoke(model, {"inputs": [{"a": 1}]}).data == [{"a": 1}]
