"""Tensors: nested lists in MLflow's protocol, and typed inputs of the Open Inference Protocol."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.param_schema import ParamSchema, ParamSpec
from fitprint.models.schema import Array, ColSpec, Schema, TensorSpec
from fitprint.serving import decode
from fitprint.serving.errors import RequestError

IMAGES = Schema([TensorSpec("uint8", (-1, 2, 2, 3))])
TWO = Schema([TensorSpec("float32", (-1, 2), "a"), TensorSpec("int64", (-1,), "b")])


def invoke(model: Any, content: Any) -> Any:
    return decode.invocations(json.dumps(content).encode(), None, model)


def infer(model: Any, content: Any) -> Any:
    return decode.open_inference(json.dumps(content).encode(), model)


def refused(call: Any, model: Any, content: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        call(model, content)
    assert caught.value.status == 400
    return caught.value


def test_images(served: Any) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    for key in ("inputs", "instances"):
        request = invoke(served(IMAGES), {key: images.tolist()})
        assert request.data.dtype == np.uint8
        assert (request.data == images).all()
        assert (request.rows, request.can_batch) == (2, True)


def test_tensors_with_names(served: Any) -> None:
    model = served(TWO)
    for content in (
        {"inputs": {"a": [[1, 2.5], [3, 4]], "b": [1, 2.0], "c": 1}},
        {"instances": [{"a": [1, 2.5], "b": 1, "c": 1}, {"a": [3, 4], "b": 2, "c": 1}]},
    ):
        request = invoke(model, content)
        assert request.data["a"].dtype == np.float32
        assert request.data["a"].tolist() == [[1, 2.5], [3, 4]]
        assert request.data["b"].dtype == np.int64
        assert request.data["b"].tolist() == [1, 2]
        assert request.rows == 2
        assert request.ignored == ("c",)


def test_a_table_as_a_tensor(served: Any) -> None:
    model = served(Schema([TensorSpec("float64", (-1, 2))]))
    for content in (
        {"dataframe_split": {"columns": ["p", "q"], "data": [[1, 2], [3, None]]}},
        {"inputs": [[1, 2], [3, None]]},
        {"dataframe_split": {"data": [[1, 2], [3, float("nan")]]}},
    ):
        data = invoke(model, content).data
        assert data.shape == (2, 2)
        assert np.isnan(data[1, 1])
    named = {"dataframe_split": {"columns": ["b", "a"], "data": [[1, [1, 2]]]}}
    assert invoke(served(TWO), named).data["a"].tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("schema", "data", "words"),
    [
        (IMAGES, [[[[0, 0, 256]] * 2] * 2], "uint8"),
        (IMAGES, [[[[0, 0, -1]] * 2] * 2], "uint8"),
        (IMAGES, [[[[0, 0, 1.5]] * 2] * 2], "uint8"),
        (IMAGES, [[[[0, 0, True]] * 2] * 2], "whole numbers"),
        (IMAGES, [[[[0, 0, None]] * 2] * 2], "whole numbers"),
        (IMAGES, [[[[0, 0, "1"]] * 2] * 2], "whole numbers"),
        (IMAGES, [[[0, 0, 0]] * 2] * 2, "its shape is"),
        (IMAGES, [[[[0, 0, 0]] * 2, [[0, 0]] * 2]], "different lengths"),
        (IMAGES, [[[[0, 0, 0]] * 2, 1]], "different lengths"),
        (IMAGES, {"a": 1}, "without a name"),
        (TWO, {"a": [[1, 2]]}, "missing"),
        (TWO, [[1, 2]], "Send an object"),
        (TWO, {"a": [[1, 2**53 + 1]], "b": [1]}, "would change"),
        (TWO, {"a": [[1, 1e39]], "b": [1]}, "would change"),
        (TWO, {"a": [[1, 2]], "b": [2**63]}, "limits"),
        (TWO, {"a": [[1, 2]], "b": ["x"]}, "whole numbers"),
        (TWO, {"a": [[1, 2], [3, 4]], "b": [2**53 + 1, 1.0]}, "beyond 2^53"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_tensors_that_would_be_changed_are_refused(served: Any, schema: Schema, data: Any, words: str) -> None:
    assert words in refused(invoke, served(schema), {"inputs": data}).message


def test_no_rows(served: Any) -> None:
    request = invoke(served(IMAGES), {"inputs": []})
    assert request.data.shape == (0, 2, 2, 3)
    assert request.rows == 0


def test_deep_nesting_is_refused(served: Any) -> None:
    body = b'{"inputs": ' + b"[" * 500 + b"1" + b"]" * 500 + b"}"
    with pytest.raises(RequestError, match="nested too deeply"):
        decode.invocations(body, None, served(IMAGES))


def one(datatype: str, data: Any, shape: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [len(data)] if shape is None else shape, "datatype": datatype, "data": data, **more}


@pytest.mark.parametrize(
    ("datatype", "dtype", "data"),
    [
        ("BOOL", "bool", [True, False]),
        *((f"UINT{bits}", f"uint{bits}", [0, 2**bits - 1]) for bits in (8, 16, 32, 64)),
        *((f"INT{bits}", f"int{bits}", [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]) for bits in (8, 16, 32, 64)),
        ("FP16", "float16", [0.5, None]),
        ("FP32", "float32", [0.1, None]),
        ("FP64", "float64", [0.1, None]),
        ("BYTES", "str", ["a", "ü"]),
    ],
)
def test_datatypes(served: Any, datatype: str, dtype: str, data: Any) -> None:
    request = infer(served(Schema([TensorSpec(dtype, (-1,), "x")])), {"inputs": [one(datatype, data)]})
    array = request.data["x"]
    assert array.dtype.kind == np.dtype(dtype).kind
    if dtype != "str":
        assert array.dtype == np.dtype(dtype)
    expected = np.array([np.nan if item is None else item for item in data], dtype=array.dtype)
    assert np.array_equal(array, expected, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        ("BOOL", [0, 1]),
        ("UINT8", [256]),
        ("UINT64", [-1]),
        ("UINT64", [2**64]),
        ("INT8", [128]),
        ("INT64", [2**63]),
        ("INT64", [1.5]),
        ("INT64", [True]),
        ("INT64", [None]),
        ("FP16", [70000]),
        ("FP32", ["1"]),
        ("BYTES", [1]),
    ],
)
def test_items_that_are_not_of_their_datatype(served: Any, datatype: str, data: Any) -> None:
    dtype = {"BOOL": "bool", "BYTES": "str"}.get(datatype, "float64")
    assert refused(infer, served(Schema([TensorSpec(dtype, (-1,), "x")])), {"inputs": [one(datatype, data)]}).count == 1


def test_flat_and_nested_data_are_row_major(served: Any) -> None:
    model = served(Schema([TensorSpec("int64", (-1, 3))]))
    expected = [[0, 1, 2], [3, 4, 5]]
    for data in (expected, [0, 1, 2, 3, 4, 5], [[0, 1], [2, 3], [4, 5]]):
        assert infer(model, {"inputs": [one("INT64", data, [2, 3])]}).data.tolist() == expected


def test_wider_datatypes_are_taken_where_nothing_changes(served: Any) -> None:
    model = served(Schema([TensorSpec("float32", (-1,), "x")]))
    assert infer(model, {"inputs": [one("FP64", [0.5])]}).data["x"].dtype == np.float32
    assert infer(model, {"inputs": [one("INT8", [3])]}).data["x"].tolist() == [3.0]
    refused(infer, model, {"inputs": [one("INT64", [2**24 + 1])]})


COLUMNS = Schema(
    [
        ColSpec("double", "d"),
        ColSpec("long", "l"),
        ColSpec("boolean", "b"),
        ColSpec("string", "s"),
        ColSpec("binary", "y"),
        ColSpec("datetime", "t"),
        ColSpec(Array("double"), "a"),
    ]
)


def test_a_table_has_an_input_for_each_column(served: Any) -> None:
    inputs = [
        {"name": "d", "shape": [2, 1], "datatype": "FP64", "data": [1, None]},
        {"name": "l", "shape": [2], "datatype": "INT64", "data": [1, 2]},
        {"name": "b", "shape": [2, 1], "datatype": "BOOL", "data": [True, False]},
        {"name": "s", "shape": [2, 1], "datatype": "BYTES", "data": ["x", "y"], "parameters": {"content_type": "str"}},
        {"name": "y", "shape": [2, 1], "datatype": "BYTES", "data": [base64.b64encode(b"\xff").decode(), ""]},
        {"name": "t", "shape": [2, 1], "datatype": "BYTES", "data": ["2024-01-31T12:00:00Z", "NaT"]},
        {
            "name": "a",
            "shape": [2, 1],
            "datatype": "BYTES",
            "data": ["[1]", "[]"],
            "parameters": {"content_type": "pd_json"},
        },
        {"name": "z", "shape": [2, 1], "datatype": "BYTES", "data": ["x", "y"]},
    ]
    request = infer(served(COLUMNS), {"id": "7", "parameters": {"content_type": "pd"}, "inputs": inputs})
    expected = pd.DataFrame(
        {
            "d": [1, np.nan],
            "l": [1, 2],
            "b": [True, False],
            "s": ["x", "y"],
            "y": [b"\xff", b""],
            "t": np.array(["2024-01-31T12:00:00", "NaT"], dtype="datetime64[ns]"),
            "a": [[1.0], []],
        }
    )
    pd.testing.assert_frame_equal(request.data, expected, check_column_type=False)
    assert request.ignored == ("z",)
    assert request.echo["id"] == "7"


def test_a_number_has_the_value_of_its_datatype(served: Any) -> None:
    request = infer(served(Schema([ColSpec("double", "x")])), {"inputs": [one("FP32", [0.1], [1, 1])]})
    assert request.data["x"].iloc[0] == float(np.float32(0.1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"datatype": "FP8"}, "datatype one of"),
        ({"datatype": ["INT64"]}, "datatype one of"),
        ({"shape": [3]}, "its shape is for 3"),
        ({"shape": [-1]}, "whole numbers"),
        ({"shape": ["2"]}, "whole numbers"),
        ({"shape": [10**12]}, "its shape is for"),
        ({"shape": [2**39] * 30}, "its shape is for"),
        ({"shape": [1] * 40}, "32 axes"),
        ({"shape": [1, 2, 1]}, "shape [rows, 1]"),
        ({"data": [[1], 2]}, "mixes lists"),
        ({"name": 1}, "must be a text"),
        ({"parameters": {"content_type": "pickle"}}, "content type"),
        ({"parameters": {"content_type": []}}, "content type"),
        ({"parameters": []}, "object"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_inputs_that_are_wrong(served: Any, change: Any, words: str) -> None:
    sent = {**one("INT64", [1, 2]), **change}
    assert words in refused(infer, served(Schema([ColSpec("long", "x")])), {"inputs": [sent]}).message


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"inputs": {}},
        {"inputs": [1]},
        {"inputs": [{"name": "x"}]},
        {"inputs": [one("INT64", [1]), one("INT64", [1])]},
        {"inputs": [one("INT64", [1])], "id": 1},
        {"inputs": [one("INT64", [1])], "outputs": ["x"]},
        {"inputs": [one("INT64", [1])], "parameters": {"unknown": 1}},
        {"inputs": [{"name": "x", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}}]},
    ],
    ids=lambda value: str(value)[:40],
)
def test_bodies_that_are_wrong(served: Any, content: Any) -> None:
    refused(infer, served(Schema([ColSpec("long", "x")])), content)


def test_params_and_requests_without_rows(served: Any) -> None:
    model = served(Schema([ColSpec("long", "x")]), params=ParamSchema([ParamSpec("timeout", "long", 3)]))
    request = infer(model, {"inputs": [one("INT64", [], [0, 1])], "parameters": {"timeout": 5, "content_type": "pd"}})
    assert request.rows == 0
    assert request.params == {"timeout": 5}


def test_a_whole_number_is_not_rounded_for_a_number_with_a_fraction_point_beside_it(served: Any) -> None:
    model = served(Schema([ColSpec("long", "x")]))
    assert "beyond 2^53" in refused(infer, model, {"inputs": [one("INT64", [2**53 + 1, 1.0])]}).message
    assert infer(model, {"inputs": [one("INT64", [2**53 - 1, 1.0])]}).data["x"].tolist() == [2**53 - 1, 1]


def test_a_shape_without_items_may_be_larger_than_an_array(served: Any) -> None:
    content = {"inputs": [one("INT64", [], [0, 2**39, 2**39])]}
    for model in (served(), served(Schema([TensorSpec("int64", (-1, -1, -1))]))):
        assert "larger than an array" in refused(infer, model, content).message


def test_columns_of_different_lengths_without_a_signature(served: Any) -> None:
    inputs = [one("INT64", [1, 2]), {**one("INT64", [1]), "name": "y"}]
    content = {"inputs": inputs, "parameters": {"content_type": "pd"}}
    assert "same number of rows" in refused(infer, served(), content).message


def test_without_a_signature(served: Any) -> None:
    content = {"inputs": [one("INT64", [1, 2], [2, 1])]}
    assert infer(served(), content).data.tolist() == [[1], [2]]
    frame = infer(served(), {**content, "parameters": {"content_type": "pd"}}).data
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"x": [1, 2]}))
