"""scikit-learn on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fitprint.testing import Budget, Case, FlavorConformance

NETWORK = {"hidden_layer_sizes": (3,), "early_stopping": True, "tol": 0.1, "n_iter_no_change": 2, "random_state": 0}


def table() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(60, 3)).round(3), columns=["a", "b", "c"])
    return {"X": frame, "y": (frame["a"] + frame["b"] > 0.3).astype(int), "sample_weight": np.ones(60)}


def pipeline() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.5))


def search(data: dict[str, Any]) -> Any:
    return GridSearchCV(pipeline(), {"logisticregression__C": [0.1, 1.0]}, cv=2).fit(data["X"], data["y"])


def steps(data: dict[str, Any]) -> SGDClassifier:
    model = SGDClassifier(random_state=0)
    for start in range(0, 60, 20):
        model.partial_fit(data["X"][start : start + 20], data["y"][start : start + 20], classes=[0, 1])
    return model


def scores(model: Any, data: dict[str, Any]) -> dict[str, float]:
    X, y = data["X"], data["y"]
    predicted = model.predict(X)
    return {"accuracy_score_X": accuracy_score(y, predicted), f"{type(model).__name__}_score_X": model.score(X, y)}


def failing_step(data: dict[str, Any]) -> None:
    steps(data).partial_fit(data["X"], data["y"][:3])


@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")  # of another version: scikit-learn says so
class TestSklearn(FlavorConformance):
    flavor = "sklearn"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.15)
    without = {  # noqa: RUF012
        "test_golden_packages_still_load[steps]": "a loop leaves the same kind of package as a fit",
    }
    cases = (
        Case(
            "pipeline",
            data=table,
            train=lambda data: pipeline().fit(data["X"], data["y"]),
            rows=lambda data: data["X"],
            predict=lambda model, rows: model.predict(rows),
            scores=scores,
            params=lambda model: {
                name: value for name, value in model.get_params().items() if isinstance(value, (int, float, str))
            },
            nested=search,
            fails=lambda data: pipeline().fit(data["X"], data["y"][:3]),
            clone=clone,
        ),
        Case(
            "network",
            data=table,
            train=lambda data: MLPRegressor(**NETWORK).fit(data["X"].to_numpy(), data["y"]),
            rows=lambda data: data["X"].to_numpy(),
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: model.get_params(),
            history=lambda model: {"loss_curve": model.loss_curve_, "validation_scores": model.validation_scores_},
            stopped=lambda model: {"n_iter": model.n_iter_},
            clone=clone,
        ),
        Case(
            "components",
            data=table,
            train=lambda data: PCA(2).fit_transform(data["X"]),
            model=lambda scores: None,
            rows=lambda data: data["X"],
        ),
        Case(
            "steps",
            data=table,
            loop=True,
            train=steps,
            scores=scores,
            rows=lambda data: data["X"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: model.get_params(),
            fails=failing_step,
            clone=clone,
        ),
    )
