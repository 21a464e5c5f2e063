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

if __name__ == "__main__":
    fitprint.autolog(quiet=True, strict=True)
    import dask.array as da, dask.dataframe as dd, lightgbm

    predicted = {}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        dX, dy = dd.from_pandas(X, npartitions=2), dd.from_pandas(y, npartitions=2)
        aX, ay = da.from_array(X.to_numpy(), chunks=(200, 3)), da.from_array(y.to_numpy(), chunks=200)
        model = lightgbm.DaskLGBMClassifier(n_estimators=4, client=client, verbose=-1)
        assert model.fit(dX, dy, EVALS) is model
        predicted["DaskLGBMClassifier"] = model.predict(dX).compute().tolist()
        regressor = lightgbm.DaskLGBMRegressor(n_estimators=3, client=client, verbose=-1)
        regressor.fit(aX, ay)
        predicted["DaskLGBMRegressor"] = regressor.predict(aX).compute().tolist()
    print(json.dumps(predicted))
"""
STOCK_MLFLOW = """
import sys, json
import numpy as np, pandas as pd, mlflow
X = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=list("abc"))
print(json.dumps(np.asarray(mlflow.pyfunc.load_model(sys.argv[1]).predict(X)).tolist()))
"""


@pytest.fixture
def trained(run_python, store):
    """Runs the driver. Returns what it predicted, and the runs by their names."""
    import lightgbm

    evals = "eval_X=dX, eval_y=dy" if "eval_X" in lightgbm.LGBMModel.fit.__code__.co_varnames else "eval_set=[(dX, dy)]"
    done = run_python(TRAINS.replace("EVALS", evals))
    runs = fitprint.runs()
    assert len({run.name for run in runs}) == len(runs), runs
    return json.loads(done.stdout.splitlines()[-1]), {run.name: run for run in runs}


def test_each_training_is_one_run_and_its_package_needs_no_dask(trained, run_python, mlflow_pythons):
    predicted, runs = trained
    assert set(runs) == {"DaskLGBMClassifier", "DaskLGBMRegressor"}
    classifier, regressor = runs["DaskLGBMClassifier"], runs["DaskLGBMRegressor"]
    for run in (classifier, regressor):
        assert (run.status, run.flavor, run.parent_id) == ("FINISHED", "lightgbm", None)
        assert {"feature_importance.json"} <= set(run.artifacts)
        assert [skip.rule for skip in run.skipped] == ["distributed"]
        assert "client" not in run.params
    assert [step for step, _ in classifier.metric_history("valid_0-binary_logloss")] == [0, 1, 2, 3]
    assert (classifier.params["n_estimators"], classifier.params["objective"]) == (4, "binary")

    X = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=list("abc"))
    for run, data in ((classifier, X), (regressor, X.to_numpy())):
        loaded = fitprint.load_model(str(run.model_path))
        assert np.asarray(loaded.predict(data)).tolist() == pytest.approx(predicted[run.name])
    inputs = fitprint.load_model(str(classifier.model_path)).metadata.signature.inputs
    assert [column.name for column in inputs] == ["a", "b", "c"]
    done = run_python(
        """
        import sys
        sys.modules["dask"] = sys.modules["distributed"] = None
        import fitprint
        for path in sys.argv[1:]:
            print(type(fitprint.lightgbm.load_model(path)).__name__)
        """,
        *(run.model_path for run in (classifier, regressor)),
    )
    assert done.stdout.split() == ["LGBMClassifier", "LGBMRegressor"]
    for python in mlflow_pythons.values():
        done = run_python(STOCK_MLFLOW, classifier.model_path, python=python)
        assert json.loads(done.stdout.splitlines()[-1]) == pytest.approx(predicted[classifier.name])
