"""Metrics of what CatBoost's models predict, made by scikit-learn's functions or by the models themselves."""

from __future__ import annotations

import catboost
from sklearn.metrics import accuracy_score, roc_auc_score

import fitprint

FEW = {"iterations": 5, "thread_count": 1, "verbose": False, "allow_writing_files": False, "random_seed": 1}


def test_estimators(recorded, frames):
    X, y, X_test, y_test = frames
    model = catboost.CatBoostClassifier(**FEW).fit(X, y)
    run = fitprint.run_of(model)
    accuracy = accuracy_score(y_test, model.predict(X_test))
    assert roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]) == run.metrics["roc_auc_score_X_test"]
    assert model.score(X_test, y_test) == accuracy
    model.score(X, y)
    assert run.metrics["accuracy_score_X_test"] == run.metrics["CatBoostClassifier_score_X_test"] == accuracy
    training = {name: facts["training_data"] for name, facts in run.evaluations.items()}
    assert [name for name, is_training in training.items() if is_training] == ["CatBoostClassifier_score_X"]


def test_pools(recorded, frames):
    X, y, X_test, y_test = frames
    model = catboost.CatBoost({**FEW, "loss_function": "Logloss"}).fit(catboost.Pool(X, y))
    pool = catboost.Pool(X_test, y_test)
    run = fitprint.run_of(model)
    assert roc_auc_score(y_test, model.predict(pool)) == run.metrics["roc_auc_score_pool"]
    assert run.evaluations["roc_auc_score_pool"]["training_data"] is False
