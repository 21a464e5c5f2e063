"""The same app under other servers, and inside a program of FastAPI; and curl, which most people try first."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("sklearn")

APP = "from fitprint.serving import app_of\n\napp = app_of({package!r}, name='iris')\n"


def same_as_python(asking, address, iris):
    model, X, _ = iris
    rows = X.iloc[[0, 60, 140]]
    body = {"dataframe_split": rows.to_dict("split", index=False)}
    status, _, content = asking(f"{address}/invocations", body)
    assert (status, json.loads(content)) == (200, {"predictions": model.predict(rows).tolist()})
    for path in ("/ping", "/livez", "/readyz", "/test", "/openapi.json", "/v2/models/iris", "/metrics"):
        assert asking(address + path)[0] == 200, path


@pytest.fixture
def app_folder(tmp_path, iris):
    (tmp_path / "served.py").write_text(APP.format(package=str(iris[2])))
    return tmp_path


@pytest.mark.process
def test_gunicorn_with_workers_of_uvicorn(asking, start_server, iris, app_folder, unused_port):
    pytest.importorskip("gunicorn")
    command = [sys.executable, "-m", "gunicorn", "served:app", "--workers", "2", "--bind", f"127.0.0.1:{unused_port}"]
    worker = ["--worker-class", "uvicorn_worker.UvicornWorker"]
    with start_server([*command, *worker], unused_port, app_folder, "/ping") as address:
        same_as_python(asking, address, iris)


@pytest.mark.process
def test_granian(asking, start_server, iris, app_folder, unused_port):
    pytest.importorskip("granian")
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(unused_port), "served:app"]
    with start_server(command, unused_port, app_folder, "/ping") as address:
        same_as_python(asking, address, iris)


@pytest.mark.process
def test_a_program_of_fastapi_mounts_it(asking, start_server, iris, app_folder, unused_port):
    pytest.importorskip("fastapi")
    (app_folder / "program.py").write_text(
        "from fastapi import FastAPI\nfrom served import app as model\n\n"
        "app = FastAPI()\napp.mount('/models/iris', model)\n\n"
        "@app.get('/hello')\ndef hello():\n    return 'hello'\n"
    )
    command = [sys.executable, "-m", "uvicorn", "program:app", "--port", str(unused_port)]
    with start_server(command, unused_port, app_folder, "/hello") as address:
        same_as_python(asking, f"{address}/models/iris", iris)
        assert json.loads(asking(f"{address}/hello")[2]) == "hello"
        [server] = json.loads(asking(f"{address}/models/iris/openapi.json")[2])["servers"]
        assert server["url"] == "/models/iris"


@pytest.mark.process
def test_curl_with_each_content_type(served_iris, iris, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    model, X, _ = iris
    X.tail(4).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "rows.json").write_text(json.dumps({"dataframe_split": X.tail(4).to_dict("split", index=False)}))

    def curl(*arguments):
        command = ["curl", "-sS", f"{served_iris}/invocations", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    expected = {"predictions": model.predict(X.tail(4)).tolist()}
    assert curl("-H", "Content-Type: text/csv", "--data-binary", "@rows.csv") == expected
    assert curl("-H", "Content-Type: application/json; charset=utf-8", "-d", "@rows.json") == expected
    assert curl("-H", "Content-Type:", "-d", "@rows.json") == expected
    refused = curl("-d", "@rows.json")  # curl says that this is a form
    assert "application/x-www-form-urlencoded" in refused["message"]
    assert "application/json" in refused["message"]
