"""The routes of the Open Inference Protocol, of KServe V1 and of Vertex AI, in the app."""

from __future__ import annotations

import pytest

INPUTS = [
    {"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [1.0, 2.5]},
    {"name": "n", "shape": [2, 1], "datatype": "INT64", "data": [1, 2]},
    {"name": "code", "shape": [2, 1], "datatype": "BYTES", "parameters": {"content_type": "str"}, "data": ["a", "b"]},
]
INSTANCES = [{"x": 1.0, "n": 1, "code": "a"}, {"x": 2.5, "n": 2, "code": "b"}]


@pytest.fixture
def client(client_of, adder):
    return client_of(adder)


def test_the_server_is_described(client):
    document = client.get("/v2").json()
    assert document["name"] == "fitprint"
    assert document.keys() == {"name", "version", "extensions"}
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("base", ["/v2/models/adder", "/v2/models/adder/versions/1"])
def test_the_model_is_described(client, base):
    assert client.get(f"{base}/ready").json() == {"name": "adder", "ready": True}
    document = client.get(base).json()
    assert (document["name"], document["versions"]) == ("adder", ["1"])
    assert document["inputs"] == [
        {"name": "x", "datatype": "FP64", "shape": [-1, 1]},
        {"name": "n", "datatype": "INT64", "shape": [-1, 1]},
        {"name": "code", "datatype": "BYTES", "shape": [-1, 1], "parameters": {"content_type": "str"}},
    ]
    assert [output["datatype"] for output in document["outputs"]] == ["FP64"]


@pytest.mark.parametrize("path", ["/v2/models/adder/infer", "/v2/models/adder/versions/1/infer"])
def test_tensors_are_predicted(client, path):
    answer = client.post(path, json={"id": "i-1", "inputs": INPUTS}).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("adder", "1", "i-1")
    (output,) = answer["outputs"]
    assert (output["datatype"], output["data"]) == ("FP64", [2.0, 4.5])


def test_an_output_is_asked_for_by_the_name_that_the_description_gives(client):
    (described,) = client.get("/v2/models/adder").json()["outputs"]
    asked = {"inputs": INPUTS, "outputs": [{"name": described["name"]}]}
    answer = client.post("/v2/models/adder/infer", json=asked)
    assert [output["name"] for output in answer.json()["outputs"]] == [described["name"]]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/other",
        "/v2/models/other/ready",
        "/v2/models/adder/versions/2",
        "/v2/models/adder/versions/2/ready",
        "/v1/models/other",
    ],
)
def test_other_models_and_versions_are_not_found(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json().keys()) == (404, {"error"})


@pytest.mark.parametrize(
    "path", ["/v2/models/other/infer", "/v2/models/adder/versions/2/infer", "/v1/models/other:predict"]
)
def test_other_models_and_versions_do_not_predict(client, path):
    answer = client.post(path, json={"inputs": INPUTS})
    assert (answer.status_code, answer.json().keys()) == (404, {"error"})


@pytest.mark.parametrize("body", [{}, [], {"inputs": 1}, {"inputs": INPUTS[:1]}])
@pytest.mark.parametrize("path", ["/v2/models/adder/infer", "/v1/models/adder:predict"])
def test_errors_are_an_error(client, path, body):
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json().keys()) == (400, {"error"})


def test_the_name_may_be_chosen(client_of, adder):
    client = client_of(adder, name="sum")
    assert client.get("/v2/models/sum").json()["name"] == "sum"
    assert client.get("/v2/models/adder").status_code == 404


def test_kserve_1(client):
    assert client.get("/v1/models").json() == {"models": ["adder"]}
    assert client.get("/v1/models/adder").json() == {"name": "adder", "ready": True}
    answer = client.post("/v1/models/adder:predict", json={"instances": INSTANCES})
    assert (answer.status_code, answer.json()) == (200, {"predictions": [2.0, 4.5]})


def test_vertex_has_the_routes_that_it_names(client_of, adder):
    client = client_of(adder, health_routes=("/v1/endpoints/7/deployedModels/8",), predict_routes=("/v1/ask:predict",))
    assert client.get("/v1/endpoints/7/deployedModels/8").status_code == 200
    answer = client.post("/v1/ask:predict", json={"instances": INSTANCES, "parameters": {}})
    assert answer.json() == {"predictions": [2.0, 4.5]}


def test_methods_have_routes(client_of, iris):
    client = client_of(iris)
    rows = [[5.1, 3.5, 1.4, 0.2]]
    names = [tensor["name"] for tensor in client.get("/v2/models/iris").json()["inputs"]]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    (chances,) = client.post("/v1/models/iris:predict_proba", json={"instances": records}).json()["predictions"]
    assert len(chances) == 3
    inputs = [{"name": name, "shape": [1, 1], "datatype": "FP64", "data": [1.0]} for name in names]
    answer = client.post("/v2/models/iris/infer/predict_proba", json={"inputs": inputs}).json()
    assert answer["outputs"][0]["shape"] == [1, 3]
