from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
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
import ray

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

end = ray.shutdown
"""


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
def run_program(run_telling: Any, request: pytest.FixtureRequest) -> Any:
    """Runs a text as the `main` of a program that has the helpers above, and returns what it tells of its runs.

    The program has the address of the shared cluster, or with ``local`` none.
    """

    def run(main: str, *arguments: object, local: bool = False, **options: Any) -> Any:
        env = dict(ENVIRONMENT) if local else {**ENVIRONMENT, "CLUSTER": request.getfixturevalue("cluster")}
        return run_telling(HEAD, main, *arguments, env=env, **options)

    return run
