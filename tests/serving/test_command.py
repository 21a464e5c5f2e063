"""`fitprint serve` as it is called: its line, its options and variables, and what containers of clouds give it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from fitprint.cli import serve as command
from fitprint.cli import serve_place
from fitprint.cli.application import fitprint as commands
from fitprint.cli.serve_elsewhere import given_words

ROWS = {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "a"]]}}


def run(*words, **environment):
    """Runs the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "fitprint", "serve", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def parsed(monkeypatch):
    """What the command would serve, and with which options, for words and variables."""

    def parse(*words, **environment):
        found = {}

        def note(start, settings, host, port, workers):
            found.update(start | settings, host=host, port=port, workers=workers)

        monkeypatch.setattr(command, "_serve", note)
        done = CliRunner().invoke(commands, ["serve", *map(str, words)], env=environment)
        assert done.exit_code == 0, done.output
        return found

    return parse


@pytest.mark.process
def test_one_line_says_where_what_and_how_to_try_it(serve, adder):
    server = serve(adder)
    assert server.line == f"{server.url} serves adder (python_function Adder, 3 columns -> float64); " + (
        f"try it at {server.url}/test\n"
    )
    assert server.url.startswith("http://127.0.0.1:")
    assert server.get("/test").status_code == 200
    assert server.get("/ping", headers={"host": "evil.example"}).status_code == 403
    assert server.post("/invocations", ROWS).json() == {"predictions": [2.0]}
    assert server.stop() == 0
    assert server.told() == ""


@pytest.mark.process
def test_the_differences_of_the_environment_are_told_once_before_the_package_is_loaded(serve, adder, tmp_path):
    package = Path(shutil.copytree(adder, tmp_path / "package"))
    (package / "requirements.txt").write_text("not-a-distribution-of-anybody==1.0\n")
    server = serve(package, "--workers", "2")
    assert server.get("/ping").status_code == 200
    assert server.stop() == 0
    told = server.told()
    assert told.count("This environment differs from the one that the package was made in:") == 1
    assert "not-a-distribution-of-anybody" in told


@pytest.mark.process
def test_the_supervisor_imports_neither_libraries_of_data_nor_those_of_a_server(run_python, adder):
    run_python(
        """
        import sys
        from pathlib import Path
        from fitprint.cli.application import fitprint
        from fitprint.cli.serve_place import place_of
        import fitprint.cli.serve, fitprint.serving.supervisor

        assert place_of(sys.argv[1], None).folder == Path(sys.argv[1])
        heavy = {"numpy", "pandas", "yaml", "rich", "starlette", "uvicorn", "asyncio", "fitprint._runs"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """,
        str(adder),
    )


@pytest.mark.process
def test_another_host_without_a_token_is_warned_of(serve, adder):
    server = serve(adder, "--host", "0.0.0.0")
    assert "no token is set" in server.told()
    assert server.get("/ping", headers={"host": "any.example"}).status_code == 200
    server = serve(adder, "--host", "0.0.0.0", FITPRINT_SERVE_TOKEN="right", FITPRINT_SERVE_PAGE="0")
    assert server.told() == ""
    assert server.line.endswith("/openapi.json\n")
    assert server.get("/version").status_code == 401
    assert server.get("/version", headers={"authorization": "Bearer right"}).status_code == 200


def test_options(parsed, adder):
    found = parsed(
        *(adder, "--port", "1234", "--host", "::1", "--workers", "2", "--threads", "3", "--timeout", "1.5"),
        *("--max-body", "1MB", "--queue", "7", "--method", "predict", "--name", "m", "--token", "t", "--batch"),
        *("--cors", "a", "--cors", "b", "--errors", "full", "--no-page", "--log-requests", "r.jsonl"),
        *("--allow-host", "h", "--trust", "verified", "--digest", "d"),
    )
    expected = {
        "package": adder,
        "port": 1234,
        "host": "::1",
        "workers": 2,
        "threads": 3,
        "timeout": 1.5,
        "max_body": 1_000_000,
        "queue": 7,
        "method": "predict",
        "name": "m",
        "token": "t",
        "batch": 512,
        "cors": ("a", "b"),
        "full_errors": True,
        "page": False,
        "log_requests": str(Path.cwd() / "r.jsonl"),
        "hosts": ("h",),
        "trust": "verified",
        "digest": "d",
    }
    assert {name: found[name] for name in expected} == expected


