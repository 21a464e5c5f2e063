"""Each value of each type, in each form in which a request may have it: read exactly, or refused with its place."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.schema import AnyType, ColSpec, Schema
from fitprint.serving import decode
from fitprint.serving.errors import RequestError

NAN = float("nan")
TIME = "2024-01-31T12:00:00"
ACCEPTED: dict[str, list[tuple[Any, Any]]] = {
    "boolean": [(True, True), (False, False)],
    "integer": [(7, 7), (2.0, 2), (-(2**31), -(2**31)), (2**31 - 1, 2**31 - 1), (-0.0, 0)],
    "long": [(7, 7), (2.0, 2), (-(2**63), -(2**63)), (2**63 - 1, 2**63 - 1), (2**53 + 1, 2**53 + 1)],
    "float": [(1, 1.0), (0.1, np.float32(0.1)), (2**24, 2.0**24), (None, NAN), (NAN, NAN), (math.inf, math.inf)],
    "double": [
        (1, 1.0),
        (0.1, 0.1),
        (2**53, 2.0**53),
        (10**20, 1e20),
        (1e300, 1e300),
        (None, NAN),
        (NAN, NAN),
        (-math.inf, -math.inf),
    ],
    "string": [
        ("text", "text"),
        ("", ""),
        ("7", "7"),
        ("NaN", "NaN"),
        ("ü\u0000", "ü\u0000"),
        ("12:30:00", "12:30:00"),
    ],
    "binary": [("", b""), (base64.b64encode(b"\x00\xff").decode(), b"\x00\xff"), ("AP8=\n", b"\x00\xff")],
    "datetime": [
        (TIME, np.datetime64(TIME)),
        (f"{TIME}Z", np.datetime64(TIME)),
        ("2024-01-31T13:00:00+01:00", np.datetime64(TIME)),
        ("2024-01-31T06:30:00-0530", np.datetime64(TIME)),
        ("2024-01-31 12:00:00", np.datetime64(TIME)),
        ("2024-01-31", np.datetime64("2024-01-31")),
        ("2024-01-31T12:00:00.123456789", np.datetime64("2024-01-31T12:00:00.123456789")),
        ("NaT", np.datetime64("NaT")),
        (None, np.datetime64("NaT")),
    ],
}
REFUSED: dict[str, list[Any]] = {
    "boolean": ["false", "true", 0, 1, 0.3, None, NAN, [], {}],
    "integer": [1.7, "7", True, None, NAN, math.inf, 2**31, -(2**31) - 1, [1]],
    "long": [1.7, "7", False, None, NAN, math.inf, 2**63, 1e19, 10**400, {}],
    "float": ["1", True, 2**24 + 1, 1e39, 10**400, [1.0]],
    "double": ["1", "NaN", "", True, 2**53 + 1, -(2**53) - 1, 10**400, [1.0], {}],
    "string": [7, 1.5, True, None, NAN, ["text"]],
    "binary": ["no base64!", "AP8", "ü", 7, None],
    "datetime": [
        1700000000000,
        1.5,
        True,
        "tomorrow",
        "2024",
        "01/31/2024",
        "2024-02-30",
        "2024-01-31T25:00:00",
        "1500-01-01",
        "3000-01-01",
        "",
        "2024-01-31T12:00:00.1234567891",
    ],
}


def split(values: list[Any]) -> tuple[str, Any]:
    return "invocations", {"dataframe_split": {"columns": ["x"], "data": [[value] for value in values]}}


def records(values: list[Any]) -> tuple[str, Any]:
    return "invocations", {"dataframe_records": [{"x": value} for value in values]}


def instances(values: list[Any]) -> tuple[str, Any]:
    return "invocations", {"instances": [{"x": value} for value in values]}


def inputs(values: list[Any]) -> tuple[str, Any]:
    return "invocations", {"inputs": {"x": values}}


def list_of_inputs(values: list[Any]) -> tuple[str, Any]:
    return "invocations", {"inputs": [{"x": value} for value in values]}


def azure(values: list[Any]) -> tuple[str, Any]:
    table = {"columns": ["x"], "index": list(range(len(values))), "data": [[value] for value in values]}
    return "azure", {"input_data": table}


def vertex(values: list[Any]) -> tuple[str, Any]:
    return "instances", {"instances": [{"x": value} for value in values]}


FORMS = (split, records, instances, inputs, list_of_inputs, azure, vertex)
Form = Callable[[list[Any]], tuple[str, Any]]


def decoded(model: Any, form: Form, values: list[Any]) -> Any:
    protocol, content = form(values)
    body = json.dumps(content).encode()
    return decode.instances(body, model) if protocol == "instances" else getattr(decode, protocol)(body, None, model)


def same(value: Any, expected: Any) -> bool:
    if isinstance(expected, np.datetime64) and np.isnat(expected):
        return value is pd.NaT
    return bool(value == expected) or (expected != expected and value != value)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("kind", ACCEPTED)
def test_exact_values_are_read(served: Any, kind: str, form: Form) -> None:
    model = served(Schema([ColSpec(kind, "x")]))
    for value, expected in ACCEPTED[kind]:
        frame = decoded(model, form, [value]).data
        assert list(frame.columns) == ["x"]
        assert same(frame["x"].iloc[0], expected), value
        if kind not in ("string", "binary"):
            assert frame["x"].dtype == ColSpec(kind).type.to_numpy()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_changed_is_refused(served: Any, kind: str, form: Form) -> None:
    model = served(Schema([ColSpec(kind, "x")]))
    good = ACCEPTED[kind][0][0]
    for value in REFUSED[kind]:
        with pytest.raises(RequestError) as caught:
            decoded(model, form, [good, value])
        error = caught.value
        assert error.status == 400, value
        if not (form is inputs and isinstance(value, (list, dict))):
            assert [(fault.row, fault.column) for fault in error.faults] == [(1, "x")], value
            assert error.faults[0].expected == kind


@pytest.mark.parametrize("kind", ["boolean", "string", "binary"])
def test_an_optional_column_may_have_null(served: Any, kind: str) -> None:
    model = served(Schema([ColSpec(kind, "x", required=False)]))
    value, expected = ACCEPTED[kind][0]
    column = decoded(model, records, [value, None]).data["x"]
    assert column.iloc[0] == expected
    assert column.isna().tolist() == [False, True]


def test_an_optional_column_of_whole_numbers_has_no_null_either(served: Any) -> None:
    model = served(Schema([ColSpec("long", "x", required=False), ColSpec("double", "y")]))
    with pytest.raises(RequestError, match="cannot be null"):
        decoded(model, lambda values: ("invocations", {"dataframe_records": values}), [{"x": None, "y": 1}])
    data = decoded(model, lambda values: ("invocations", {"dataframe_records": values}), [{"y": 1}]).data
    assert list(data.columns) == ["y"]


def test_every_fault_is_listed_up_to_a_number(served: Any) -> None:
    model = served(Schema([ColSpec("double", "a"), ColSpec("long", "b"), ColSpec("string", "c")]))
    rows = [["secret-value", 1.5, None] for _ in range(30)]
    with pytest.raises(RequestError) as caught:
        decode.invocations(
            json.dumps({"dataframe_split": {"columns": ["a", "b", "c"], "data": rows}}).encode(), None, model
        )
    error = caught.value
    assert error.code == "INVALID_PARAMETER_VALUE"
    assert error.count == 90
    assert len(error.faults) == 20
    assert [(fault.row, fault.column) for fault in error.faults[:4]] == [(0, "a"), (0, "b"), (0, "c"), (1, "a")]
    assert "secret" not in error.message
    assert all("secret" not in fault.message for fault in error.faults)
    assert error.faults[0].value == "secret-value"  # for a server that was asked to show it
    assert [fault.got for fault in error.faults[:3]] == ["text", "number", "null"]


def test_a_mended_request_is_accepted(served: Any) -> None:
    """What an error says to send is accepted."""
    model = served(Schema([ColSpec("double", "a"), ColSpec("boolean", "b"), ColSpec("datetime", "c")]))
    with pytest.raises(RequestError) as caught:
        decode.invocations(b'{"dataframe_records": [{"a": "1", "b": "true", "c": 5}]}', None, model)
    assert [fault.message.partition("; ")[2] for fault in caught.value.faults] == [
        "send a number, without quotes",
        "send true or false, without quotes",
        "send a time as ISO 8601 text, such as 2024-01-31T12:00:00Z",
    ]
    mended = b'{"dataframe_records": [{"a": 1, "b": true, "c": "2024-01-31T12:00:00Z"}]}'
    assert decode.invocations(mended, None, model).rows == 1


@pytest.mark.parametrize("content_type", ["application/json", "text/csv"])
def test_the_smallest_number_of_64_bits_is_not_taken_for_0(served: Any, content_type: str) -> None:
    """Its absolute value is itself in 64 bits, so it once passed for a small one and was cut to 32 bits."""
    bodies = {"application/json": f'{{"inputs": [{-(2**63)}]}}', "text/csv": f"a\n{-(2**63)}\n"}
    model = served(Schema([ColSpec("integer", "a")]))
    with pytest.raises(RequestError, match="from -2147483648 to 2147483647"):
        decode.invocations(bodies[content_type].encode(), content_type, model)
    least = decode.invocations(f'{{"inputs": [{-(2**31)}]}}'.encode(), None, model)
    assert least.data["a"].tolist() == [-(2**31)]


@pytest.mark.parametrize("other", ["null", "1.5"])
def test_whole_numbers_in_a_column_of_any_type_are_not_rounded(served: Any, other: str) -> None:
    """Pandas makes floats of a column with whole numbers and others."""
    body = f'{{"dataframe_records": [{{"a": {2**53 + 1}}}, {{"a": {other}}}]}}'
    made = decode.invocations(body.encode(), None, served(Schema([ColSpec(AnyType(), "a")])))
    assert made.data["a"].tolist() == [2**53 + 1, json.loads(other)]
