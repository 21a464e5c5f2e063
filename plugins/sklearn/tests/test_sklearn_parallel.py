"""Recording with joblib: nothing stray from inside a training call, and every fit of the user's own workers."""

from __future__ import annotations

import pytest
from joblib import Parallel, delayed, parallel_backend, parallel_config
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

import fitprint

pytestmark = [pytest.mark.usefixtures("recorded"), pytest.mark.process]

X, y = load_iris(return_X_y=True)

BACKENDS = ["loky", "threading", "multiprocessing"]
GRID = {"max_depth": [1, 2, 3, 4, 5, 6]}

NESTED = {
    "search": lambda: GridSearchCV(DecisionTreeClassifier(), GRID, cv=3).fit(X, y),
    "validation": lambda: cross_validate(BaggingClassifier(n_estimators=2), X, y, cv=3),
    "one against the rest": lambda: OneVsRestClassifier(GaussianNB(), n_jobs=2).fit(X, y),
    "forest": lambda: RandomForestClassifier(4, n_jobs=2).fit(X, y),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NESTED)
def test_fits_inside_a_parallel_training_call_leave_no_runs(backend, name):
    fitprint.autolog(strict=True, max_child_runs=0)
    with parallel_config(backend, n_jobs=2):
        NESTED[name]()
    assert len(fitprint.runs()) == 1


def test_the_older_way_to_choose_a_backend_is_followed_too():
    with parallel_backend("threading", n_jobs=2):
        GridSearchCV(DecisionTreeClassifier(), GRID, cv=3).fit(X, y)
    assert len(fitprint.runs()) == 6


def train(depth):
    return DecisionTreeClassifier(max_depth=depth).fit(X, y).get_depth()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_fit_of_the_users_own_workers_is_recorded(backend):
    depths = Parallel(n_jobs=2, backend=backend)(delayed(train)(depth) for depth in (1, 2, 3, 4))
    assert depths == [1, 2, 3, 4]
    runs = fitprint.runs()
    assert sorted(run.params["max_depth"] for run in runs) == [1, 2, 3, 4]
    assert {run.status for run in runs} == {"FINISHED"}
    assert all(run.metrics["training_score"] > 0.6 and run.model_path for run in runs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_method_bound_to_a_model_is_recorded_in_a_worker(backend):
    fitted = Parallel(n_jobs=2, backend=backend)(delayed(GaussianNB().fit)(X, y) for _ in range(2))
    assert [type(model) for model in fitted] == [GaussianNB] * 2
    assert [run.name for run in fitprint.runs()] == ["GaussianNB"] * 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_fits_in_workers_are_children_of_the_run_they_were_sent_from(backend):
    with fitprint.start_run("study") as study:
        Parallel(n_jobs=2, backend=backend)(delayed(train)(depth) for depth in (1, 2))
    runs = fitprint.runs()
    others = [run for run in runs if run.run_id != study.run_id]
    assert {run.parent_id for run in others} <= {study.run_id}
    assert len(others) + (study.flavor is not None) == 2


def test_a_worker_used_for_a_search_records_the_users_fits_afterwards():
    fitprint.autolog(strict=True, max_child_runs=0)
    GridSearchCV(DecisionTreeClassifier(), GRID, cv=3, n_jobs=2).fit(X, y)
    Parallel(n_jobs=2)(delayed(train)(depth) for depth in (1, 2, 3))
    names = [run.name for run in fitprint.runs()]
    assert sorted(names) == ["DecisionTreeClassifier"] * 3 + ["GridSearchCV"]


def test_suppressed_work_is_not_recorded_in_workers():
    with fitprint.suppress():
        Parallel(n_jobs=2)(delayed(train)(depth) for depth in (1, 2))
    assert fitprint.runs() == []


def test_workers_record_nothing_once_recording_is_off():
    Parallel(n_jobs=2)(delayed(train)(depth) for depth in (1, 2))
    fitprint.disable()
    Parallel(n_jobs=2)(delayed(train)(depth) for depth in (1, 2))
    assert len(fitprint.runs()) == 2


def test_classes_of_a_script_are_recorded_in_workers(run_python):
    done = run_python(
        """
        import fitprint
        from joblib import Parallel, delayed
        from sklearn.base import BaseEstimator
        from sklearn.datasets import load_iris
        from sklearn.model_selection import cross_val_score

        fitprint.autolog(strict=True)
        X, y = load_iris(return_X_y=True)

        class Constant(BaseEstimator):
            def __init__(self, value=0):
                self.value = value
            def fit(self, X, y):
                return self
            def predict(self, X):
                return [self.value] * len(X)
            def score(self, X, y):
                return 0.5

        def train(value):
            Constant(value).fit(X, y)

        if __name__ == "__main__":
            Parallel(n_jobs=2)(delayed(train)(value) for value in range(3))
            cross_val_score(Constant(), X, y, n_jobs=2)
            print(sorted(run.name for run in fitprint.runs()))
        """
    )
    assert done.stdout == "['Constant', 'Constant', 'Constant', 'cross_val_score Constant']\n"
