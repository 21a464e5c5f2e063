from __future__ import annotations

import functools
from typing import Any

import pytest

HEAD = '''
import contextlib, subprocess
import dask
from dask.distributed import Client, Lock, get_client, get_worker

def fit(C):
    LogisticRegression(C=C).fit(X, y)
    return os.getpid()

def search():
    return GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=3).fit(X, y)

def bare():
    """The environment of a machine that nobody has told anything of fitprint."""
    return {name: value for name, value in os.environ.items() if "FITPRINT" not in name}

def command(*arguments, cwd=None):
    # a pipe of the test's would stay open in what a killed worker has started
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return subprocess.Popen([sys.executable, "-m", *arguments], env=bare(), cwd=cwd, **quiet)

def worker(address, *arguments, cwd=None):
    options = ("--nthreads", "1", "--no-dashboard", "--no-nanny", *arguments)
    return command("distributed.cli.dask_worker", address, *options, cwd=cwd)

@contextlib.contextmanager
def cluster(kind, workers=2, arguments=()):
    if kind != "commands":
        local = dict(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        with Client(processes=kind == "processes", **local) as client:
            yield client
        return
    options = ("--port", "0", "--no-dashboard", "--scheduler-file", "where.json")
    started = [command("distributed.cli.dask_scheduler", *options)]
    try:
        while not os.path.exists("where.json") or not os.path.getsize("where.json"):
            time.sleep(0.05)
        address = json.load(open("where.json"))["address"]
        started += [worker(address, *arguments) for _ in range(workers)]
        with Client(address, timeout=120) as client:
            client.wait_for_workers(workers, timeout=120)
            client.started = started
            yield client
    finally:
        for process in started:
            process.kill()
            process.wait()
'''


@pytest.fixture
def run_program(run_telling: Any) -> Any:
    """Runs a text as the `main` of a program that has the helpers above, and returns what it tells of its runs."""
    return functools.partial(run_telling, HEAD)
