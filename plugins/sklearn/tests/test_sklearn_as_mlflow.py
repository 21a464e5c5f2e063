"""What MLflow's autologging records of scikit-learn is recorded too, under the same names and with equal values."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import fitprint

PROGRAM = """
    import importlib, json, logging, os, sys, warnings
    import numpy as np, pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.datasets import load_breast_cancer, load_iris
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression, RANSACRegressor, Ridge, SGDRegressor
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, LinearSVC
    mlflow = importlib.import_module(sys.argv[1])
    if sys.argv[1] == "mlflow":
        importlib.import_module("mlflow.sklearn")
    mlflow.set_tracking_uri("sqlite:///mlflow.db" if sys.argv[1] == "mlflow" else "store")
    warnings.simplefilter("ignore")
    logging.disable()
    X, y = load_iris(return_X_y=True)
    frame = pd.DataFrame(X, columns=list("abcd"))
    binary = load_breast_cancer(return_X_y=True)
    weights = np.arange(1.0, 151.0)
    grid = {"C": [0.1, 1.0]}
    fits = {
        "multiclass": lambda: LogisticRegression(max_iter=500).fit(frame, y),
        "binary": lambda: RandomForestClassifier(5, random_state=0).fit(*binary),
        "without probabilities": lambda: SVC().fit(X, y),
        "regression": lambda: LinearRegression().fit(X, y),
        "weights by position": lambda: Ridge().fit(X, y, weights),
        "weights by name": lambda: Ridge().fit(X, y, sample_weight=weights),
        "arguments by name": lambda: Ridge().fit(y=y, X=X),
        "an argument of fit alone": lambda: SGDRegressor(random_state=0).fit(X, y, intercept_init=0),
        "meta-estimator": lambda: RANSACRegressor(random_state=0).fit(X, y),
        "pipeline": lambda: make_pipeline(StandardScaler(), Ridge()).fit(X, y),
        "clusters": lambda: KMeans(3, random_state=0).fit(X),
        "decomposition": lambda: PCA(2).fit(X),
        "only prepares data": lambda: StandardScaler().fit(X),
        "search": lambda: GridSearchCV(SVC(), grid, return_train_score=True).fit(X, y),
        "search without refit": lambda: GridSearchCV(SVC(), grid, refit=False).fit(X, y),
        "fails": lambda: LinearSVC(C=-1).fit(X, y),
    }
    mlflow.sklearn.autolog(log_models=False, extra_tags={"team": "x"})
    found = {}
    for name, fit in fits.items():
        with mlflow.start_run() as run:
            try:
                fit()
            except ValueError:
                pass
        read = mlflow.get_run(run.info.run_id)
        found[name] = {
            "params": {name: str(value) for name, value in read.data.params.items()},
            "metrics": read.data.metrics,
            "tags": read.data.tags,
            "status": read.info.status,
        }
    print(json.dumps(found))
"""
OTHERWISE = {
    "error_score": {"NaN"},
    "max_skips": {"Infinity"},
    "stop_n_inliers": {"Infinity"},
    "stop_score": {"Infinity"},
    "steps": {"[['standardscaler', 'StandardScaler()'], ['ridge', 'Ridge()']]"},
}
"""Params whose text differs from MLflow's, which is ``str`` of them: here JSON keeps their types."""
OF_THE_PROGRAM = {"mlflow.runName", "mlflow.source.name"}


@pytest.mark.mlflow
@pytest.mark.slow
def test_what_mlflow_records_is_recorded_with_equal_values(run_as_mlflow):
    expected, found = run_as_mlflow(PROGRAM)
    for name, run in expected.items():
        ours = found[name]
        differing = {param: ours["params"].get(param) for param, value in run["params"].items()
                     if ours["params"].get(param) != value}  # fmt: skip
        assert all(text in OTHERWISE.get(param, ()) for param, text in differing.items()), (name, differing)
        times = {metric for metric in run["metrics"] if metric.endswith(("_time", "_times"))}
        metrics = {metric: value for metric, value in run["metrics"].items() if metric not in times}
        assert {metric: ours["metrics"].get(metric) for metric in metrics} == pytest.approx(metrics, abs=1e-9), name
        assert times <= {*ours["metrics"]}, name
        tags = {tag: value for tag, value in run["tags"].items() if tag not in OF_THE_PROGRAM}
        assert {tag: ours["tags"].get(tag) for tag in tags} == tags, name
        assert ours["status"] == run["status"], name


def test_the_best_estimator_of_a_search_has_mlflow_s_name_too(recorded):
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=3).fit(X, y)
    run = fitprint.last_run()
    best = fitprint.sklearn.load_model(f"runs:/{run.run_id}/best_estimator")
    assert best.get_params() == search.best_estimator_.get_params()
    assert list(run.models) == ["model"], "one package, by two names"
    again = fitprint.load_model(f"runs:/{run.run_id}/model")
    assert again.predict(X).tolist() == best.predict(X).tolist() == search.predict(X).tolist()
    LogisticRegression(max_iter=500).fit(X, y)
    alone = fitprint.last_run().run_id
    with pytest.raises(
        fitprint.models.PackageError, match="has no model or artifact 'best_estimator'; its models: model"
    ):
        fitprint.load_model(f"runs:/{alone}/best_estimator")


def test_children_of_a_search_are_found_by_mlflow_s_tag(recorded):
    X, y = load_iris(return_X_y=True)
    with fitprint.start_run() as parent:
        GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=3).fit(X, y)
    frame = fitprint.search_runs()
    children = frame[frame["tags.mlflow.parentRunId"] == parent.run_id]
    assert sorted(children["params.C"]) == [0.1, 1.0]
    assert set(children["tags.mlflow.autologging"]) == {"sklearn"}
    assert set(children["tags.estimator_name"]) == {"LogisticRegression"}