def test_variables(parsed, adder):
    found = parsed(
        FITPRINT_SERVE_PACKAGE=adder,
        FITPRINT_SERVE_PORT="1234",
        FITPRINT_SERVE_MAX_BODY="2kB",
        FITPRINT_SERVE_CORS="a b",
        FITPRINT_SERVE_BATCH="16",
        FITPRINT_SERVE_ERRORS="full",
        FITPRINT_SERVE_ENV="current",
    )
    names = ("package", "port", "max_body", "cors", "batch", "full_errors", "host")
    assert [found[name] for name in names] == [adder, 1234, 2000, ("a", "b"), 16, True, "127.0.0.1"]
    assert parsed(adder, "--port", "9", FITPRINT_SERVE_PORT="8")["port"] == 9


def test_every_option_has_a_variable_of_its_name(parsed, adder):
    with click.Context(command.serve, info_name="serve", auto_envvar_prefix="FITPRINT_SERVE") as context:
        for option in command.serve.params:
            if isinstance(option, click.Option) and option.name != "help":
                name = option.opts[0].removeprefix("--").replace("-", "_").upper()
                variable = option.envvar or f"FITPRINT_SERVE_{str(option.name).upper()}"
                assert variable == f"FITPRINT_SERVE_{name}"
                assert option.resolve_envvar_value(context) is None


def test_the_variable_of_kubernetes_is_not_a_port(parsed, adder):
    assert parsed(adder, FITPRINT_SERVE_PORT="tcp://10.0.0.1:80")["port"] == 5000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--port", "70000"), "--port"),
        (("--max-body", "much"), "a size such as 100MB"),
        (("--workers", "0"), "--workers"),
        (("--timeout", "0"), "--timeout"),
        (("--batch", "few"), "--batch"),
        (("--errors", "some"), "--errors"),
    ],
)
def test_bad_options_are_named(adder, words, told):
    done = CliRunner().invoke(commands, ["serve", adder, *words])
    assert done.exit_code == 2
    assert told in done.output


@pytest.fixture
def container(monkeypatch, tmp_path, adder):
    """A folder that a cloud has laid a package into."""
    monkeypatch.setattr(serve_place, "SAGEMAKER", tmp_path / "opt")

    def make(path):
        shutil.copytree(adder, tmp_path / path)
        return tmp_path / path

    return make


@pytest.mark.parametrize("words", [(), ("serve",)])
def test_the_container_of_sagemaker(parsed, container, words):
    package = container("opt")
    found = parsed(*words)
    assert (found["package"], found["host"], found["port"]) == (str(package), "0.0.0.0", 8080)


@pytest.mark.parametrize("below", ["", "model"])
def test_the_container_of_azure(parsed, container, tmp_path, below):
    package = container(f"azure/{below}".rstrip("/"))
    found = parsed(AZUREML_MODEL_DIR=str(tmp_path / "azure"))
    assert (found["package"], found["host"], found["port"]) == (str(package), "0.0.0.0", 8080)
    assert parsed("--port", "1", "--host", "127.0.0.1", AZUREML_MODEL_DIR=str(tmp_path / "azure"))["port"] == 1


def test_several_packages_in_a_container_are_not_chosen_among(container, tmp_path):
    container("opt/first")
    container("opt/second")
    done = CliRunner().invoke(commands, ["serve"])
    assert done.exit_code == 1
    assert "first, second" in done.output


def test_the_container_of_vertex(parsed, adder):
    found = parsed(
        adder, AIP_HTTP_PORT="8085", AIP_HEALTH_ROUTE="/v1/endpoints/7", AIP_PREDICT_ROUTE="/v1/endpoints/7:predict"
    )
    assert (found["host"], found["port"]) == ("0.0.0.0", 8085)
    assert (found["health_routes"], found["predict_routes"]) == (("/v1/endpoints/7",), ("/v1/endpoints/7:predict",))


def test_without_a_package_it_says_where_it_has_looked(monkeypatch, tmp_path):
    monkeypatch.setattr(serve_place, "SAGEMAKER", tmp_path / "opt")
    done = CliRunner().invoke(commands, ["serve"])
    assert done.exit_code == 2
    assert "/opt/ml/model" in done.output


