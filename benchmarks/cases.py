"""What is trained: each case gives a function that trains once, and how often it is worth repeating."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A training, made ready by `make`; ``repeats`` counted runs after one that is not."""

    name: str
    make: Callable[[], Callable[[], Any]]
    repeats: int
    repeats_of_peer: int


def _iris() -> tuple[Any, Any]:
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)


def _twenty_thousand() -> tuple[Any, Any]:
    from sklearn.datasets import make_classification

    return make_classification(20_000, 20, n_informative=10, random_state=0)


def logistic_regression() -> Callable[[], Any]:
    from sklearn.linear_model import LogisticRegression

    inputs, target = _iris()
    return lambda: LogisticRegression(max_iter=300).fit(inputs, target)


def pipeline() -> Callable[[], Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inputs, target = _iris()
    return lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, target)


def grid_search() -> Callable[[], Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    inputs, target = _iris()
    grid = {"C": list(np.logspace(-2, 2, 12))}
    return lambda: GridSearchCV(LogisticRegression(max_iter=300), grid, cv=3).fit(inputs, target)


def neighbours() -> Callable[[], Any]:
    from sklearn.neighbors import KNeighborsClassifier

    inputs, target = _twenty_thousand()
    return lambda: KNeighborsClassifier().fit(inputs, target)


def forest() -> Callable[[], Any]:
    from sklearn.ensemble import RandomForestClassifier

    inputs, target = _twenty_thousand()
    return lambda: RandomForestClassifier(100, random_state=0).fit(inputs, target)


def large_forest() -> Callable[[], Any]:
    from sklearn.ensemble import RandomForestRegressor

    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(40_000, 5))
    target = generator.normal(size=40_000)
    return lambda: RandomForestRegressor(90, random_state=0, n_jobs=1, max_features=1).fit(inputs, target)


def boosted_classifier() -> Callable[[], Any]:
    from xgboost import XGBClassifier

    inputs, target = _twenty_thousand()
    return lambda: XGBClassifier(n_estimators=200, n_jobs=1).fit(
        inputs[:15_000], target[:15_000], eval_set=[(inputs[15_000:], target[15_000:])], verbose=False
    )


def boosting_rounds() -> Callable[[], Any]:
    import xgboost
    from sklearn.datasets import load_breast_cancer

    inputs, target = load_breast_cancer(return_X_y=True)
    training = xgboost.DMatrix(inputs[::2], target[::2])
    validation = xgboost.DMatrix(inputs[1::2], target[1::2])
    params = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    evals = [(training, "train"), (validation, "valid")]
    return lambda: xgboost.train(params, training, 1000, evals=evals, verbose_eval=False)


CASES = {
    case.name: case
    for case in (
        Case("LogisticRegression, iris", logistic_regression, 60, 3),
        Case("Pipeline, iris", pipeline, 60, 3),
        Case("GridSearchCV 12 x 3, iris", grid_search, 10, 3),
        Case("KNN, 20k x 20", neighbours, 5, 1),
        Case("RandomForest(100), 20k x 20", forest, 2, 1),
        Case("forest of 300 MB", large_forest, 1, 1),
        Case("XGBClassifier, 200 rounds, eval_set", boosted_classifier, 5, 2),
        Case("xgboost.train, 1000 rounds, 2 evals", boosting_rounds, 10, 3),
    )
}

warnings.filterwarnings("ignore")
