"""`xgboost.cv`: one run with the table and the series, and no model."""

from __future__ import annotations

import pandas as pd
import pytest
import xgboost

import fitprint

PARAMS = {"objective": "binary:logistic", "nthread": 1, "eta": 1.0}


@pytest.fixture
def matrix(arrays):
    return xgboost.DMatrix(arrays.X, arrays.y)


def table(run):
    return pd.read_csv(run.path / "artifacts/cv_results.csv", dtype=str).astype(float)  # to the last digit


def test_the_result_is_recorded(recorded, matrix):
    result = xgboost.cv(PARAMS, matrix, 8, nfold=3, metrics=["logloss", "auc"], seed=7)
    (run,) = fitprint.runs()
    assert (run.name, run.flavor, run.status) == ("xgboost.cv", "xgboost", "FINISHED")
    pd.testing.assert_frame_equal(table(run), result)
    assert set(run.metrics) == set(result.columns)
    for name in result.columns:
        assert run.metric_history(name) == list(enumerate(result[name]))
    assert run.params["nfold"] == 3
    assert run.params["seed"] == 7
    assert run.params["num_boost_round"] == 8
    assert not run.models
    assert [skip.rule for skip in run.skipped] == ["cross-validation"]


def test_a_result_without_pandas(recorded, matrix):
    result = xgboost.cv(PARAMS, matrix, 4, as_pandas=False, stratified=True)
    run = fitprint.last_run()
    assert {name: values.tolist() for name, values in table(run).items()} == result


def test_early_stopping(recorded, matrix):
    result = xgboost.cv(PARAMS, matrix, 100, early_stopping_rounds=2, metrics="logloss")
    run = fitprint.last_run()
    assert run.metrics["best_iteration"] == len(result) - 1
    if not xgboost.__version__.startswith("2."):  # which keeps no number there
        assert run.metrics["best_score"] == pytest.approx(result["test-logloss-mean"].iloc[-1])
    assert run.metrics["stopped_iteration"] == len(result) - 1 + 2
    history = run.metric_history("test-logloss-mean")  # every round that ran, also those after the best
    assert history[: len(result)] == list(enumerate(result["test-logloss-mean"]))
    assert len(history) == len(result) + 2


def test_the_seed_among_the_params_is_the_model_s(recorded, matrix):
    xgboost.cv({**PARAMS, "seed": 11}, matrix, 2)
    assert fitprint.last_run().params["seed"] == 11
