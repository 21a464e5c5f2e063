"""What MLflow's autologging records of XGBoost is recorded here too, under the same names and with equal values."""

from __future__ import annotations

import pytest

PROGRAM = """
    import importlib, json, logging, sys, warnings
    import numpy as np, pandas as pd, xgboost
    from sklearn.datasets import load_iris
    mlflow = importlib.import_module(sys.argv[1])
    if sys.argv[1] == "mlflow":
        importlib.import_module("mlflow.xgboost")
    mlflow.set_tracking_uri("sqlite:///mlflow.db" if sys.argv[1] == "mlflow" else "store")
    warnings.simplefilter("ignore")
    logging.disable()
    X, y = load_iris(return_X_y=True)
    data = xgboost.DMatrix(pd.DataFrame(X, columns=list("abcd")), y)
    held_out = xgboost.DMatrix(pd.DataFrame(X[::3], columns=list("abcd")), y[::3])
    params = {"objective": "multi:softprob", "num_class": 3, "eval_metric": ["merror", "mlogloss"]}
    both = [(data, "train"), (held_out, "valid")]
    ranked = xgboost.DMatrix(np.array([[0], [1]]), label=[1, 0])
    ranking = {"objective": "rank:pairwise", "eval_metric": ["ndcg@2", "error"]}
    fits = {
        "defaults": lambda: xgboost.train(params, data),
        "two sets": lambda: xgboost.train(params, data, num_boost_round=6, evals=both, verbose_eval=False),
        "early stopping": lambda: xgboost.train(
            params, data, num_boost_round=40, evals=both, early_stopping_rounds=2, verbose_eval=False
        ),
        "names with an at sign": lambda: xgboost.train(
            ranking, ranked, num_boost_round=1, evals=[(ranked, "train")], verbose_eval=False
        ),
        "regressor": lambda: xgboost.XGBRegressor(n_estimators=5).fit(X, y),
        "classifier": lambda: xgboost.XGBClassifier(n_estimators=5, early_stopping_rounds=2).fit(
            X, y, eval_set=[(X, y)], verbose=False
        ),
    }
    mlflow.xgboost.autolog(log_models=False, extra_tags={"team": "x"})
    found = {}
    for name, fit in fits.items():
        with mlflow.start_run() as run:
            fit()
        read = mlflow.get_run(run.info.run_id)
        found[name] = {
            "params": {name: str(value) for name, value in read.data.params.items()},
            "metrics": read.data.metrics,
            "tags": read.data.tags,
        }
    print(json.dumps(found))
"""
OF_THE_PROGRAM = {"mlflow.runName", "mlflow.source.name"}


@pytest.mark.mlflow
@pytest.mark.slow
def test_what_mlflow_records_is_recorded_with_equal_values(run_as_mlflow):
    expected, found = run_as_mlflow(PROGRAM)
    for name, run in expected.items():
        ours = found[name]
        assert run["params"].items() <= ours["params"].items(), name
        metrics = {
            metric.replace("_at_", "@"): value for metric, value in run["metrics"].items()
        }  # XGBoost's own names
        assert {metric: ours["metrics"].get(metric) for metric in metrics} == pytest.approx(metrics), name
        tags = {tag: value for tag, value in run["tags"].items() if tag not in OF_THE_PROGRAM}
        assert {tag: ours["tags"].get(tag) for tag in tags} == tags, name
