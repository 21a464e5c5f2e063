"""Trainings that dask distributes: one run, that of the driver; the workers make none, though they record."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import fitprint

TRAINS = """
import json, sys
import numpy as np, pandas as pd
import fitprint
from dask.distributed import Client, LocalCluster

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
y = (X["a"] > 0).astype(int)

def own(part):
    import xgboost
    from fitprint import last_run
    xgboost.XGBRegressor(n_estimators=2).fit(part, part[:, 0])
    return last_run().run_id

if __name__ == "__main__":
    fitprint.autolog(quiet=True, strict=True)
    import dask.array as da, dask.dataframe as dd, xgboost
    from xgboost import dask as dxgb

    predicted = {}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        dX, dy = dd.from_pandas(X, npartitions=2), dd.from_pandas(y, npartitions=2)
        aX, ay = da.from_array(X.to_numpy(), chunks=(200, 3)), da.from_array(y.to_numpy(), chunks=200)
        BODY
    print(json.dumps(predicted))
"""
EVERYTHING = """
        matrix = dxgb.DaskDMatrix(client, dX, dy)
        params = {"objective": "binary:logistic", "max_depth": 3}
        out = dxgb.train(client, params, matrix, num_boost_round=5, evals=[(matrix, "train")], early_stopping_rounds=3)
        predicted["Booster"] = out["booster"].predict(xgboost.DMatrix(X)).tolist()
        predicted["history"] = [float(value) for value in out["history"]["train"]["logloss"]]
        model = dxgb.DaskXGBClassifier(n_estimators=4, max_depth=2)
        model.client = client
        assert model.fit(dX, dy, eval_set=[(dX, dy)]) is model
        predicted["DaskXGBClassifier"] = model.predict(dX).compute().tolist()
        regressor = dxgb.DaskXGBRegressor(n_estimators=3)
        regressor.client = client
        regressor.fit(aX, ay)
        predicted["DaskXGBRegressor"] = regressor.predict(aX).compute().tolist()
        with fitprint.suppress():
            dxgb.train(client, params, matrix, num_boost_round=2)
        predicted["own"] = client.gather(client.submit(own, X.to_numpy()))
"""
STOCK_MLFLOW = """
import sys, json
import numpy as np, pandas as pd, mlflow
X = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=list("abc"))
for path in sys.argv[1:]:
    print(json.dumps(np.asarray(mlflow.pyfunc.load_model(path).predict(X)).tolist()))
"""
FAILS = """
        try:
            dxgb.train(client, {"objective": "no such"}, dxgb.DaskDMatrix(client, dX, dy), num_boost_round=2)
        except xgboost.core.XGBoostError:
            predicted["failed"] = True
