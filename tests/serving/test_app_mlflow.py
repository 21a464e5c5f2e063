"""MLflow's routes, in the app: what MLflow's own tests of its scoring server hold, and what goes beyond it."""

from __future__ import annotations

import json
import math

import pytest

ROWS = {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "a"], [2.5, 2, "b"]]}}
RECORDS = [{"x": 1.0, "n": 1, "code": "a"}, {"x": 2.5, "n": 2, "code": "b"}]
FLOWER = {
    "inputs": {
        "sepal length (cm)": [5.1],
        "sepal width (cm)": [3.5],
        "petal length (cm)": [1.4],
        "petal width (cm)": [0.2],
    }
}
JSON = {"content-type": "application/json"}


@pytest.fixture
def client(client_of, adder):
    return client_of(adder)


@pytest.mark.parametrize(
    "body",
    [
        ROWS,
        {"dataframe_records": RECORDS},
        {"instances": RECORDS},
        {"inputs": {"x": [1.0, 2.5], "n": [1, 2], "code": ["a", "b"]}},
    ],
    ids=lambda body: next(iter(body)),
)
def test_every_form_of_rows_is_predicted(client, body):
    answer = client.post("/invocations", json=body)
    assert (answer.status_code, answer.json()) == (200, {"predictions": [2.0, 4.5]})
    assert answer.headers["content-type"] == "application/json"


def test_csv_is_predicted(client):
    answer = client.post("/invocations", content="code,n,x\na,1,1\nb,2,2.5\n", headers={"content-type": "text/csv"})
    assert answer.json() == {"predictions": [2.0, 4.5]}


def test_parquet_is_predicted(client, tmp_path):
    import pandas as pd

    pd.DataFrame(RECORDS).to_parquet(tmp_path / "rows.parquet")
    body = (tmp_path / "rows.parquet").read_bytes()
    answer = client.post("/invocations", content=body, headers={"content-type": "application/vnd.apache.parquet"})
    assert answer.json() == {"predictions": [2.0, 4.5]}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "application/json; charset=UTF-8",
        'application/json;charset="utf-8"',
        "APPLICATION/JSON",
    ],
)
def test_content_types_of_json(client, content_type):
    headers = {} if content_type is None else {"content-type": content_type}
    assert client.post("/invocations", content=json.dumps(ROWS), headers=headers).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=latin-1",
        "application/json; profile=x",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; format=pandas-split",
    ],
)
def test_other_content_types_are_refused(client, content_type):
    answer = client.post("/invocations", content=json.dumps(ROWS), headers={"content-type": content_type})
    assert answer.status_code == 415
    assert answer.json()["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[1, 2]",
        "null",
        "{}",
        '{"columns": ["x"], "data": [[1]]}',
        '{"dataframe_split": {}, "inputs": []}',
        '{"input_data": []}',
        '{"dataframe_split": [1]}',
        '{"dataframe_records": {"x": 1}}',
        '{"dataframe_records": [1]}',
        '{"dataframe_split": {"columns": ["x", "x"], "data": [[1, 2]]}}',
        '{"dataframe_split": {"columns": ["x"], "data": [[1, 2]]}}',
    ],
)
def test_what_is_no_request_is_400_and_not_repeated(client, body):
    answer = client.post("/invocations", content=body, headers=JSON)
    assert answer.status_code == 400
    document = answer.json()
    assert document["error_code"] in ("BAD_REQUEST", "INVALID_PARAMETER_VALUE")
    assert document["message"]
    assert "stack_trace" not in document
    assert document["request_id"] == answer.headers["x-request-id"]


def test_every_fault_is_listed_with_its_place_and_without_values(client):
    rows = [[1.0, 1.7, "a"], ["private", None, 5]]
    answer = client.post("/invocations", json={"dataframe_split": {"columns": ["x", "n", "code"], "data": rows}})
    assert answer.status_code == 400
    document = answer.json()
    assert document["error_code"] == "INVALID_PARAMETER_VALUE"
    places = [(fault["row"], fault["column"]) for fault in document["errors"]]
    assert places == [
        (0, "n"),
        (1, "x"),
        (1, "n"),
        (1, "code"),
    ]
    assert all(fault["expected"] and fault["got"] and "value" not in fault for fault in document["errors"])
    assert "private" not in answer.text
    assert "1.7" not in answer.text


def test_values_are_shown_where_they_are_asked_for(client_of, adder):
    client = client_of(adder, full_errors=True)
    answer = client.post("/invocations", json={"dataframe_records": [{"x": "private", "n": 1, "code": "a"}]})
    assert answer.json()["errors"][0]["value"] == "private"


def test_the_first_twenty_of_many_faults_are_listed_and_all_are_counted(client):
    rows = [["a", 1, "a"]] * 50
    answer = client.post("/invocations", json={"dataframe_split": {"columns": ["x", "n", "code"], "data": rows}}).json()
    assert (len(answer["errors"]), answer["error_count"]) == (20, 50)


