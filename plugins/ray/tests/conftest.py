from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest

HEAD = """
import json, os, sys, time
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

def start(**options):
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False, **options)

def told():
    '''What was recorded, the oldest run first.'''
    runs = [
        dict(id=run.run_id, name=run.name, parent=run.parent_id, tags=run.tags, C=run.params.get("C"),
             status=run.status, experiment=run.experiment)
        for run in reversed(fitprint.runs())
    ]
    status = fitprint.status()
    print(json.dumps(dict(runs=runs, unreached=status.unreached, status=repr(status))))
"""


class Told:
    """What a program has said of its runs."""

    def __init__(self, done: Any) -> None:
        answer = json.loads(done.stdout.splitlines()[-1])
        self.runs: list[dict[str, Any]] = answer["runs"]
        self.unreached: list[str] = answer["unreached"]
        self.status: str = answer["status"]
        self.log: str = done.stderr


@pytest.fixture
def run_program(run_python: Any, store: Any) -> Any:
    """Runs a text as the `main` of a program that has the helpers above, and returns what `told()` has printed."""

    def run(main: str, **options: Any) -> Told:
        text = textwrap.indent(textwrap.dedent(main), "        ")
        program = f"{HEAD}\nif __name__ == '__main__':\n    try:\n{text}\n        told()\n    finally:\n"
        env = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
        return Told(run_python(f"{program}        ray.shutdown()\n", env=env, **options))

    return run
