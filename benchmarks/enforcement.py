"""What enforcing a signature of 20 columns costs, in microseconds, and a prediction through it beside the bare one.

    python benchmarks/enforcement.py fitprint | mlflow

MLflow's own enforcement is measured by the interpreter of its environment.
"""

from __future__ import annotations

import json
import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = [f"column_{number}" for number in range(20)]
ROWS = {"one row": 1, "10,000 rows": 10_000}


def frame(rows: int) -> pd.DataFrame:
    """Doubles and whole numbers, as the signature says them."""
    found = pd.DataFrame(np.random.default_rng(0).random((rows, len(COLUMNS))), columns=COLUMNS)
    return found.assign(**{name: (found[name] * 100).astype("int64") for name in COLUMNS[:5]})


def microseconds(call: Callable[[], Any]) -> float:
    """The best of several rounds: what disturbs only ever adds."""
    number = max(1, int(0.02 / timeit.timeit(call, number=1)))
    return min(timeit.repeat(call, number=number, repeat=9)) / number * 1e6


def of_fitprint() -> dict[str, float]:
    from fitprint.models import infer_signature
    from fitprint.models.enforcement import enforce_inputs

    schema = infer_signature(frame(10)).inputs
    assert schema is not None
    found = {}
    for name, rows in ROWS.items():
        data = frame(rows)
        shuffled = data[COLUMNS[::-1]]
        found[name] = microseconds(lambda data=data: enforce_inputs(data, schema, lossless=True))
        found[f"{name}, columns in another order"] = microseconds(
            lambda data=shuffled: enforce_inputs(data, schema, lossless=True)
        )
    return {**found, **predictions()}


def of_mlflow() -> dict[str, float]:
    from mlflow.models import infer_signature
    from mlflow.models.utils import _enforce_schema

    schema = infer_signature(frame(10)).inputs
    found = {}
    for name, rows in ROWS.items():
        data = frame(rows)
        shuffled = data[COLUMNS[::-1]]
        found[name] = microseconds(lambda data=data: _enforce_schema(data, schema))
        found[f"{name}, columns in another order"] = microseconds(lambda data=shuffled: _enforce_schema(data, schema))
    return found


def predictions() -> dict[str, float]:
    """A small model's own prediction of 10,000 rows, and the one of its loaded package."""
    from sklearn.linear_model import LogisticRegression

    import fitprint

    data = frame(10_000)
    model = LogisticRegression(max_iter=1000).fit(data, data[COLUMNS[-1]] > 0.5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        fitprint.save_model(model, path, signature=fitprint.infer_signature(data, model.predict(data)))
        loaded = fitprint.load_model(path)
        return {
            "bare predict": microseconds(lambda: model.predict(data)),
            "predict of the package": microseconds(lambda: loaded.predict(data)),
        }


if __name__ == "__main__":
    print(json.dumps({"fitprint": of_fitprint, "mlflow": of_mlflow}[sys.argv[1]]()))
