from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LONGEST = 120.0
"""How many seconds a cluster may take to start or to stop."""
ENVIRONMENT = {
    "RAY_AUTH_MODE": "disabled",  # a cluster that a command starts has a token otherwise, in the home of the user
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # without it, Ray warns
}

HEAD = """
import json, os, signal, sys, time
import joblib, numpy as np, ray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
import fitprint

X = np.random.default_rng(0).normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int)

def train(C):
    LogisticRegression(C=C).fit(X, y)
    return C

fit = ray.remote(train)

def get(sent):
    return ray.get(sent, timeout=120)

def start(**options):
    ray.init(os.environ["CLUSTER"], logging_level="ERROR", log_to_driver=False, **options)

def wait_for(runs):
    ends = time.monotonic() + 120
    while len(fitprint.runs()) < runs:
        assert time.monotonic() < ends, "the run did not come"
        time.sleep(0.05)

def told():
    '''What was recorded, the oldest run first.'''
    runs = [
        dict(id=run.run_id, name=run.name, parent=run.parent_id, tags=run.tags, C=run.params.get("C"),
             status=run.status, experiment=run.experiment, metrics=sorted(run.metrics))
        for run in reversed(fitprint.runs())
    ]
    status = fitprint.status()
    print(json.dumps(dict(runs=runs, unreached=status.unreached, status=repr(status))))
"""


class Told:
    """What a program has said of its runs."""

    def __init__(self, done: Any) -> None:
        # Ray prints that a worker has died
        answer = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"runs"')))
        self.runs: list[dict[str, Any]] = answer["runs"]
        self.unreached: list[str] = answer["unreached"]
        self.status: str = answer["status"]
        self.log: str = done.stderr

    def of_tasks(self) -> list[dict[str, Any]]:
        return [run for run in self.runs if run["tags"].get("engine") == "ray"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A cluster that a command has started: its start takes longer than a test. Each program has workers of its own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="ray"))  # the paths of Ray's sockets are limited to some 100 characters
    log = folder / "log"
    options = ("--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=100000000")
    command = ("ray.scripts.scripts", "start", "--head", "--block", f"--port={port}", f"--temp-dir={folder}", *options)
    environment = {name: value for name, value in os.environ.items() if "FITPRINT" not in name} | ENVIRONMENT
    with log.open("w") as out:
        head = subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=out, stderr=out)
    try:
        ends = time.monotonic() + LONGEST
        while "Ray runtime started" not in log.read_text():
            assert head.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        head.terminate()  # it ends what it has started
        try:
            head.wait(LONGEST)
        finally:
            head.kill()
            head.wait()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run_program(run_python: Any, store: Any, request: pytest.FixtureRequest) -> Any:
    """Runs a text as the `main` of a program that has the helpers above, and returns what `told()` has printed.

    The program has the address of the shared cluster, or with ``local`` none.
    """

    def run(main: str, *arguments: object, local: bool = False, **options: Any) -> Told:
        text = textwrap.indent(textwrap.dedent(main), "        ")
        program = f"{HEAD}\nif __name__ == '__main__':\n    try:\n{text}\n        told()\n    finally:\n"
        env = dict(ENVIRONMENT) if local else {**ENVIRONMENT, "CLUSTER": request.getfixturevalue("cluster")}
        return Told(run_python(f"{program}        ray.shutdown()\n", *arguments, env=env, **options))

    return run
