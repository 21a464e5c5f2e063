"""One run per outermost training call where XGBoost is inside something else, and in a user's own search of models."""

from __future__ import annotations

import json
from collections import Counter

import pytest

import fitprint

BACKENDS = ["loky", "threading"]
"""None that forks: where a process has trained with XGBoost, its forked children hang in OpenMP, without us too."""

SCRIPT = """
import json, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import fitprint, joblib, numpy as np, xgboost
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

X, y = load_iris(return_X_y=True)
X, y = X[:100], y[:100]


def small():
    return XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1)


def score(model, X, y):
    return model.fit(X[::2], y[::2]).score(X[1::2], y[1::2])


def boosted(rounds, X, y):
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(X[::2], y[::2]), rounds)
    return float(np.mean((booster.predict(xgboost.DMatrix(X[1::2])) > 0.5) == y[1::2]))


class Automatic(ClassifierMixin, BaseEstimator):
    '''Tries several models, of both frameworks, in threads, processes and joblib's workers, and keeps the best.'''

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        models = [small(), GaussianNB(), make_pipeline(StandardScaler(), small())]
        with ThreadPoolExecutor(2) as threads:
            scores = list(threads.map(lambda model: score(clone(model), X, y), models))
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
            futures = [processes.submit(boosted, rounds, X, y) for rounds in (1, 2)]
            scores += [future.result() for future in futures]
        scores += joblib.Parallel(2)(joblib.delayed(score)(clone(model), X, y) for model in models)
        self.best_ = models[int(np.argmax(scores[:3]))].fit(X, y)
        return self

    def predict(self, X):
        return self.best_.predict(X)


TWO = [("a", small()), ("b", GaussianNB())]
CASES = {
    "search": lambda n: GridSearchCV(small(), {"max_depth": [1, 2]}, cv=2, n_jobs=n),
    "pipeline": lambda n: make_pipeline(StandardScaler(), small()),
    "search of a pipeline": lambda n: GridSearchCV(
        make_pipeline(StandardScaler(), small()), {"xgbclassifier__max_depth": [1, 2]}, cv=2, n_jobs=n
    ),
    "bagging": lambda n: BaggingClassifier(small(), 2, n_jobs=n),
    "voting": lambda n: VotingClassifier(TWO, n_jobs=n),
    "stacking": lambda n: StackingClassifier(TWO, final_estimator=small(), cv=2, n_jobs=n),
    "several outputs": lambda n: MultiOutputClassifier(small(), n_jobs=n),
    "automatic": lambda n: Automatic(),
}


def names(work):
    before = {run.run_id for run in fitprint.runs()}
    work()
    return sorted(run.name for run in fitprint.runs() if run.run_id not in before)


def train(name, n_jobs):
    CASES[name](n_jobs).fit(X, np.column_stack([y, 1 - y]) if name == "several outputs" else y)


def of_the_user_s_own():
    models = [GaussianNB(), small(), small()]
    joblib.Parallel(2)(joblib.delayed(score)(model, X, y) for model in models)
    joblib.Parallel(2)(joblib.delayed(boosted)(rounds, X, y) for rounds in (1, 2))


if __name__ == "__main__":
    backend = sys.argv[1]
    joblib.register_parallel_backend(backend, joblib.parallel.BACKENDS[backend], make_default=True)
    fitprint.autolog(quiet=True, strict=True, max_child_runs=0)
    found = {f"{name}, {n_jobs}": names(lambda: train(name, n_jobs)) for name in CASES for n_jobs in (1, 2)}
    found["cross_val_score"] = names(lambda: cross_val_score(small(), X, y, cv=2, n_jobs=2))
    found["own"] = names(of_the_user_s_own)
    print(json.dumps(found))
"""

OWN = ["Booster", "Booster", "GaussianNB", "XGBClassifier", "XGBClassifier"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_trains_xgboost_inside_is_one_run(run_python, store, backend):
    found = json.loads(run_python(SCRIPT, backend).stdout.splitlines()[-1])
    assert found.pop("own") == OWN
    assert found.pop("cross_val_score") == ["cross_val_score XGBClassifier"]
    expected = {"search": "GridSearchCV", "pipeline": "Pipeline", "search of a pipeline": "GridSearchCV"}
    expected |= {"bagging": "BaggingClassifier", "voting": "VotingClassifier", "stacking": "StackingClassifier"}
    expected |= {"several outputs": "MultiOutputClassifier", "automatic": "Automatic"}
    assert found == {f"{name}, {n_jobs}": [run] for name, run in expected.items() for n_jobs in (1, 2)}
    runs = fitprint.runs()
    assert {run.status for run in runs} == {"FINISHED"}
    assert Counter(run.flavor for run in runs) == {"xgboost": 4, "sklearn": 2 * len(expected) + 2}
