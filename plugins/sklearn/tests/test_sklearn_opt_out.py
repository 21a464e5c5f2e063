"""What is left out on request, and the reason that says so: in the run, or counted where there is no run."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint

X, Y = load_iris(return_X_y=True)


@pytest.fixture
def trained(store, monkeypatch):
    """Trains a tree under some settings, half of them from outside: its runs, and what was counted."""

    def train(model=None, variables=None, **settings):
        for name, value in (variables or {}).items():
            monkeypatch.setenv(name, value)
        fitprint.autolog(strict=True, quiet=True, **settings)
        (DecisionTreeClassifier(max_depth=2) if model is None else model).fit(X, Y)
        return fitprint.runs(), skips()

    return train


def skips():
    return next(row.skips for row in fitprint.status() if row.name == "sklearn")


def reasons(run):
    return {(skip.what, skip.rule) for skip in run.skipped}


def test_min_fit_seconds(trained):
    assert trained(variables={"FITPRINT_SKLEARN_MIN_FIT_SECONDS": "1000"}) == ([], {"min_fit_seconds": 1})


@pytest.mark.parametrize("pattern", ["sklearn.tree.*", "*.DecisionTreeClassifier", "sklearn.tree._classes.*"])
def test_exclude_estimators(trained, pattern):
    assert trained(variables={"FITPRINT_EXCLUDE_ESTIMATORS": pattern}) == ([], {"exclude_estimators": 1})


def test_include_estimators(trained):
    assert trained(include_estimators="sklearn.svm.*") == ([], {"exclude_estimators": 1})
    (run,), _ = trained(GaussianNB(), include_estimators="sklearn.naive_bayes.*")
    assert run.name == "GaussianNB"


def test_what_only_prepares_data_leaves_no_run_and_is_counted(trained):
    assert trained(StandardScaler()) == ([], {"exclude_estimators": 1})


def test_exclude_params(trained):
    (run,), counted = trained(variables={"FITPRINT_EXCLUDE_PARAMS": "max_*,criterion"})
    assert "min_samples_leaf" in run.params
    assert not {"max_depth", "max_features", "criterion"} & {*run.params}
    assert ("param max_depth", "exclude_params") in reasons(run)
    assert counted == {"exclude_params": 1}


def test_what_is_turned_off(trained):
    off = {f"FITPRINT_SKLEARN_LOG_{name}": "off" for name in ("MODELS", "TRAINING_METRICS")}
    (run,), counted = trained(variables=off)
    assert reasons(run) == {("model", "log_models"), ("training metrics", "log_training_metrics")}
    assert (run.models, [name for name in run.metrics if name.startswith("training_")]) == ({}, [])
    assert counted == {"log_models": 1, "log_training_metrics": 1}


def test_signatures_turned_off(trained, signature_of):
    (run,), _ = trained(log_signatures=False)
    assert reasons(run) == {("signature", "log_signatures")}
    assert signature_of(run) is None


def test_a_size_limit_of_the_flavor_alone(trained):
    (run,), counted = trained(variables={"FITPRINT_SKLEARN_MAX_MODEL_SIZE": "500", "FITPRINT_MAX_MODEL_SIZE": "1GB"})
    assert (reasons(run), counted) == ({("model", "max_model_size")}, {"max_model_size": 1})
    assert run.metrics["training_accuracy_score"] > 0.9


def test_a_rule_is_given_the_shapes_without_a_copy(trained):
    seen = []

    class Untouched:
        """Data that may be looked at, and not read."""

        shape = (150, 4)

        def __array__(self, *args, **kwargs):
            raise AssertionError("read")

    def look(call):
        seen.append(call.data_shapes)
        call.args = (Untouched(), Y)
        seen.append(call.data_shapes)
        call.args = (X, Y)

    trained(rules=look)
    assert seen == [{"inputs": (150, 4), "target": (150,)}] * 2


def test_a_rule_of_the_caller_sees_what_is_trained(trained):
    def shallow(call):
        return "shallow" if call.params.get("max_depth") == 2 and call.flavor.name == "sklearn" else None

    assert trained(rules=shallow) == ([], {"shallow": 1})
