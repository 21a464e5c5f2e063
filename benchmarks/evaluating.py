"""What evaluating a model on 10,000 rows costs, in CPU milliseconds: `fitprint.evaluate` and MLflow's evaluator.

    python benchmarks/evaluating.py fitprint | mlflow

Both train the same model with scikit-learn and evaluate it by its package. MLflow runs by the interpreter of its
environment, and without its explanations of the model, which would take longer still.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression

ROWS, REPEATS = 10_000, {"fitprint": 15, "mlflow": 3}
TARGET = "target"


def _frame(inputs: Any, target: Any) -> pd.DataFrame:
    columns = [f"column {number}" for number in range(inputs.shape[1])]
    return pd.DataFrame(inputs, columns=columns).assign(**{TARGET: target})


def cases() -> dict[str, tuple[Any, pd.DataFrame, str]]:
    """From the name of a case to a trained model, data, and the type of the model."""
    two = _frame(*make_classification(ROWS, 20, random_state=0))
    three = _frame(*make_classification(ROWS, 20, n_classes=3, n_informative=6, random_state=0))
    numbers = _frame(*make_regression(ROWS, 20, noise=5, random_state=0))
    found = {}
    for name, model, frame, model_type in (
        ("two classes", LogisticRegression(), two, "classifier"),
        ("three classes", LogisticRegression(), three, "classifier"),
        ("regression", LinearRegression(), numbers, "regressor"),
    ):
        found[name] = model.fit(frame.drop(columns=TARGET), frame[TARGET]), frame, model_type
    return found


def of_fitprint(model: Any, frame: pd.DataFrame, model_type: str) -> Callable[[], Any]:
    import fitprint

    fitprint.set_tracking_uri("runs")
    with fitprint.start_run():
        info = fitprint.log_model(model)
    loaded = fitprint.load_model(info.path)  # its folder has moved with the end of the run
    return lambda: fitprint.evaluate(loaded, frame, TARGET, model_type=model_type)


def of_mlflow(model: Any, frame: pd.DataFrame, model_type: str) -> Callable[[], Any]:
    import mlflow

    logging.disable()
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run():
        package = mlflow.sklearn.log_model(model, name="model").model_uri
    loaded = mlflow.pyfunc.load_model(package)
    return lambda: mlflow.models.evaluate(
        loaded,
        frame,
        targets=TARGET,
        model_type=model_type,
        evaluators="default",
        evaluator_config={"log_model_explainability": False},
    )


def milliseconds(evaluate: Callable[[], Any], repeats: int) -> float:
    """CPU time of this process in one evaluation: the median, after a first one that is not counted."""
    spent = []
    for _ in range(repeats + 1):
        began = time.process_time()
        evaluate()
        spent.append(time.process_time() - began)
    return statistics.median(spent[1:]) * 1000


if __name__ == "__main__":
    contender = sys.argv[1]
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make = {"fitprint": of_fitprint, "mlflow": of_mlflow}[contender]
        found = {name: milliseconds(make(*case), REPEATS[contender]) for name, case in cases().items()}
        print(json.dumps(found))
        os.chdir("/")
