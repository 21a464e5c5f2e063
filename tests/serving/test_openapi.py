"""The OpenAPI documents: valid in each version, and true of what is sent and answered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from jsonschema import ValidationError
from openapi_schema_validator import OAS30Validator, OAS31Validator
from openapi_spec_validator import validate

import fitprint
from fitprint.models import ModelSignature, infer_signature
from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from fitprint.models.types import AnyType, Array, DataType, Map, Object, Property

SCALARS = Schema([*(ColSpec(dtype, dtype.name) for dtype in DataType)])
SIGNATURES = {
    "scalars": ModelSignature(SCALARS, Schema([ColSpec("double")])),
    "optional": ModelSignature(Schema([ColSpec("long", "a"), ColSpec("string", "b", required=False)])),
    "nested": ModelSignature(
        Schema(
            [
                ColSpec(Array(DataType.double), "list"),
                ColSpec(Array(Array(DataType.long)), "lists"),
                ColSpec(Map(DataType.string), "map"),
                ColSpec(
                    Object([Property("p", DataType.string), Property("q", Array(DataType.boolean), required=False)]),
                    "object",
                ),
                ColSpec(AnyType(), "any"),
            ]
        )
    ),
    "params": ModelSignature(
        Schema([ColSpec("double", "a")]),
        Schema([ColSpec("double")]),
        ParamSchema(
            [
                ParamSpec("k", "long", 3),
                ParamSpec("words", "string", ["a"], (-1,)),
                ParamSpec("limit", "double", None),
                ParamSpec("until", "datetime", "2024-01-02T03:04:05"),
                ParamSpec("nan", "double", float("nan")),
            ]
        ),
    ),
    "unnamed": ModelSignature(Schema([ColSpec("double"), ColSpec("long")]), Schema([ColSpec("double")])),
    "numbers as names": ModelSignature(Schema([ColSpec("double", 0), ColSpec("double", 1)])),
    "odd names": ModelSignature(Schema([ColSpec("double", 'a "b" {c}'), ColSpec("string", "é, ü")])),
    "tensor": ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 2, 2))]), Schema([ColSpec("double")])),
    "tensors": ModelSignature(
        Schema([TensorSpec(np.dtype("int32"), (-1, 3), "ids"), TensorSpec(np.dtype("str"), (-1,), "words")])
    ),
    "fixed tensor": ModelSignature(Schema([TensorSpec(np.dtype("uint8"), (2, 2), "pixels")])),
    "one text": ModelSignature(Schema([ColSpec("string")])),
    "none": None,
}


class Counter(fitprint.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if hasattr(model_input, "values") and not hasattr(model_input, "iloc"):
            model_input = next(iter(model_input.values()))
        return [1.0] * len(model_input)


class Table(fitprint.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame(
            {"chance": [0.5, float("nan")], "why": ["a", "b"], "at": pd.to_datetime(["2024-01-02"] * 2)}
        )


@pytest.fixture(params=SIGNATURES)
def client(request, client_of, tmp_path):
    signature = SIGNATURES[request.param]
    example = pd.DataFrame({"a": [1, 2]}) if signature is None else None
    fitprint.pyfunc.save_model(tmp_path / "counter", python_model=Counter(), signature=signature, input_example=example)
    if signature is None:  # an example has a signature made of it
        file = tmp_path / "counter" / "MLmodel"
        lines = file.read_text().split("\n")
        kept = [line for line in lines if not line.startswith(("signature", "  inputs:", "  outputs:", "  params:"))]
        file.write_text("\n".join(kept))
    return client_of(str(tmp_path / "counter"))


def sent_examples(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                for example in media.get("examples", {}).values():
                    yield method, path, kind, example["value"], media["schema"], operation["responses"]["200"]


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_the_document_is_valid(client, version):
    validate(client.get(f"/swagger.json?version={version}").json())


@pytest.mark.series
def test_every_example_fits_its_schema_and_is_answered_by_what_the_document_says(client):
    document = client.get("/openapi.json").json()
    older = client.get("/swagger.json?version=3").json()
    assert list(sent_examples(document))
    for (method, path, kind, value, schema, response), as_3_0 in zip(
        sent_examples(document), sent_examples(older), strict=True
    ):
        content = value if kind == "text/csv" else json.dumps(value)
        answer = client.request(method.upper(), path, content=content, headers={"content-type": kind})
        assert answer.status_code == 200, (path, value, answer.text)
        fits(document, schema, value, OAS31Validator)
        fits(older, as_3_0[4], value, OAS30Validator)
        for made, said, validator in ((document, response, OAS31Validator), (older, as_3_0[5], OAS30Validator)):
            fits(made, said["content"]["application/json"]["schema"], answer.json(), validator)


def fits(document, schema, value, validator):
    validator({**schema, "components": document["components"]}).validate(value)


def test_every_get_is_answered(client):
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        if "get" in operations:
            assert client.get(path).status_code == 200, path


def test_every_route_is_in_the_document(client):
    paths = client.get("/openapi.json").json()["paths"]
    for route in client.app.routes:
        if "{version}" not in route.path and not route.path.startswith("/test") and route.path != "/v1/models":
            assert route.path.replace("{model}", "counter") in paths


def test_tables_are_answered_as_the_document_says(client_of, tmp_path):
    signature = infer_signature(pd.DataFrame({"x": [1.0]}), Table().predict(None, None))
    fitprint.pyfunc.save_model(tmp_path / "table", python_model=Table(), signature=signature)
    client = client_of(str(tmp_path / "table"))
    document = client.get("/openapi.json").json()
    answer = client.post("/invocations", json={"dataframe_records": [{"x": 1.0}, {"x": 2.0}]}).json()
    assert answer["predictions"][1]["chance"] is None
    fits(document, {"$ref": "#/components/schemas/Answer"}, answer, OAS31Validator)
    with pytest.raises(ValidationError):
        fits(document, {"$ref": "#/components/schemas/Answer"}, {"predictions": [{"why": 1}]}, OAS31Validator)


def test_types_are_told(client_of, tmp_path):
    fitprint.pyfunc.save_model(tmp_path / "m", python_model=Counter(), signature=SIGNATURES["scalars"])
    client = client_of(str(tmp_path / "m"))
    forms = client.get("/openapi.json").json()["components"]["schemas"]["Invocation"]["oneOf"]
    (row,) = (
        form["properties"]["dataframe_records"]["items"] for form in forms if "dataframe_records" in form["properties"]
    )
    assert row["required"] == [dtype.name for dtype in DataType]
    assert {name: schema["type"] for name, schema in row["properties"].items()} == {
        "boolean": "boolean",
        "integer": "integer",
        "long": "integer",
        "float": ["number", "null"],
        "double": ["number", "null"],
        "string": "string",
        "binary": "string",
        "datetime": ["string", "null"],
    }
    older = client.get("/swagger.json").json()["definitions"]["Invocation"]["properties"]["dataframe_records"]["items"]
    assert older["properties"]["double"] == {"type": "number", "format": "double", "x-nullable": True}
    assert older["properties"]["binary"] == {"type": "string", "format": "byte"}


def test_a_token_is_in_the_document(client_of, adder):
    client = client_of(adder, token="right")
    headers = {"authorization": "Bearer right"}
    for version in ("2", "3", "3.1"):
        document = client.get(f"/swagger.json?version={version}", headers=headers).json()
        validate(document)
        assert document["paths"]["/score"]["post"]["security"] == [{"Bearer": []}]
        assert "security" not in document["paths"]["/ping"]["get"]


def test_there_is_no_data_but_the_examples(client_of, tmp_path):
    frame = pd.DataFrame({"city": pd.Categorical(["Private-Town", "B"]), "x": [1.0, 2.0]})
    model = Counter()
    fitprint.pyfunc.save_model(tmp_path / "m", python_model=model, signature=infer_signature(frame))
    text = client_of(str(tmp_path / "m")).get("/openapi.json").text
    assert "Private-Town" not in text
    assert Path(tmp_path).name not in text
