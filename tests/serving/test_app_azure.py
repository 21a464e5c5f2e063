"""Azure ML's routes, in the app: answers, headers and errors as azureml-inference-server-http gives them."""

from __future__ import annotations

import json

import pytest

TABLE = {"input_data": {"columns": ["x", "n", "code"], "index": [0, 1], "data": [[1.0, 1, "a"], [2.5, 2, "b"]]}}


@pytest.fixture
def client(client_of, adder):
    return client_of(adder)


def test_predictions_are_the_whole_answer(client):
    answer = client.post("/score", json=TABLE)
    assert (answer.status_code, answer.json()) == (200, [2.0, 4.5])
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert float(answer.headers["x-ms-run-fn-exec-ms"]) > 0
    assert answer.headers["x-ms-run-fn-exec-ms"].partition(".")[2].isdigit()


def test_a_get_has_in_its_query_what_a_post_has_in_its_body(client):
    answer = client.get("/score", params={"input_data": json.dumps(TABLE["input_data"])})
    assert (answer.status_code, answer.json()) == (200, [2.0, 4.5])
    assert client.get("/score").status_code == 400
    assert client.get("/score?input_data=1&input_data=2").status_code == 400


def test_options_are_answered(client):
    answer = client.request("OPTIONS", "/score")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ({}, {"x-ms-request-id": "x-request-id"}),
        ({"x-request-id": "a"}, {"x-request-id": "a", "x-ms-request-id": "a"}),
        ({"x-ms-request-id": "b"}, {"x-ms-request-id": "b", "x-ms-client-request-id": "b"}),
        ({"x-ms-client-request-id": "c"}, {"x-ms-request-id": "c", "x-ms-client-request-id": "c"}),
        (
            {"x-request-id": "a", "x-ms-request-id": "b", "x-ms-client-request-id": "c"},
            {"x-request-id": "a", "x-ms-request-id": "b", "x-ms-client-request-id": "c"},
        ),
    ],
)
def test_ids_come_back(client, sent, answered):
    for answer in (client.post("/score", json=TABLE, headers=sent), client.post("/score", json={}, headers=sent)):
        for name, value in answered.items():
            assert answer.headers[name] == answer.headers.get(value, value)
        assert ("x-ms-client-request-id" in answer.headers) == ("x-ms-client-request-id" in answered)


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-request-id", "x-ms-client-request-id"])
def test_ids_of_more_than_100_characters_are_refused(client, name):
    assert client.post("/score", json=TABLE, headers={name: "i" * 100}).status_code == 200
    answer = client.post("/score", json=TABLE, headers={name: "i" * 101})
    assert answer.status_code == 431
    assert "100 characters" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "status"), [("{", 400), ("[]", 400), ('{"dataframe_split": {}}', 400), ('{"input_data": [1]}', 400)]
)
def test_errors_are_a_message(client, body, status):
    answer = client.post("/score", content=body)
    assert answer.status_code == status
    assert answer.json().keys() == {"message"}
    assert answer.headers["x-ms-run-function-failed"] == "False"


def test_all_faults_are_in_the_message(client):
    rows = {"input_data": {"columns": ["x", "n"], "data": [["a", 1.5]]}}
    message = client.post("/score", json=rows).json()["message"]
    assert all(f"'{name}'" in message for name in ("x", "n", "code"))


def test_a_model_that_raises_has_failed_and_does_not_say_how(client):
    answer = client.post("/score", json={"input_data": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "raise"]]}})
    assert answer.status_code == 500
    assert answer.headers["x-ms-run-function-failed"] == "True"
    assert "secret-of-the-model" not in answer.text


def test_a_method_that_is_not_taken_is_told_as_a_message(client):
    answer = client.request("DELETE", "/score")
    assert (answer.status_code, answer.json().keys()) == (405, {"message"})


def test_machines_are_told_that_it_is_healthy_and_browsers_are_sent_to_the_page(client, client_of, adder):
    assert client.get("/").text == "Healthy"
    answer = client.get("/", headers={"accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/test")
    assert client_of(adder, page=False).get("/", headers={"accept": "text/html"}).text == "Healthy"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ('{"columns": ["x", "n", "code"], "data": [[1e400, 1, "a"]]}', "too large"),
        ('{"columns": ["x", "n", "code"], "data": [[1, 1, "a"]], "data": [[2, 1, "a"]]}', "ambiguous"),
        ('{"columns": ["x", "n", "code"], "data": [[1, 1, "%ff"]]}', "not UTF-8"),
    ],
)
def test_json_in_a_query_is_as_strict_as_that_of_a_body(client, query, words):
    answer = client.get(f"/score?input_data={query}")
    assert (answer.status_code, words in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    ("query", "key", "version"),
    [
        ("", "swagger", "2.0"),
        ("?version=2", "swagger", "2.0"),
        ("?version=2.0", "swagger", "2.0"),
        ("?version=3", "openapi", "3.0.3"),
        ("?version=3.0", "openapi", "3.0.3"),
        ("?version=3.1", "openapi", "3.1.0"),
    ],
)
def test_swagger_in_its_versions(client, query, key, version):
    document = client.get(f"/swagger.json{query}").json()
    assert document[key] == version
    schemas = document["definitions"] if key == "swagger" else document["components"]["schemas"]
    assert {"ServiceInput", "ServiceOutput", "ErrorResponse"} <= schemas.keys()


def test_an_unknown_version_of_swagger_is_404(client):
    answer = client.get("/swagger.json?version=9")
    assert answer.status_code == 404
    assert "[9]" in answer.json()["message"]


def test_methods_have_routes(client_of, iris):
    client = client_of(iris)
    body = client.get("/openapi.json").json()["paths"]["/score"]["post"]["requestBody"]["content"]["application/json"]
    rows = next(iter(body["examples"].values()))["value"]
    assert [len(row) for row in client.post("/score/predict_proba", json=rows).json()] == [3, 3]
