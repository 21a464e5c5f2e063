"""What tests of serving share: packages to serve, apps in this process, and real servers, started by the command."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pandas as pd
import pytest

import fitprint
from fitprint.models import infer_signature

FRAME = pd.DataFrame({"x": [1.0, 2.5], "n": [1, 2], "code": ["a", "b"]})
ROWS = {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "a"], [2.5, 2, "b"]]}}
"""A request that fits the model `adder`, whose answer is [2.0, 4.5]."""


def adder_model() -> fitprint.pyfunc.PythonModel:
    """A new class of model each time, so that it is pickled by value: a server's process has no tests to import."""

    class Adder(fitprint.pyfunc.PythonModel):
        """Adds two columns; does what the text column says, so that tests can make it raise, wait or die."""

        def predict(self, context, model_input, params=None):
            import os
            import time

            for word in model_input["code"]:
                if word == "raise":
                    raise RuntimeError("secret-of-the-model")
                if word == "nan":
                    return [float("nan"), float("inf")]
                if word.startswith("sleep:"):
                    time.sleep(float(word.removeprefix("sleep:")))
                if word.startswith("mark:"):  # a file gets a line when the prediction begins
                    _, file, line, seconds = word.split(":")
                    with open(file, "a") as marks:
                        marks.write(f"{line}\n")
                    time.sleep(float(seconds))
                if word == "die":
                    os._exit(3)
                if word == "pid":
                    return [float(os.getpid())] * len(model_input)
            return (model_input["x"] + model_input["n"]).to_numpy()

    Adder.__module__ = "__main__"
    return Adder()


@pytest.fixture(scope="session")
def adder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A package of a python model with a signature and an example."""
    folder = tmp_path_factory.mktemp("packages") / "adder"
    signature = infer_signature(FRAME, FRAME["x"].to_numpy())
    fitprint.pyfunc.save_model(folder, python_model=adder_model(), signature=signature, input_example=FRAME)
    return str(folder)


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A package of scikit-learn: a classifier on a table of four columns."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folder = tmp_path_factory.mktemp("packages") / "iris"
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    signature = infer_signature(X, model.predict(X))
    fitprint.sklearn.save_model(model, folder, signature=signature, input_example=X.head(2))
    return str(folder)


class Client:
    """Asks an app in this process, one request after the other."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://testserver")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def together(self, *requests: tuple[str, dict[str, Any]]) -> list[httpx.Response]:
        """Posts several requests at the same time."""

        async def send() -> list[httpx.Response]:
            return await asyncio.gather(*(self._client.post(path, json=body) for path, body in requests))

        return self._runner.run(send())

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self.app.state.serving.scorer.close()
        self._runner.close()


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    """Makes a client of the app of a package, in this process."""
    from fitprint.serving import app_of

    opened: list[Client] = []

    def make(package: str, **options: Any) -> Client:
        opened.append(Client(app_of(package, **options)))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


class Server:
    """A running `fitprint serve`."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fitprint", "serve", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.errors: list[str] = []
        self._reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self._reader.start()
        self.line = self.process.stdout.readline()
        self.url = self.line.partition(" ")[0]
        if not self.url.startswith("http://"):
            self.close()
            pytest.fail(f"it does not serve: {self.line}{self.told()}", pytrace=False)

    def told(self) -> str:
        """What it wrote to standard error."""
        return "".join(self.errors)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=60, **options)

    def post(self, path: str, content: Any, **options: Any) -> httpx.Response:
        return httpx.post(self.url + path, json=content, timeout=60, **options)

    def worker(self) -> int:
        """The process that answers a request."""
        rows = {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "pid"]]}}
        return int(self.post("/invocations", rows).json()["predictions"][0])

    def close(self) -> None:
        """Ends it, if that has not been done, and closes its pipes."""
        if self.process.poll() is None:
            self.stop()
        self._reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it; returns its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._reader.join(10)
        return status


@pytest.fixture
def serve(starts_processes: None) -> Iterator[Callable[..., Server]]:
    """Starts `fitprint serve` on a free port, and ends it after the test."""
    running: list[Server] = []

    def start(*words: str, **environment: str) -> Server:
        has_port = "--port" in words or "FITPRINT_SERVE_PORT" in environment
        port = [] if has_port else ["--port", "0"]
        server = Server([*map(str, words), *port], environment)
        running.append(server)
        return server

    yield start
    for server in running:
        server.close()
