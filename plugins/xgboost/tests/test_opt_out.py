"""What is left out on request, and the reason that says so: in the run, or counted where there is no run."""

from __future__ import annotations

import pytest
import xgboost

import fitprint

PARAMS = {"max_depth": 2, "nthread": 1, "objective": "binary:logistic"}


@pytest.fixture
def trained(store, monkeypatch, arrays):
    """Trains by `xgboost.train` and by an estimator under the same settings: the runs, and what was counted."""

    def train(variables=None, **settings):
        for name, value in (variables or {}).items():
            monkeypatch.setenv(name, value)
        fitprint.autolog(strict=True, quiet=True, **settings)
        xgboost.train(PARAMS, xgboost.DMatrix(arrays.X, arrays.y), 3)
        xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1).fit(arrays.X, arrays.y)
        return fitprint.runs()[::-1], next(row.skips for row in fitprint.status() if row.name == "xgboost")

    return train


def reasons(run):
    return {(skip.what, skip.rule) for skip in run.skipped}


def test_min_fit_seconds(trained):
    assert trained({"FITPRINT_XGBOOST_MIN_FIT_SECONDS": "1000"}) == ([], {"min_fit_seconds": 2})


def test_exclude_and_include_estimators(trained):
    (run,), counted = trained(exclude_estimators="*.XGBClassifier")
    assert (run.name, counted) == ("Booster", {"exclude_estimators": 1})
    fitprint.disable()
    runs, _ = trained(include_estimators="*.XGBClassifier")
    assert [run.name for run in runs] == ["Booster", "XGBClassifier"]


def test_exclude_params(trained):
    runs, counted = trained({"FITPRINT_EXCLUDE_PARAMS": "max_depth"})
    assert len(runs) == 2
    for run in runs:
        assert "max_depth" not in run.params
        assert "objective" in run.params
        assert reasons(run) == {("param max_depth", "exclude_params")}
    assert counted == {"exclude_params": 2}


def test_what_is_turned_off(trained):
    runs, counted = trained({"FITPRINT_XGBOOST_LOG_MODELS": "no", "FITPRINT_LOG_TRAINING_METRICS": "no"})
    assert [reasons(run) for run in runs] == [
        {("model", "log_models")},
        {("model", "log_models"), ("training metrics", "log_training_metrics")},
    ]
    assert [(run.models, run.metrics) for run in runs] == [({}, {})] * 2
    assert counted == {"log_models": 2, "log_training_metrics": 1}


def test_a_size_limit_of_the_flavor_alone_and_nothing_written(trained, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("the estimate alone decides")

    monkeypatch.setattr(xgboost.Booster, "save_model", never)
    runs, counted = trained({"FITPRINT_XGBOOST_MAX_MODEL_SIZE": "1kB", "FITPRINT_MAX_MODEL_SIZE": "1GB"})
    assert [reasons(run) for run in runs] == [{("model", "max_model_size")}] * 2
    assert counted == {"max_model_size": 2}


def test_a_rule_is_given_the_shapes(trained, arrays, monkeypatch):
    def never(matrix):
        raise AssertionError("the label is copied")

    monkeypatch.setattr(xgboost.DMatrix, "get_label", never)
    seen = []
    trained(rules=lambda call: seen.append((call.name, call.data_shapes)) or "seen")
    assert seen == [(name, {"inputs": arrays.X.shape, "target": arrays.y.shape}) for name in ("train", "fit")]
