"""No body whatever makes a 5xx: what cannot be read or does not fit is refused, and the model never sees it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATHS = ("/invocations", "/score", "/v2/models/adder/infer", "/v1/models/adder:predict")
FORMS = ["dataframe_split", "dataframe_records", "instances", "inputs", "input_data", "params", "parameters"]
PARTS = ["columns", "data", "index", "x", "n", "code", "name", "shape", "datatype", "id", "outputs", "\U0001f600", ""]
KEYS = st.sampled_from([*FORMS, *PARTS])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["FP64", "BYTES", "INT64", "2024-01-01", "NaT", "1e400"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=24,
)
TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "n", "code", "y"]),
        "shape": st.lists(st.integers(-2, 3), max_size=3),
        "datatype": st.sampled_from(["FP64", "FP16", "BYTES", "INT64", "UINT8", "BOOL", "X"]),
        "data": VALUES,
    }
)
NEAR = (
    st.fixed_dictionaries(
        {"dataframe_split": st.fixed_dictionaries({"columns": st.just(["x", "n", "code"]), "data": VALUES})}
    )
    | st.fixed_dictionaries({"dataframe_records": VALUES})
    | st.fixed_dictionaries({"instances": VALUES})
    | st.fixed_dictionaries({"inputs": st.lists(TENSORS, max_size=4)})
    | st.fixed_dictionaries({"input_data": VALUES}, optional={"params": VALUES})
)
TYPES = st.sampled_from(
    [
        None,
        "application/json",
        "text/csv",
        "application/vnd.apache.parquet",
        "text/csv; charset=utf-8",
        "x",
        ";",
        "a/b;c",
    ]
)
UNTIMED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def client(client_of, adder):
    return client_of(adder)


def check(answer):
    assert answer.status_code < 500, answer.text
    json.loads(answer.content, parse_constant=lambda constant: pytest.fail(f"{constant} in an answer"))


@pytest.mark.series
@UNTIMED
@given(path=st.sampled_from(PATHS), value=VALUES | NEAR)
def test_any_json(client, path, value):
    check(client.post(path, content=json.dumps(value).encode("utf-8", "surrogatepass")))


@UNTIMED
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), kind=TYPES)
def test_any_bytes(client, path, body, kind):
    check(client.post(path, content=body, headers={} if kind is None else {"content-type": kind}))


@UNTIMED
@given(query=st.dictionaries(KEYS, st.text(max_size=20), max_size=3))
def test_any_query(client, query):
    check(client.get("/score", params={key.encode("utf-8", "replace"): value for key, value in query.items()}))


@UNTIMED
@given(
    path=st.sampled_from(["/", "/v2/models/", "/v1/models/", "/swagger.json?version=", "/test/"]),
    rest=st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=20),
)
def test_any_path(client, path, rest):
    asked = (path + rest).replace("#", "").lstrip("/")  # what begins with two slashes names a host
    answer = client.get(f"/{asked}")
    assert answer.status_code < 500
