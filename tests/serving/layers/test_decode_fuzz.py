"""Whatever the body: a request that fits the signature, or an error of the caller's. Never anything else."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from fitprint._packages.load import Loaded
from fitprint.models.enforcement import enforce_inputs
from fitprint.models.exact_inputs import KEY, ExactInputs
from fitprint.models.param_schema import ParamSchema, ParamSpec
from fitprint.models.schema import AnyType, Array, ColSpec, Map, Object, Property, Schema, TensorSpec
from fitprint.models.signature import ModelSignature
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.serving import bodies, decode, encode
from fitprint.serving.errors import RequestError
from fitprint.serving.request import Request
from fitprint.serving.served import ServedModel

SCALARS = Schema(
    [
        ColSpec("double", "a"),
        ColSpec("long", "b"),
        ColSpec("boolean", "c"),
        ColSpec("string", "d", required=False),
        ColSpec("datetime", "e"),
        ColSpec("binary", "data"),
        ColSpec("float", "index"),
        ColSpec("integer", "0"),
    ]
)
NESTED = Schema(
    [
        ColSpec(Array("double"), "a"),
        ColSpec(Object([Property("a", "long", required=False)]), "b"),
        ColSpec(Map("datetime"), "c"),
        ColSpec(AnyType(), "d"),
    ]
)
EXACT = Schema([ColSpec(AnyType(), name, required=False) for name in "abcd"])
DTYPES = {
    "a": {"dtype": "category", "categories": ["a", "b"]},
    "b": {"dtype": "Int64"},
    "c": {"dtype": "datetime64[s, UTC]"},
    "d": {"dtype": "timedelta64[ms]"},
}
PARAMS = ParamSchema([ParamSpec("a", "long", 1), ParamSpec("b", "datetime", None), ParamSpec("c", "double", [], (-1,))])
NAMES = ("a", "b", "c", "d", "e", "data", "index", "0", "z", "")


class Echo:
    def predict(self, data: Any) -> Any:
        return data


def served(inputs: Schema | None, exact: ExactInputs | None = None, **document: Any) -> ServedModel:
    signature = ModelSignature(inputs, None, PARAMS).to_dict() if inputs is not None else None
    own = {KEY: exact.to_json(inputs)} if exact is not None else {}
    content = {"flavors": {"python_function": {}}, "signature": signature, **own, **document}
    return ServedModel(Loaded(Path("model"), content, PyfuncFlavor(), Echo(), None))


MODELS = [
    served(SCALARS),
    served(Schema([ColSpec("double", name) for name in "abc"])),
    served(Schema([ColSpec("double"), ColSpec("string")])),
    served(Schema([ColSpec("string", "a")])),
    served(NESTED),
    served(EXACT, ExactInputs(EXACT, DTYPES)),
    served(Schema([ColSpec("string", "a")]), ExactInputs(Schema([ColSpec("string", "a")]), {}, "list")),
    served(Schema([TensorSpec("float32", (-1, 2))])),
    served(Schema([TensorSpec("uint8", (-1, 2, 2), "a"), TensorSpec("str", (-1,), "b")])),
    served(Schema([TensorSpec("int64", (2, -1))])),
    served(None),
    served(Schema([ColSpec("string")]), is_signature_from_type_hint=True),
]

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0]),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["NaT", "NaN", "2024-01-31", "2024-01-31T12:00:00+01:00", "9999-12-31", "AP8=", "1 days", "\ud800", "\0"]
    ),
)
JSON = st.recursive(
    VALUES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)),
    max_leaves=30,
)
ROWS = st.lists(st.one_of(st.lists(VALUES, min_size=2, max_size=4), JSON), max_size=4)
RECORDS = st.lists(st.one_of(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=10), JSON), max_size=4)
SPLIT = st.fixed_dictionaries(
    {"data": ROWS}, optional={"columns": st.lists(st.one_of(st.sampled_from(NAMES), JSON), max_size=5), "index": JSON}
)
DATA = st.one_of(SPLIT, RECORDS, ROWS, JSON, st.dictionaries(st.sampled_from(NAMES), st.lists(VALUES, max_size=3)))
PARAM_VALUES = st.one_of(JSON, st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3))
BODIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*decode.FORMS, "input_data"), DATA),
        "params": PARAM_VALUES,
        "parameters": PARAM_VALUES,
    },
)
INPUT = st.one_of(
    st.fixed_dictionaries(
        {
            "name": st.one_of(st.sampled_from(NAMES), JSON),
            "shape": st.one_of(st.lists(st.integers(-1, 4), max_size=4), JSON),
            "datatype": st.one_of(
                st.sampled_from(["BOOL", "UINT8", "UINT64", "INT64", "FP16", "FP32", "FP64", "BYTES"]), JSON
            ),
            "data": st.one_of(st.lists(VALUES, max_size=8), JSON),
        },
        optional={"parameters": JSON},
    ),
    JSON,
)
INFER = st.fixed_dictionaries(
    {"inputs": st.one_of(st.lists(INPUT, max_size=4), JSON)}, optional={"id": JSON, "outputs": JSON, "parameters": JSON}
)


def checked(call: Any, model: ServedModel, *arguments: Any) -> None:
    """Decode, and if it could be: the data fits already, and can be answered."""
    refused: RequestError | None = None
    try:
        request: Request = call(*arguments, model)
    except RequestError as error:
        refused = error
    if refused is not None:
        assert 400 <= refused.status < 500
        assert refused.message
        return
    if model.inputs is not None and model.exact is None:
        enforced = enforce_inputs(request.data, model.inputs, lossless=True)
        if isinstance(enforced, pd.DataFrame):
            pd.testing.assert_frame_equal(enforced, request.data, check_column_type=False)
    for answer in (
        encode.invocations(request.data),
        encode.azure(request.data),
        encode.instances(request.data),
        encode.open_inference(request.data, Request(None, echo={**request.echo, "outputs": None}), model),
    ):
        json.loads(answer, parse_constant=lambda name: pytest.fail(name))


def everywhere(body: bytes, model: ServedModel) -> None:
    checked(lambda model: decode.invocations(body, None, model), model)
    checked(lambda model: decode.azure(body, None, model), model)
    checked(lambda model: decode.instances(body, model), model)
    checked(lambda model: decode.open_inference(body, model), model)


COUNT = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@COUNT
@given(BODIES, st.sampled_from(MODELS), st.booleans())
def test_bodies_of_the_protocols(content: Any, model: ServedModel, is_ascii: bool) -> None:
    body = json.dumps(content, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    everywhere(body, model)
    for form in decode.FORMS:  # most bodies have several keys
        if form in content:
            single = json.dumps({form: content[form]}).encode()
            checked(lambda model, single=single: decode.invocations(single, None, model), model)


@COUNT
@given(INFER, st.sampled_from(MODELS))
def test_bodies_of_open_inference(content: Any, model: ServedModel) -> None:
    checked(lambda model: decode.open_inference(json.dumps(content).encode(), model), model)


@COUNT
@given(st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())), st.sampled_from(MODELS))
def test_any_bytes(body: bytes, model: ServedModel) -> None:
    everywhere(body, model)
    for content_type in ("text/csv", "application/vnd.apache.parquet", "x"):
        checked(lambda model, kind=content_type: decode.invocations(body, kind, model), model)


CELLS = st.one_of(
    VALUES.map(str), st.sampled_from(['"', '""', '"a,b"', "\n", "1_0", " 1 ", "inf", "1e999", "[1]", '{"a": 1}'])
)


@COUNT
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=9),
    st.lists(st.lists(CELLS, max_size=9), max_size=4),
    st.sampled_from(MODELS),
)
def test_any_csv(header: list[str], rows: list[list[str]], model: ServedModel) -> None:
    whole = [(row + ["1"] * len(header))[: len(header)] for row in rows]
    for lines in (rows, whole):
        body = "\n".join(",".join(line) for line in (header, *lines)).encode("utf-8", "surrogatepass")
        checked(lambda model, body=body: decode.invocations(body, "text/csv", model), model)


@pytest.mark.parametrize("seed", range(100))
def test_a_parquet_file_with_flipped_bytes(seed: int) -> None:
    file = io.BytesIO()
    pd.DataFrame({"a": [1.0, 2], "b": [1, 2], "c": [True, False], "d": ["x", None]}).to_parquet(file)
    random_bytes = random.Random(seed)
    body = bytearray(file.getvalue())
    for _ in range(random_bytes.randint(1, 8)):
        body[random_bytes.randrange(len(body))] = random_bytes.randrange(256)
    for model in MODELS[:3]:
        checked(lambda model: decode.invocations(bytes(body), "application/vnd.apache.parquet", model), model)


@COUNT
@given(JSON)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    """With and without orjson, values are those that Python's own parser finds."""
    body = json.dumps(value).encode()
    try:
        found = bodies.read_json(body)
    except RequestError:
        assert b"\\ud" in body or b"0" * 300 in body
        return
    assert json.dumps(found) == json.dumps(json.loads(body))


@pytest.mark.parametrize("fast", [True, False])
def test_numbers_of_json(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:
        monkeypatch.setattr(bodies, "_fast_loads", None)
    for text in (
        "0",
        "-0",
        "1e5",
        "1E+5",
        "10000000000000000000000",
        "-9223372036854775809",
        "18446744073709551616",
        "0.1",
    ):
        for body in (text, f"[{text}]", f'{{"a":\n{text}}}', f"[1,{text} ]", f"\t{text}\r\n"):
            found = bodies.read_json(body.encode())
            assert repr(found) == repr(json.loads(body)), body
    assert np.isnan(bodies.read_json(b"[NaN]")[0])
    for text in ("1e400", "-1e999", "[1E+400]", "1" * 5000, "+1", "01", "1.", ".5", "nan", "Inf", "0x1"):
        with pytest.raises(RequestError):
            bodies.read_json(text.encode())
