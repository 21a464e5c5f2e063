"""One case under one contender, in a process of its own: prints CPU seconds with children, and the peak memory.

    python benchmarks/measure.py CASE CONTENDER

The whole figure of a training is what the process and its children spent between its start and its return.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from cases import CASES

CONTENDERS = ("bare", "pickle", "fitprint", "fitprint, no metrics", "mlflow")


def cpu_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def with_contender(train: Callable[[], Any], contender: str, folder: str) -> Callable[[], Any]:
    """Turns the contender on. Returns what to call instead of the bare training."""
    if contender == "pickle":

        def trained_and_pickled() -> Any:
            model = train()
            with open(os.path.join(folder, "model.pkl"), "wb") as file:
                pickle.dump(model, file, protocol=5)
            return model

        return trained_and_pickled
    if contender.startswith("fitprint"):
        import fitprint

        fitprint.autolog(store=folder, quiet=True, log_training_metrics="no metrics" not in contender)
    if contender == "mlflow":
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
        mlflow.autolog(silent=True)
    return train


def measure(name: str, contender: str) -> dict[str, float]:
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        train = with_contender(case.make(), contender, folder)
        repeats = case.repeats_of_peer if contender == "mlflow" else case.repeats
        spent, walls = [], []
        for _ in range(repeats + (repeats > 1)):
            cpu, wall = cpu_seconds(), time.perf_counter()
            train()
            spent.append(cpu_seconds() - cpu)
            walls.append(time.perf_counter() - wall)
        counted = slice(1, None) if repeats > 1 else slice(None)
        return {
            "cpu": statistics.median(spent[counted]),
            "wall": statistics.median(walls[counted]),
            "peak": peak_megabytes(),
        }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