def test_without_the_extra_it_says_what_to_install(monkeypatch, adder):
    monkeypatch.setitem(sys.modules, "starlette", None)
    done = CliRunner().invoke(commands, ["serve", adder])
    assert done.exit_code == 1
    assert 'pip install "fitprint[serve]"' in done.output
    import fitprint.serving

    with pytest.raises(ImportError, match="starlette"):
        fitprint.serving.__getattr__("app_of")


@pytest.mark.process
def test_a_port_that_is_taken_is_told(adder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(adder, "--port", taken.getsockname()[1])
    assert (done.returncode, done.stdout) == (1, "")
    assert "another program listens there; choose another port with --port" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.process
def test_an_option_that_does_not_fit_the_model_is_told(adder):
    done = run(adder, "--port", "0", "--method", "predict_proba")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no method 'predict_proba'" in done.stderr


@pytest.mark.process
def test_check_sends_every_example(iris):
    done = run(iris, "--check", "--token", "right")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "POST /invocations/predict_proba" in done.stdout
    for client in ("MLflow", "Azure ML", "Open Inference", "KServe V1, Vertex AI", "Kubernetes", "Prometheus"):
        assert client in done.stdout
    assert "requests were answered" in done.stdout


@pytest.mark.process
def test_check_fails_where_the_model_does(tmp_path):
    import fitprint
    from fitprint.models import ModelSignature
    from fitprint.models.schema import ColSpec, Schema

    class Failing(fitprint.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            raise RuntimeError

    Failing.__module__ = "__main__"
    signature = ModelSignature(Schema([ColSpec("double", "x")]))
    fitprint.pyfunc.save_model(tmp_path / "failing", python_model=Failing(), signature=signature)
    done = run(tmp_path / "failing", "--check")
    assert done.returncode == 1
    assert "500" in done.stdout
    assert "no input example" in " ".join(done.stdout.split())
    assert done.stderr.count("Traceback") == 1
    fitprint.pyfunc.save_model(tmp_path / "unknown", python_model=Failing())
    done = run(tmp_path / "unknown", "--check")
    assert done.returncode == 1
    assert "nothing was predicted" in done.stdout
    done = run(tmp_path / "unknown", "--check", "--digest", "0" * 64)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.process
def test_another_interpreter_serves_with_the_same_options(serve, adder):
    server = serve(adder, "--env", sys.executable, "--name", "there", FITPRINT_SERVE_METHOD="predict")
    assert server.get("/v2/models/there").json()["name"] == "there"
    assert server.stop() == 0


def test_what_another_interpreter_is_told(adder):
    words = [adder, "--no-page", "--cors", "a", "--cors", "b", "--max-body", "1MB", "--env", "package", "--batch", "7"]
    with command.serve.make_context("serve", list(words)) as context:
        told = given_words(context)
    assert told == [adder, "--max-body", "1000000", "--batch", "7", "--cors", "a", "--cors", "b", "--no-page"]


def test_a_dockerfile(monkeypatch, adder, tmp_path):
    shutil.copytree(adder, tmp_path / "model")
    done = CliRunner().invoke(commands, ["serve", str(tmp_path / "model"), "--dockerfile"])
    assert done.exit_code == 0, done.output
    assert "docker build" in done.output
    assert (tmp_path / "Dockerfile").is_file()


@pytest.mark.skipif(os.name != "posix", reason="needs Python on a system with POSIX shells")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_it_starts_with_standard_streams_that_are_closed(adder, tmp_path, closed, starts_processes):
    """As some programs start others; the listening socket must not get the number of such a stream."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = f'exec "$0" -m fitprint serve "$1" --port {port} {closed}'
    process = subprocess.Popen(["/bin/sh", "-c", line, sys.executable, adder])
    try:
        while process.poll() is None:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200
                break
            except httpx.TransportError:
                time.sleep(0.1)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.parametrize("host", ["a" * 70, "a..b"])
def test_a_host_that_is_no_name(host):
    from fitprint.serving.sockets import listen

    with pytest.raises(OSError, match="which is not the name of a host"):
        listen(host, 0)
