"""What is trained: each case gives a function that trains once, and how often it is worth repeating."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator
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
    module: str = "sklearn"
    """What it trains with: where that is not installed, the case is left out."""


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


def _frame(rows: int, columns: int) -> tuple[Any, Any]:
    """Numbers with named columns, and two classes."""
    import pandas as pd

    generator = np.random.default_rng(0)
    values = generator.normal(size=(rows, columns))
    return pd.DataFrame(values, columns=[f"column {i}" for i in range(columns)]), (values[:, 0] > 0).astype(int)


def _mixed_frame() -> tuple[Any, Any]:
    """3,000 columns, of which one is a category and one holds whole numbers and missing values."""
    import pandas as pd

    inputs, target = _frame(1000, 2998)
    counts = pd.array([None if row % 9 == 0 else row % 5 for row in range(1000)], dtype="Int64")
    return inputs.assign(level=pd.Categorical(list("abcd") * 250), count=counts), target


def _bayes(inputs: Any, target: Any) -> Callable[[], Any]:
    from sklearn.naive_bayes import GaussianNB

    return lambda: GaussianNB().fit(inputs, target)


def _xgboost(inputs: Any, target: Any) -> Callable[[], Any]:
    from xgboost import XGBClassifier

    return lambda: XGBClassifier(n_estimators=20, n_jobs=1, enable_categorical=True).fit(inputs, target)


def _lightgbm(inputs: Any, target: Any) -> Callable[[], Any]:
    from lightgbm import LGBMClassifier

    return lambda: LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1).fit(inputs, target)


def _catboost(inputs: Any, target: Any) -> Callable[[], Any]:
    from catboost import CatBoostClassifier

    made = {"iterations": 20, "thread_count": 1, "verbose": False, "allow_writing_files": False}
    return lambda: CatBoostClassifier(**made).fit(inputs, target)


TABLES = {
    "array of 30 columns": lambda: (_frame(569, 30)[0].to_numpy(), _frame(569, 30)[1]),
    "frame of 30 columns": lambda: _frame(569, 30),
    "frame of 3,000 columns": lambda: _frame(1000, 3000),
}
MIXED = "frame of 3,000 columns, mixed"
MODELS = {
    "GaussianNB": (_bayes, "sklearn"),
    "XGBClassifier": (_xgboost, "xgboost"),
    "LGBMClassifier": (_lightgbm, "lightgbm"),
    "CatBoostClassifier": (_catboost, "catboost"),
}


def _tables() -> Iterator[Case]:
    """Each model on each table; the mixed one for those that take categories without being told which they are."""
    for name, (train, module) in MODELS.items():
        tables = TABLES | ({MIXED: _mixed_frame} if module in ("xgboost", "lightgbm") else {})
        for table, make in tables.items():
            repeats = 20 if " 30 " in table else 5
            yield Case(f"{name}, {table}", lambda train=train, make=make: train(*make()), repeats, 1, module)


CASES = {
    case.name: case
    for case in (
        Case("LogisticRegression, iris", logistic_regression, 60, 3),
        Case("Pipeline, iris", pipeline, 60, 3),
        Case("GridSearchCV 12 x 3, iris", grid_search, 10, 3),
        Case("KNN, 20k x 20", neighbours, 5, 1),
        Case("RandomForest(100), 20k x 20", forest, 2, 1),
        Case("forest of 300 MB", large_forest, 1, 1),
        Case("XGBClassifier, 200 rounds, eval_set", boosted_classifier, 5, 2, "xgboost"),
        Case("xgboost.train, 1000 rounds, 2 evals", boosting_rounds, 10, 3, "xgboost"),
        *_tables(),
    )
    if importlib.util.find_spec(case.module)
}

warnings.filterwarnings("ignore")
