"""Azure ML's own server, azureml-inference-server-http, beside ours: the same package, and the same requests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

SCORE = """
import json, os
import pandas as pd
import fitprint

def init():
    global model
    model = fitprint.load_model(os.environ["AZUREML_MODEL_DIR"])

def run(raw):
    return model.predict(pd.DataFrame(**json.loads(raw)["input_data"])).tolist()
"""
IDS = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")


@pytest.fixture(scope="module")
def azure_server(clients_python, start_server, iris, tmp_path_factory, module_port):
    folder = tmp_path_factory.mktemp("azure")
    (folder / "score.py").write_text(SCORE)
    scripts = Path(clients_python).parent
    command = [str(scripts / "azmlinfsrv"), "--entry_script", "score.py", "--model_dir", str(iris[2])]
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    with start_server([*command, "--port", str(module_port)], module_port, folder, PATH=path) as address:
        yield address


def both(asking, azure_server, served_iris, path, *arguments):
    return asking(azure_server + path, *arguments), asking(served_iris + path, *arguments)


def test_predictions_and_their_headers_are_the_same(asking, azure_server, served_iris, iris):
    model, X, _ = iris
    rows = X.iloc[[0, 60, 140]]
    split = {"input_data": rows.to_dict("split")}
    theirs, ours = both(asking, azure_server, served_iris, "/score", split, {"x-ms-client-request-id": "seven"})
    assert json.loads(theirs[2]) == json.loads(ours[2]) == model.predict(rows).tolist()
    assert theirs[0] == ours[0] == 200
    for name in ("content-type", "x-ms-run-function-failed", "x-ms-client-request-id"):
        assert theirs[1][name] == ours[1][name], name
    assert float(ours[1]["x-ms-run-fn-exec-ms"]) > 0
    assert {*IDS} <= {*theirs[1]}
    assert {*IDS} <= {*ours[1]}


def test_the_health_probe_is_the_same(asking, azure_server, served_iris):
    theirs, ours = both(asking, azure_server, served_iris, "/")
    assert (theirs[0], theirs[2]) == (ours[0], ours[2]) == (200, b"Healthy")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-request-id": "seven"},
        {"x-ms-request-id": "seven"},
        {"x-ms-client-request-id": "seven"},
        {"x-ms-client-request-id": "seven", "x-ms-request-id": "eight", "x-request-id": "nine"},
        {"x-request-id": "x" * 101},
        {"x-ms-request-id": "x" * 101},
    ],
)
def test_ids_of_requests_come_back_alike(asking, azure_server, served_iris, iris, headers):
    split = {"input_data": iris[1].head(1).to_dict("split")}
    theirs, ours = both(asking, azure_server, served_iris, "/score", split, headers)
    assert theirs[0] == ours[0]
    given = [name for name in IDS if name in headers and theirs[0] == 200]
    assert [theirs[1].get(name) for name in given] == [ours[1].get(name) for name in given]
    if theirs[0] != 200:  # ours names the one that is too long
        told = [json.loads(answer[2])["message"].rpartition(" must not ") for answer in (theirs, ours)]
        assert told[0][1:] == told[1][1:]
        assert told[1][0] in told[0][0]


def test_the_documents_have_the_same_frame(asking, azure_server, served_iris):
    for path in ("/swagger.json", "/swagger.json?version=3"):
        theirs, ours = both(asking, azure_server, served_iris, path)
        expected, found = json.loads(theirs[2]), json.loads(ours[2])
        assert theirs[0] == ours[0] == 200
        key = "swagger" if "swagger" in expected else "openapi"
        assert expected[key][:3] == found[key][:3]
        assert {*expected["paths"]} <= {*found["paths"]}, path
    theirs, ours = both(asking, azure_server, served_iris, "/swagger.json?version=9")
    assert theirs[0] == ours[0] == 404
    assert {*json.loads(theirs[2])} == {*json.loads(ours[2])} == {"message"}


def test_what_cannot_be_scored_is_told_in_the_same_shape(asking, azure_server, served_iris):
    theirs, ours = both(asking, azure_server, served_iris, "/score", b"{not json")
    assert {*json.loads(theirs[2])} == {*json.loads(ours[2])} == {"message"}
    # a promised difference: a body that cannot be read is the caller's fault, and not the model's
    assert (theirs[0], theirs[1]["x-ms-run-function-failed"]) == (500, "True")
    assert (ours[0], ours[1]["x-ms-run-function-failed"]) == (400, "False")
    theirs, ours = both(asking, azure_server, served_iris, "/nowhere")
    assert theirs[0] == ours[0] == 404
    assert {*json.loads(theirs[2])} == {"message"} <= {*json.loads(ours[2])}
