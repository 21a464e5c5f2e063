"""What the tests of the flavor share: a data set, and other processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer


class Data(NamedTuple):
    X: Any
    y: Any
    X_test: Any
    y_test: Any


@pytest.fixture(scope="session")
def frames() -> Data:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, :6]
    return Data(X[:400], y[:400], X[400:], y[400:])


@pytest.fixture(scope="session")
def arrays(frames: Data) -> Data:
    return Data(*(each.to_numpy() for each in frames))


@pytest.fixture
def load_elsewhere(run_python: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Loads a package in a process of its own, with fitprint or with stock MLflow, and gives its predictions."""

    def load(package: Path, data: Any, python: str | None = None) -> Any:
        data.to_pickle(tmp_path / "data") if hasattr(data, "to_pickle") else np.save(tmp_path / "data.npy", data)
        script = f"""
            import sys, numpy as np
            if {python is not None}:
                from mlflow.pyfunc import load_model
            else:
                from fitprint import load_model
            if {hasattr(data, "to_pickle")}:
                import pandas as pd
                data = pd.read_pickle("data")
            else:
                data = np.load("data.npy")
            np.save("predicted.npy", load_model(sys.argv[1]).predict(data))
        """
        run_python(script, package, **({"python": python} if python else {}))
        return np.load(tmp_path / "predicted.npy")

    return load
