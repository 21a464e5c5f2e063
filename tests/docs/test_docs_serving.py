"""Everything in docs/serving.md works: its servers start, its calls are answered, and its YAML names what there is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.process
pytest.importorskip("starlette", reason="serving is not installed")

DOCUMENT = Path(__file__).parents[2] / "docs" / "serving.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PYTHON = [text for language, text in BLOCKS if language == "py"]
YAML = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml"]
FILES = {text.splitlines()[0].removeprefix("# "): text for text in PYTHON if text.startswith("# ")}
SERVERS = ("fitprint serve", "uvicorn", "granian", "gunicorn")
COMMAND = re.compile(r"^(?=fitprint|curl|pip|export|uvicorn|granian|gunicorn)", re.MULTILINE)
STARTS_WITHIN = 120  # seconds: far above what any server takes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the document's first script has trained, and its files lie."""
    place = tmp_path_factory.mktemp("serving")
    first = "\n".join(text for language, text in BLOCKS if language == "python")
    subprocess.run([sys.executable, "-c", first], cwd=place, check=True, capture_output=True)
    for name, text in FILES.items():
        (place / name).write_text(text, "utf-8")
    return place


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def started(command, folder, env=None, path="/ping"):
    """Starts a server of the document on a port that is free, and waits until it answers."""
    port = free_port()
    words = command.replace("5000", str(port)).split()
    if words[0] == "fitprint":
        words += ["--port", str(port)]
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, stdout=output, stderr=output, env={**os.environ, **(env or {})}
        )
    try:
        until = time.monotonic() + STARTS_WITHIN
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30):
                break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command} does not answer:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def call(command, port, folder, env=None):
    """Runs a call of the document, and returns the JSON that it was answered with."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("curl or bash is not installed")
    script = command.replace("5000", str(port)).replace("curl ", "curl -sS --fail-with-body ", 1)
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def port(folder):
    with started("fitprint serve iris", folder) as found:
        yield found


def of_other_servers(block):
    """Whether a block starts a server that is tried with the newest versions alone."""
    return any(re.search(rf"^{server} ", block, re.MULTILINE) for server in SERVERS[1:])


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, marks=pytest.mark.newest if of_other_servers(block) else ()) for block in SHELL],
    ids=[block.splitlines()[0][:40] for block in SHELL],
)
def test_servers_start_and_calls_are_answered(block, folder, port):
    with contextlib.ExitStack() as running:
        variables, asked = {}, port
        for command in filter(None, COMMAND.split(block)):
            if command.startswith("export "):
                name, _, value = command.removeprefix("export ").strip().partition("=")
                variables[name] = value
            elif command.startswith(SERVERS):
                asked = running.enter_context(started(command, folder, variables))
            elif command.startswith("curl "):
                answer = call(command, asked, folder, variables)
                assert isinstance(answer, list) or {"predictions", "outputs"} & answer.keys()
            else:
                assert command.startswith("pip install ")


def test_the_client_in_python_is_answered(folder, port):
    for text in PYTHON:
        if text not in FILES.values():
            script = text.replace("5000", str(port))
            done = subprocess.run(
                [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True
            )
            assert done.stdout == ("[0]\n" if "print(" in text else "")


@pytest.mark.newest  # FastAPI is installed there alone
def test_the_program_mounts_the_app(folder):
    with started("uvicorn program:app --port 5000", folder, path="/models/iris/ping"):
        pass


def test_the_routes_in_yaml_are_there_and_its_options_are_known(folder, port):
    from fitprint.cli.serve import serve

    def paths(value):
        if isinstance(value, dict):
            yield from ([value["path"]] if isinstance(value.get("path"), str) else [])
            value = list(value.values())
        for item in value if isinstance(value, list) else []:
            yield from paths(item)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json") as answer:
        known = json.load(answer)["paths"].keys()
    assert {*paths(YAML)} == {"/livez", "/readyz", "/score"} <= {*known}
    [container] = YAML[1]["spec"]["predictor"]["containers"]
    word, *arguments = container["args"]
    assert word == "serve"
    serve.make_context("serve", arguments, resilient_parsing=False).close()
