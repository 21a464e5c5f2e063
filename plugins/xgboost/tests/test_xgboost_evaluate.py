"""`fitprint.evaluate` of boosters and estimators of XGBoost."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn import metrics as reference
from sklearn.datasets import load_diabetes, load_iris

import fitprint

pytestmark = pytest.mark.usefixtures("recorded")

FEW = {"n_estimators": 5, "n_jobs": 1}
IRIS, KIND = load_iris(return_X_y=True)


def boosted(params, inputs, target):
    return xgboost.train({**params, "nthread": 1}, xgboost.DMatrix(inputs, target), 5)


def test_a_booster_that_predicts_probabilities(frames):
    booster = boosted({"objective": "binary:logistic"}, frames.X, frames.y)
    probability = booster.predict(xgboost.DMatrix(frames.X_test))
    result = fitprint.evaluate(booster, frames.X_test, frames.y_test, data_name="held_out")
    assert result.metrics["accuracy_score"] == np.mean((probability > 0.5) == frames.y_test)
    assert result.metrics["roc_auc"] == pytest.approx(reference.roc_auc_score(frames.y_test, probability))
    run = fitprint.run_of(booster)
    assert result.run is run
    assert run.metrics["roc_auc_held_out"] == result.metrics["roc_auc"]
    matrix = fitprint.evaluate(booster, xgboost.DMatrix(frames.X_test), frames.y_test)
    assert matrix.metrics == result.metrics


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_a_booster_of_several_classes(objective):
    booster = boosted({"objective": objective, "num_class": 3}, IRIS, KIND)
    result = fitprint.evaluate(booster, IRIS, KIND)
    predicted = booster.predict(xgboost.DMatrix(IRIS))
    labels = predicted.argmax(axis=1) if predicted.ndim == 2 else predicted
    assert result.problem == "multiclass classification"
    assert result.metrics["accuracy_score"] == np.mean(labels == KIND)
    assert ("log_loss" in result.metrics) == (objective == "multi:softprob")


def test_margins_are_decision_values(frames):
    booster = boosted({"objective": "binary:logitraw"}, frames.X, frames.y)
    margins = booster.predict(xgboost.DMatrix(frames.X_test))
    result = fitprint.evaluate(booster, frames.X_test, frames.y_test)
    assert result.metrics["accuracy_score"] == np.mean((margins > 0) == frames.y_test)
    assert [skip.what for skip in result.skipped] == ["log_loss"]


def test_a_booster_that_predicts_numbers():
    X, y = load_diabetes(return_X_y=True)
    booster = boosted({}, X, np.round(y))
    result = fitprint.evaluate(booster, X, np.round(y))
    predicted = booster.predict(xgboost.DMatrix(X))
    assert result.problem == "regression"
    assert result.metrics["r2_score"] == pytest.approx(reference.r2_score(np.round(y), predicted))


def test_several_quantiles_of_each_row_are_no_error():
    X, y = load_diabetes(return_X_y=True)
    booster = boosted({"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}, X, y)
    result = fitprint.evaluate(booster, X, y)
    assert result.metrics == {"example_count": len(X)}
    assert "such as quantiles" in result.skipped[0].reason


def test_estimators_and_their_packages(frames):
    model = xgboost.XGBClassifier(**FEW).fit(frames.X, frames.y)
    result = fitprint.evaluate(model, frames.X_test, frames.y_test)
    chances = model.predict_proba(frames.X_test)
    assert result.metrics["log_loss"] == pytest.approx(reference.log_loss(frames.y_test, chances))
    package = fitprint.run_of(model).model_path
    assert fitprint.evaluate(package, frames.X_test, frames.y_test).metrics == pytest.approx(result.metrics)
    numbers = xgboost.XGBRegressor(**FEW).fit(frames.X, frames.y)
    assert fitprint.evaluate(numbers, frames.X_test, frames.y_test).problem == "regression"


def test_a_booster_that_is_loaded_in_another_process_is_evaluated_on_its_run(frames, run_python):
    booster = boosted({"objective": "binary:logistic"}, frames.X, frames.y)
    run = fitprint.run_of(booster)
    frames.X_test.assign(target=frames.y_test).to_csv("test.csv", index=False)
    run_python(
        f"""
        import fitprint, pandas as pd
        frame = pd.read_csv("test.csv")
        booster = fitprint.xgboost.load_model("runs:/{run.run_id}/model")
        assert fitprint.evaluate(booster, frame, "target").run_id == {run.run_id!r}
        """
    )
    expected = fitprint.evaluate(booster, frames.X_test, frames.y_test).metrics["roc_auc"]
    assert fitprint.get_run(run.run_id).metrics["roc_auc_frame"] == pytest.approx(expected)
