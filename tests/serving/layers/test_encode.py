"""Answers: strict JSON for whatever a model may return."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.schema import ColSpec, Schema, TensorSpec
from fitprint.serving import decode, encode, plain
from fitprint.serving.errors import RequestError
from fitprint.serving.request import Request

NAN, INF = float("nan"), float("inf")
TIME = datetime.datetime(2024, 1, 31, 12)


class Colour(enum.IntEnum):
    RED = 1


def strict(text: bytes) -> Any:
    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


PREDICTIONS: list[tuple[Any, Any]] = [
    (np.array([1, 2]), [1, 2]),
    (np.array([[0.1, NAN], [INF, 2.0]]), [[0.1, None], [None, 2.0]]),
    (np.array([0.1], dtype=np.float32), [float(np.float32(0.1))]),
    (np.array([0.5], dtype=np.float16), [0.5]),
    (np.array([0.5], dtype=np.longdouble), [0.5]),
    (np.array([True, False]), [True, False]),
    (np.array(["a", "ü"]), ["a", "ü"]),
    (np.array([b"\xff"]), ["/w=="]),
    (np.array(["a", 1, None, NAN, np.int64(3)], dtype=object), ["a", 1, None, None, 3]),
    (np.array(["2024-01-31T12:00:00", "NaT"], dtype="datetime64[s]"), ["2024-01-31T12:00:00", None]),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.float64(NAN), None),
    (pd.Series([1.5, NAN], name="y"), [{"y": 1.5}, {"y": None}]),
    (pd.Series([1, None], dtype="Int64", name="y"), [{"y": 1}, {"y": None}]),
    (pd.Series([TIME, None], name="t"), [{"t": "2024-01-31T12:00:00"}, {"t": None}]),
    (pd.Series(pd.Categorical(["a"]), name="c"), [{"c": "a"}]),
    (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
    (pd.DataFrame({0: [1.0], ("p", 1): [[1, 2]]}), [{"0": 1.0, "('p', 1)": [1, 2]}]),
    (pd.DataFrame({"a": []}), []),
    ({"a": np.array([1]), 2: NAN}, {"a": [1], "2": None}),
    ([1, 2.5, None, "x", b"\x00", TIME, TIME.date()], [1, 2.5, None, "x", "AA==", "2024-01-31T12:00:00", "2024-01-31"]),
    ([decimal.Decimal("1.5"), Colour.RED, (1, 2), {3}], [1.5, 1, [1, 2], [3]]),
    ([10**30, -(2**70)], [10**30, -(2**70)]),
    (["\ud800"], ["\ud800"]),
    ((x for x in (1, 2)), [1, 2]),
    ("text", "text"),
    (None, None),
    (pd.NaT, None),
    (pd.NA, None),
    ([], []),
]


@pytest.mark.parametrize("with_orjson", [True, False])
@pytest.mark.parametrize(("predictions", "expected"), PREDICTIONS, ids=lambda value: type(value).__name__)
def test_answers_are_strict_json(
    predictions: Any, expected: Any, with_orjson: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_orjson:
        monkeypatch.setattr(plain, "_fast_dumps", None)
    if hasattr(predictions, "__next__"):
        predictions = iter([1, 2])
    assert strict(encode.invocations(predictions)) == {"predictions": expected}


def test_the_other_protocols() -> None:
    assert strict(encode.azure(np.array([1.5, NAN]))) == [1.5, None]
    assert strict(encode.instances(np.array([1, 2]))) == {"predictions": [1, 2]}
    assert strict(encode.instances({"a": 1})) == {"predictions": [{"a": 1}]}


def test_predictions_without_an_end_are_an_error() -> None:
    around: list[Any] = []
    around.append(around)
    with pytest.raises(RequestError) as caught:
        encode.invocations(around)
    assert caught.value.status == 500


def outputs(served: Any, predictions: Any, schema: Any = None, **echo: Any) -> Any:
    model = served(Schema([ColSpec("double", "x")]), outputs=schema)
    return strict(encode.open_inference(predictions, Request(None, echo=echo), model))


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        (np.array([1, 2]), {"shape": [2], "datatype": "INT64", "data": [1, 2]}),
        (np.array([[0.5, NAN]], dtype=np.float32), {"shape": [1, 2], "datatype": "FP32", "data": [0.5, None]}),
        (np.array([True]), {"shape": [1], "datatype": "BOOL", "data": [True]}),
        (np.array([3], dtype=np.uint8), {"shape": [1], "datatype": "UINT8", "data": [3]}),
        (np.float64(0.5), {"shape": [1], "datatype": "FP64", "data": [0.5]}),
        ([1, 2.5], {"shape": [2], "datatype": "FP64", "data": [1.0, 2.5]}),
        (np.array([]), {"shape": [0], "datatype": "FP64", "data": []}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_numbers_as_outputs(served: Any, predictions: Any, expected: Any) -> None:
    assert outputs(served, predictions)["outputs"] == [{"name": "output-1", **expected}]


@pytest.mark.parametrize(
    ("predictions", "content_type", "data"),
    [
        (np.array(["a", "b"]), "str", ["a", "b"]),
        (np.array([b"\xff"]), "base64", ["/w=="]),
        (np.array([b"\xff"], dtype=object), "base64", ["/w=="]),
        (np.array(["2024-01-31"], dtype="datetime64[D]"), "datetime", ["2024-01-31"]),
        ([{"a": 1}, None], "pd_json", ['{"a": 1}', "null"]),
        ([[1], [1, 2]], "pd_json", ["[1]", "[1, 2]"]),
        ({"output-1": [1, []]}, "pd_json", ["1", "[]"]),
        ([[1, [2]], [3, [4, 5]]], "pd_json", ["[1, [2]]", "[3, [4, 5]]"]),
        ([["a"], ["b"]], "str", ["a", "b"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_texts_as_outputs(served: Any, predictions: Any, content_type: str, data: Any) -> None:
    (output,) = outputs(served, predictions)["outputs"]
    assert output["datatype"] == "BYTES"
    assert output["parameters"] == {"content_type": content_type}
    assert output["data"] == data


def test_a_table_has_an_output_for_each_column(served: Any) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, NAN], "d": [TIME, None], "e": [[1], []]})
    answer = outputs(served, frame, id="7")
    assert answer["id"] == "7"
    assert answer["model_name"] == "echo"
    assert answer["parameters"] == {"content_type": "pd"}
    assert [(one["name"], one["datatype"], one["shape"], one["data"]) for one in answer["outputs"]] == [
        ("a", "INT64", [2, 1], [1, 2]),
        ("b", "BYTES", [2, 1], ["x", None]),
        ("c", "FP64", [2, 1], [0.5, None]),
        ("d", "BYTES", [2, 1], ["2024-01-31T12:00:00", None]),
        ("e", "BYTES", [2, 1], ["[1]", "[]"]),
    ]


def test_the_signature_names_the_output(served: Any) -> None:
    answer = outputs(served, np.array([1]), Schema([ColSpec("long", "label")]))
    assert answer["outputs"][0]["name"] == "label"


def test_only_outputs_that_are_asked_for(served: Any) -> None:
    frame = pd.DataFrame({"a": [1], "b": [2]})
    assert [one["name"] for one in outputs(served, frame, outputs=["b", "b"])["outputs"]] == ["b"]
    with pytest.raises(RequestError, match="no such output"):
        outputs(served, frame, outputs=["c"])


def test_what_is_answered_can_be_sent(served: Any) -> None:
    """The outputs of a table are inputs that give the table back."""
    frame = pd.DataFrame({"d": [1.5, NAN], "l": [1, 2], "s": ["x", "y"], "y": [b"\xff", b""], "t": [TIME, TIME]})
    schema = Schema(
        [
            ColSpec(kind, name)
            for kind, name in zip(("double", "long", "string", "binary", "datetime"), frame, strict=True)
        ]
    )
    model = served(schema)
    answer = strict(encode.open_inference(frame, Request(None), model))
    body = json.dumps({"inputs": answer["outputs"], "parameters": answer["parameters"]}).encode()
    pd.testing.assert_frame_equal(
        decode.open_inference(body, model).data, frame, check_dtype=False, check_column_type=False
    )


def test_no_rows(served: Any) -> None:
    from fitprint.serving.empty import no_predictions

    for schema in (
        None,
        Schema([ColSpec("long")]),
        Schema([ColSpec("long", "a"), ColSpec("string", "b")]),
        Schema([TensorSpec("float32", (-1, 3))]),
    ):
        model = served(Schema([ColSpec("double", "x")]), outputs=schema)
        empty = no_predictions(model)
        assert strict(encode.invocations(empty)) == {"predictions": []}
        assert all(one["data"] == [] for one in strict(encode.open_inference(empty, Request(None), model))["outputs"])