def test_columns_that_the_model_lacks_are_dropped_and_named(client):
    answer = client.post("/invocations", json={"dataframe_records": [{**RECORDS[0], "more": 1, "né,w": 2}]})
    assert answer.json() == {"predictions": [2.0]}
    assert sorted(answer.headers["x-fitprint-ignored"].split(", ")) == ["more", "n\\xe9\\x2cw"]


def test_no_rows_have_no_predictions(client):
    answer = client.post("/invocations", json={"dataframe_split": {"columns": ["x", "n", "code"], "data": []}})
    assert (answer.status_code, answer.json()) == (200, {"predictions": []})


def test_bare_nan_is_read_and_never_written(client):
    body = '{"dataframe_split": {"columns": ["x", "n", "code"], "data": [[NaN, 1, "a"], [1, 1, "nan"]]}}'
    answer = client.post("/invocations", content=body, headers=JSON)
    assert answer.text == '{"predictions":[null,null]}'


def test_an_unknown_param_is_refused(client):
    answer = client.post("/invocations", json={**ROWS, "params": {"k": 1}})
    assert answer.status_code == 400
    assert "k" in answer.json()["message"]


def test_a_model_that_raises_is_500_and_the_log_alone_says_how(client, capfd, caplog):
    body = {"dataframe_records": [{"x": 1.0, "n": 1, "code": "raise"}]}
    answer = client.post("/invocations", json=body, headers={"x-request-id": "number-7"})
    assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL_ERROR")
    assert (answer.json()["request_id"], answer.headers["x-request-id"]) == ("number-7", "number-7")
    assert "secret-of-the-model" not in answer.text
    told = caplog.text + capfd.readouterr().err
    assert "number-7" in told
    assert "secret-of-the-model" in told


def test_a_model_that_raises_is_shown_where_it_is_asked_for(client_of, adder):
    body = {"dataframe_records": [{"x": 1.0, "n": 1, "code": "raise"}]}
    answer = client_of(adder, full_errors=True).post("/invocations", json=body)
    assert "secret-of-the-model" in answer.json()["stack_trace"]


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_health_is_told_as_mlflow_tells_it(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "\n", "application/json")


def test_the_version_is_bare_text(client):
    import fitprint

    assert client.get("/version").text == fitprint.__version__


def test_each_method_has_a_route_of_its_own(client_of, iris):
    client = client_of(iris)
    assert client.post("/invocations", json=FLOWER).json() == {"predictions": [0]}
    (chances,) = client.post("/invocations/predict_proba", json=FLOWER).json()["predictions"]
    assert len(chances) == 3
    assert math.isclose(sum(chances), 1)
    refused = client.post("/invocations/predict_probs", json=FLOWER)
    assert refused.status_code == 404
    assert "The methods of the model are: predict, predict_proba" in refused.json()["message"]
    assert client.post("/invocations/fit", json=FLOWER).status_code == 404


def test_a_dropped_column_without_a_name_is_seen_in_the_header(client_of, iris):
    names = list(FLOWER["inputs"])
    text = ",".join(["", *names]) + "\n0,5.1,3.5,1.4,0.2\n"  # as DataFrame.to_csv writes its index
    answer = client_of(iris).post("/invocations", content=text, headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.headers["x-fitprint-ignored"]) == (200, '""')


def test_another_method_may_be_the_one_that_answers(client_of, iris):
    client = client_of(iris, method="predict_proba")
    assert len(client.post("/invocations", json=FLOWER).json()["predictions"][0]) == 3
    assert client.post("/invocations/predict", json=FLOWER).json() == {"predictions": [0]}


def test_a_method_that_the_model_lacks_is_refused_at_once(client_of, iris):
    with pytest.raises(ValueError, match="no method 'transform'"):
        client_of(iris, method="transform")


def test_unknown_routes_and_methods_are_told_in_json(client):
    assert client.get("/nothing").json()["error_code"] == "ENDPOINT_NOT_FOUND"
    answer = client.get("/invocations")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error_code"] == "METHOD_NOT_ALLOWED"
    assert answer.json()["message"] == "This route takes POST only."


def test_what_curl_sends_by_itself_is_refused_with_the_header_to_add(client):
    answer = client.post("/invocations", content=b"{}", headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 415
    assert answer.json()["message"].endswith("add -H 'Content-Type: application/json'.")


def test_rows_without_names_are_refused_in_words_of_every_protocol(client_of, iris):
    client = client_of(iris, name="iris")
    rows = [[5.1, 3.5, 1.4, 0.2]]
    for path, body in (
        ("/invocations", {"instances": rows}),
        ("/score", {"input_data": rows}),
        ("/v1/models/iris:predict", {"instances": rows}),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 400
        assert "send each row as an object with the names as keys" in answer.text
