"""`fitprint serve` as a command, asked by the clients of others, and the servers of others beside it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fitprint

ROOT = Path(__file__).parents[3]
CLIENTS_PYTHON = os.environ.get("FITPRINT_CLIENTS_PYTHON", "")
STARTS_WITHIN = 120  # seconds: far above what any server takes

pytest.importorskip("starlette", reason="serving is not installed")


@pytest.fixture(scope="session")
def clients_python(starts_processes: None) -> str:
    """The interpreter of the environment with the clients and servers of others."""
    if not CLIENTS_PYTHON:
        pytest.skip("FITPRINT_CLIENTS_PYTHON is not set; `make test-serving` sets it")
    return CLIENTS_PYTHON


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Path]:
    """A classifier that takes missing values, its rows, and its package."""
    from sklearn.datasets import load_iris
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)).fit(X, y)
    folder = tmp_path_factory.mktemp("packages") / "iris"
    signature = fitprint.infer_signature(X, model.predict(X))
    fitprint.sklearn.save_model(model, folder, signature=signature, input_example=X.head(3))
    return model, X, folder


def ask(url: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Send a request, by POST if it has a body: the status, the headers in lower case, and the body of the answer."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    kind = {"content-type": "application/json"} if content is not None else {}
    request = urllib.request.Request(url, content, {**kind, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {key.lower(): value for key, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {key.lower(): value for key, value in error.headers.items()}, error.read()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def started(command: list[str], port: int, folder: Path, ready: str = "/", **env: str) -> Iterator[str]:
    """Starts a server, waits until it answers, and ends it. What it printed is told where it does not come up."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env={**os.environ, **env})
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + STARTS_WITHIN
        while True:
            with contextlib.suppress(OSError):
                if ask(address + ready)[0] < 500:
                    break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{' '.join(command)} does not answer:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def asking() -> Callable[..., tuple[int, dict[str, str], bytes]]:
    return ask


@pytest.fixture(scope="session")
def start_server(starts_processes: None) -> Callable[..., Any]:
    """Starts another server than ours: the command, its port, and the folder that it runs in."""
    return started


@pytest.fixture(scope="session")
def served_iris(
    iris: tuple[Any, Any, Path], tmp_path_factory: pytest.TempPathFactory, starts_processes: None
) -> Iterator[str]:
    """The address of `fitprint serve` with the classifier."""
    port = free_port()
    command = [sys.executable, "-m", "fitprint", "serve", str(iris[2]), "--port", str(port), "--name", "iris"]
    with started(command, port, tmp_path_factory.mktemp("serve"), "/ping") as address:
        yield address


@pytest.fixture
def unused_port() -> int:
    """A port of this machine that nothing listens on."""
    return free_port()


@pytest.fixture(scope="module")
def module_port() -> int:
    return free_port()
