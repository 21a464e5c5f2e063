"""Metrics of what XGBoost's models predict, made by scikit-learn's functions or by the estimators themselves."""

from __future__ import annotations

import pytest
import xgboost
from sklearn.metrics import accuracy_score, get_scorer, log_loss, roc_auc_score

import fitprint

FEW = {"n_estimators": 5, "n_jobs": 1}


def evaluations(model):
    return fitprint.run_of(model).evaluations


def test_estimators(recorded, frames):
    X, y, X_test, y_test = frames
    model = xgboost.XGBClassifier(**FEW).fit(X, y)
    run = fitprint.run_of(model)
    accuracy = accuracy_score(y_test, model.predict(X_test))
    assert roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]) == run.metrics["roc_auc_score_X_test"]
    assert model.score(X_test, y_test) == accuracy
    assert get_scorer("roc_auc")(model, X_test, y_test) == run.metrics["roc_auc_score-2_X_test"]
    model.score(X, y)
    assert run.metrics["accuracy_score_X_test"] == run.metrics["XGBClassifier_score_X_test"] == accuracy
    training = {name: facts["training_data"] for name, facts in run.evaluations.items()}
    assert [name for name, is_training in training.items() if is_training] == ["XGBClassifier_score_X"]
    assert list(training.values()).count(False) == 4


def test_boosters_and_matrices(recorded, frames):
    X, y, X_test, y_test = frames
    training, test = xgboost.DMatrix(X, y), xgboost.DMatrix(X_test, y_test)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, training, 5)
    probabilities = booster.predict(test)
    run = fitprint.run_of(booster)
    assert roc_auc_score(y_test, probabilities) == run.metrics["roc_auc_score_test"]
    assert log_loss(y, booster.predict(training)) == run.metrics["log_loss_training"]
    roc_auc_score(y_test, booster.inplace_predict(X_test))
    accuracy_score(y_test, probabilities > 0.5)
    facts = {name: (facts["rows"], facts["training_data"]) for name, facts in run.evaluations.items()}
    assert facts == {
        "roc_auc_score_test": (len(X_test), False),
        "log_loss_training": (len(X), True),
        "roc_auc_score_X_test": (len(X_test), False),
    }


def test_a_matrix_whose_table_is_gone_has_a_name(recorded, frames):
    X, y, X_test, y_test = frames
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(X, y), 2)
    test = xgboost.DMatrix(X_test.copy())
    roc_auc_score(y_test, booster.predict(test))
    assert evaluations(booster)["roc_auc_score_test"]["digest"] is None


def test_an_estimator_scores_itself_without_scikit_learn_s_flavor(store, frames):
    fitprint.autolog("xgboost", strict=True)
    model = xgboost.XGBRegressor(**FEW).fit(frames.X, frames.y)
    X_test, y_test = frames.X_test, frames.y_test
    model.score(X_test, y_test)
    roc_auc_score(y_test, model.predict(X_test))  # the functions of sklearn.metrics belong to the other flavor
    assert list(evaluations(model)) == ["XGBRegressor_score_X_test"]


def test_turned_off(recorded, frames):
    fitprint.autolog(log_post_training_metrics=False)
    model = xgboost.XGBClassifier(**FEW).fit(frames.X, frames.y)
    model.score(frames.X_test, frames.y_test)
    accuracy_score(frames.y_test, model.predict(frames.X_test))
    assert evaluations(model) == {}


@pytest.fixture
def restored():
    before = vars(xgboost.Booster)["predict"], vars(xgboost.XGBModel)["predict"]
    yield
    assert (vars(xgboost.Booster)["predict"], vars(xgboost.XGBModel)["predict"]) == before


def test_disable_restores_what_predicts(restored, store):
    fitprint.autolog("xgboost", quiet=True)
    assert "score" not in vars(xgboost.XGBClassifier)
    fitprint.disable()
