"""Metrics of what LightGBM's models predict, made by scikit-learn's functions or by the estimators themselves."""

from __future__ import annotations

import lightgbm
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

import fitprint

PARAMS = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1}


def test_estimators(recorded, frames):
    X, y, X_test, y_test = frames
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(X, y)
    run = fitprint.run_of(model)
    accuracy = accuracy_score(y_test, model.predict(X_test))
    assert roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]) == run.metrics["roc_auc_score_X_test"]
    assert model.score(X_test, y_test) == accuracy
    model.score(X, y)
    assert run.metrics["accuracy_score_X_test"] == run.metrics["LGBMClassifier_score_X_test"] == accuracy
    training = {name: facts["training_data"] for name, facts in run.evaluations.items()}
    assert [name for name, is_training in training.items() if is_training] == ["LGBMClassifier_score_X"]


def test_boosters(recorded, frames):
    X, y, X_test, y_test = frames
    booster = lightgbm.train(PARAMS, lightgbm.Dataset(X, y), 5)
    probabilities = booster.predict(X_test)
    run = fitprint.run_of(booster)
    assert roc_auc_score(y_test, probabilities) == run.metrics["roc_auc_score_X_test"]
    assert log_loss(y, booster.predict(X)) == run.metrics["log_loss_X"]
    accuracy_score(y_test, probabilities > 0.5)
    facts = {name: facts["training_data"] for name, facts in run.evaluations.items()}
    assert facts == {"roc_auc_score_X_test": False, "log_loss_X": True}
