from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest

HEAD = '''
import contextlib, json, os, signal, subprocess, sys, time
import dask, joblib, numpy as np
from dask.distributed import Client, Lock, get_client, get_worker
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
import fitprint

X = np.random.default_rng(0).normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int)

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

def told():
    """What was recorded, the oldest run first."""
    runs = [
        dict(id=run.run_id, name=run.name, parent=run.parent_id, tags=run.tags, C=run.params.get("C"),
             status=run.status, packages=len(run.models) if hasattr(run, "models") else 0)
        for run in reversed(fitprint.runs())
    ]
    status = fitprint.status()
    print(json.dumps(dict(runs=runs, unreached=status.unreached, status=repr(status), here=os.getpid())))
'''


class Told:
    """What a program has said of its runs."""

    def __init__(self, done: Any) -> None:
        answer = json.loads(done.stdout.splitlines()[-1])
        self.runs: list[dict[str, Any]] = answer["runs"]
        self.unreached: list[str] = answer["unreached"]
        self.status: str = answer["status"]
        self.log: str = done.stderr

    def names(self) -> list[str]:
        return sorted(run["name"] for run in self.runs)

    def top(self) -> list[dict[str, Any]]:
        return [run for run in self.runs if run["parent"] is None]


@pytest.fixture
def run_program(run_python: Any, store: Any) -> Any:
    """Runs a text as the `main` of a program that has the helpers above, and returns what `told()` has printed."""

    def run(main: str, *arguments: object, **options: Any) -> Told:
        text = textwrap.indent(textwrap.dedent(main), "    ")
        return Told(run_python(f"{HEAD}\nif __name__ == '__main__':\n{text}\n    told()\n", *arguments, **options))

    return run
