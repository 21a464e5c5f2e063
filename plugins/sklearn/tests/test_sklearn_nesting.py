"""One run per outermost training call: every kind of nesting, each of joblib's backends, beside the user's threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

BACKENDS = ["loky", "threading", "multiprocessing"]

SCRIPT = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fitprint
import joblib
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier, BaggingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv
from sklearn.feature_selection import RFE, RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

X, y = load_iris(return_X_y=True)
both = np.column_stack([y == 1, y == 2]).astype(int)
GRID = {"max_depth": [1, 2]}


class Meta(ClassifierMixin, BaseEstimator):
    def __init__(self, n_jobs=None):
        self.n_jobs = n_jobs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.parts_ = self.train([DecisionTreeClassifier(max_depth=depth) for depth in (1, 2, 3, 4)], X, y)
        return self

    def predict(self, X):
        return self.parts_[-1].predict(X)


class Serial(Meta):
    def train(self, models, X, y):
        return [model.fit(X, y) for model in models]


class WithJoblib(Meta):
    def train(self, models, X, y):
        return joblib.Parallel(self.n_jobs)(joblib.delayed(model.fit)(X, y) for model in models)


class WithThreads(Meta):
    def train(self, models, X, y):
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda model: model.fit(X, y), models))


def halves(n_jobs):
    return HalvingGridSearchCV(DecisionTreeClassifier(), GRID, cv=2, n_jobs=n_jobs, min_resources=40)


def in_a_pipeline(n_jobs):
    union = FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())], n_jobs=n_jobs)
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3])], n_jobs=n_jobs)
    return make_pipeline(columns, union, SelectFromModel(DecisionTreeClassifier()), GaussianNB())


def selector(kind, **options):
    return lambda n_jobs: make_pipeline(kind(DecisionTreeClassifier(), n_jobs=n_jobs, **options), GaussianNB())


two = [("a", GaussianNB()), ("b", DecisionTreeClassifier())]
CASES = {
    "pipeline": in_a_pipeline,
    "grid search": lambda n: GridSearchCV(DecisionTreeClassifier(), GRID, cv=2, n_jobs=n),
    "random search": lambda n: RandomizedSearchCV(DecisionTreeClassifier(), GRID, n_iter=2, cv=2, n_jobs=n),
    "halving search": halves,
    "search of a pipeline": lambda n: GridSearchCV(in_a_pipeline(n), {"gaussiannb__priors": [None]}, cv=2, n_jobs=n),
    "bagging": lambda n: BaggingClassifier(DecisionTreeClassifier(), 4, n_jobs=n),
    "bagging of bagging": lambda n: BaggingClassifier(BaggingClassifier(n_estimators=2, n_jobs=n), 2, n_jobs=n),
    "forest": lambda n: RandomForestClassifier(4, n_jobs=n),
    "voting": lambda n: VotingClassifier(two, n_jobs=n),
    "stacking": lambda n: StackingClassifier(two, final_estimator=GaussianNB(), cv=2, n_jobs=n),
    "one against the rest": lambda n: OneVsRestClassifier(GaussianNB(), n_jobs=n),
    "one against one": lambda n: OneVsOneClassifier(GaussianNB(), n_jobs=n),
    "output code": lambda n: OutputCodeClassifier(GaussianNB(), n_jobs=n),
    "several outputs": lambda n: MultiOutputClassifier(GaussianNB(), n_jobs=n),
    "chain": lambda n: ClassifierChain(GaussianNB(), cv=2),
    "calibration": lambda n: CalibratedClassifierCV(GaussianNB(), cv=2, n_jobs=n),
    "elimination": lambda n: make_pipeline(RFE(DecisionTreeClassifier()), GaussianNB()),
    "elimination, validated": selector(RFECV, cv=2),
    "selection in turn": selector(SequentialFeatureSelector, cv=2, n_features_to_select=2),
    "boosting": lambda n: AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=3),
    "another target": lambda n: TransformedTargetRegressor(
        LinearRegression(n_jobs=n), transformer=StandardScaler()
    ),
    "a meta-estimator, serial": Serial,
    "a meta-estimator, joblib": WithJoblib,
    "a meta-estimator, thread pool": WithThreads,
    "search of a meta-estimator": lambda n: GridSearchCV(WithJoblib(), {"n_jobs": [1, 2]}, cv=2, n_jobs=n),
}


def folders():
    store = Path("store")
    assert not list(store.glob(".open/*"))
    return {path.name for path in store.iterdir() if not path.name.startswith(".")} if store.exists() else set()


def train(name, n_jobs):
    model = CASES[name](n_jobs)
    model.fit(X, both if name in ("several outputs", "chain") else y)
    return type(model).__name__


def measured(work):
    before = folders()
    expected = work()
    runs = [fitprint.get_run(run_id) for run_id in folders() - before]
    assert {run.status for run in runs} == {"FINISHED"}
    return {"expected": sorted(expected), "found": sorted(run.name for run in runs)}


def beside_threads(name):
    names, over, both = [], threading.Event(), threading.Barrier(3)

    def mine(model):
        both.wait()
        for _ in range(8):  # some on either side of what is trained meanwhile, most beside it
            model.fit(X, y)
            names.append(type(model).__name__)
            if over.is_set():
                return

    threads = [threading.Thread(target=mine, args=(model,)) for model in (GaussianNB(), Serial())]
    [thread.start() for thread in threads]
    both.wait()
    names.append(train(name, 2))
    over.set()
    [thread.join() for thread in threads]
    return names


if __name__ == "__main__":
    backend = sys.argv[1]
    if backend == "multiprocessing":
        del CASES["calibration"]  # scikit-learn hands its tasks a module, which this backend cannot pickle
    # of all threads: `parallel_config` would choose it for this one alone
    joblib.register_parallel_backend(backend, joblib.parallel.BACKENDS[backend], make_default=True)
    fitprint.autolog(quiet=True, strict=True, max_child_runs=0, store="store")
    found = {}
    for name in CASES:
        for n_jobs in (1, 2, -1):
            found[f"{name}, n_jobs={n_jobs}"] = measured(lambda: [train(name, n_jobs)])
        found[f"{name}, beside threads"] = measured(lambda: beside_threads(name))
    print(json.dumps(found))
"""


@pytest.fixture(scope="module", params=BACKENDS)
def results(request, tmp_path_factory, starts_processes):
    """What every case left under one of joblib's backends: one script for them all."""
    folder = tmp_path_factory.mktemp(request.param)
    script = folder / "script.py"
    script.write_text(SCRIPT, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FITPRINT_")}
    command = [sys.executable, str(script), request.param]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def differing(results, way):
    cases = {case: result for case, result in results.items() if case.endswith(way)}
    assert len(cases) >= 24
    return {case: result for case, result in cases.items() if result["found"] != result["expected"]}


@pytest.mark.parametrize("way", ["n_jobs=1", "n_jobs=2", "n_jobs=-1"])
def test_a_training_call_is_one_run_whatever_it_trains_in_turn(results, way):
    assert differing(results, way) == {}


def test_a_training_call_is_one_run_while_threads_of_the_user_s_own_train_too(results):
    assert differing(results, "beside threads") == {}