"""


@pytest.fixture
def trained(run_python, store):
    """Runs the body of a driver. Returns what it predicted, and the runs by their names."""

    def run(body):
        done = run_python(TRAINS.replace("        BODY", body.strip("\n")))
        runs = fitprint.runs()
        assert len({run.name for run in runs}) == len(runs), runs
        return json.loads(done.stdout.splitlines()[-1]), {run.name: run for run in runs}

    return run


def test_each_training_is_one_run_and_its_package_needs_no_dask(trained, run_python, mlflow_pythons):
    predicted, runs = trained(EVERYTHING)
    own = fitprint.get_run(predicted.pop("own"))
    assert set(runs) == {"Booster", "DaskXGBClassifier", "DaskXGBRegressor", "XGBRegressor"}
    assert own.name == "XGBRegressor", "a task of the user's own, in a worker"
    booster, classifier, regressor = (runs[name] for name in ("Booster", "DaskXGBClassifier", "DaskXGBRegressor"))
    for run in (booster, classifier, regressor):
        assert (run.status, run.flavor, run.parent_id) == ("FINISHED", "xgboost", None)
        assert {"feature_importance.json"} <= set(run.artifacts)
        assert [skip.rule for skip in run.skipped] == ["distributed"]

    assert {name: booster.params[name] for name in ("objective", "max_depth", "num_boost_round")} == {
        "objective": "binary:logistic",
        "max_depth": 3,
        "num_boost_round": 5,
    }
    history = predicted.pop("history")
    assert booster.metric_history("train-logloss") == list(enumerate(history))
    assert booster.metrics["best_iteration"] == 4
    assert [step for step, _ in classifier.metric_history("validation_0-logloss")] == [0, 1, 2, 3]
    assert (classifier.params["n_estimators"], classifier.params["objective"]) == (4, "binary:logistic")

    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
    for run, data in ((booster, X), (classifier, X), (regressor, X.to_numpy())):
        loaded = fitprint.load_model(str(run.model_path))
        assert np.asarray(loaded.predict(data)).tolist() == pytest.approx(predicted[run.name])
    assert [column.name for column in fitprint.load_model(str(classifier.model_path)).metadata.signature.inputs] == [
        "a",
        "b",
        "c",
    ]
    done = run_python(
        """
        import sys
        sys.modules["dask"] = sys.modules["distributed"] = None
        import fitprint, xgboost
        for path in sys.argv[1:]:
            print(type(fitprint.xgboost.load_model(path)).__name__)
        """,
        *(run.model_path for run in (booster, classifier, regressor)),
    )
    assert done.stdout.split() == ["Booster", "XGBClassifier", "XGBRegressor"]
    for python in mlflow_pythons.values():
        done = run_python(STOCK_MLFLOW, booster.model_path, classifier.model_path, python=python)
        for run, line in zip((booster, classifier), done.stdout.splitlines()[-2:], strict=True):
            assert json.loads(line) == pytest.approx(predicted[run.name])


def test_a_training_that_fails_is_one_run_too(trained):
    predicted, runs = trained(FAILS)
    assert predicted == {"failed": True}
    (run,) = runs.values()
    assert (run.status, run.error["type"], run.models) == ("FAILED", "XGBoostError", {})


def test_a_search_over_it_is_one_run(trained):
    _, runs = trained(
        """
        from sklearn.base import BaseEstimator, ClassifierMixin
        from sklearn.model_selection import GridSearchCV

        class OnCluster(ClassifierMixin, BaseEstimator):
            def __init__(self, depth=2):
                self.depth = depth

            def fit(self, X, y):
                self.classes_ = np.unique(y)
                self.model_ = dxgb.DaskXGBClassifier(n_estimators=2, max_depth=self.depth)
                self.model_.client = client
                self.model_.fit(da.from_array(X, chunks=(100, 3)), da.from_array(y, chunks=100))
                return self

            def predict(self, X):
                return self.model_.predict(da.from_array(X, chunks=(100, 3))).compute()

        fitprint.autolog(quiet=True, log_models=False, max_child_runs=0)
        GridSearchCV(OnCluster(), {"depth": [2, 3]}, cv=2).fit(X.to_numpy(), y.to_numpy())
"""
    )
    assert [(run.name, run.parent_id) for run in runs.values()] == [("GridSearchCV", None)]


def test_threads_as_workers(trained):
    _, runs = trained(
        """
        with LocalCluster(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as threads:
            with Client(threads) as inside:
                model = dxgb.DaskXGBRegressor(n_estimators=2)
                model.client = inside
                model.fit(aX, ay)
"""
    )
    assert list(runs) == ["DaskXGBRegressor"]


def test_an_asynchronous_client_has_a_reason(trained):
    _, runs = trained(
        """
        import asyncio

        async def train():
            async with Client(cluster.scheduler_address, asynchronous=True) as inside:
                matrix = await dxgb.DaskDMatrix(inside, aX, ay)
                out = await dxgb.train(inside, {}, matrix, num_boost_round=2)
                return out["booster"].num_boosted_rounds()

        assert asyncio.run(train()) == 2
"""
    )
    (run,) = runs.values()
    assert [skip for skip in run.skipped if skip.what == "model"] == [
        ("model", "distributed", "its dask client is asynchronous, so that the call has returned before the training")
    ]
