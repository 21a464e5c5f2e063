"""Which params a run of scikit-learn says were set, and by which measure a search or a validation compares models."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint
from fitprint_sklearn import _params

pytestmark = pytest.mark.usefixtures("recorded")

X, y = load_iris(return_X_y=True)


class Own(RegressorMixin, BaseEstimator):
    def __init__(self, needed, weight=np.nan, parts=(1, 2)):
        self.needed, self.weight, self.parts = needed, weight, parts

    def fit(self, X, y=None):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.zeros(len(X))


def chosen(run):
    return {name: value for name, value in run.params.items() if name not in run.default_params}


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (Ridge(), {}),
        (Ridge(alpha=1), {}),  # a number that equals the default
        (LogisticRegression(C=0.1, max_iter=500), {"C": 0.1, "max_iter": 500}),
        (Own(1, parts=(1, 2)), {"needed": 1}),
        (Own(1, 2.0, (1, 3)), {"needed": 1, "weight": 2.0, "parts": [1, 3]}),
    ],
)
def test_a_run_says_which_params_were_set(model, wanted):
    model.fit(X, y)
    run = fitprint.last_run()
    assert chosen(run) == wanted
    assert set(run.params) == set(model.get_params())


def test_of_a_pipeline_the_steps_and_what_was_set_inside_them():
    prepare = make_column_transformer((MinMaxScaler(feature_range=(0, 2)), [0]), (StandardScaler(), [1]))
    make_pipeline(prepare, LogisticRegression(C=0.5)).fit(X, y)
    run = fitprint.last_run()
    assert len(run.params) > 30
    assert list(chosen(run)) == [
        "steps",
        "columntransformer__transformers",
        "columntransformer__minmaxscaler__feature_range",
        "logisticregression__C",
    ]


def test_an_estimator_that_was_given_is_a_param_that_was_set():
    BaggingClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=3).fit(X, y)
    assert chosen(fitprint.last_run()) == {
        "estimator": "DecisionTreeClassifier()", "estimator__max_depth": 2, "n_estimators": 3,
    }  # fmt: skip


def test_a_search_and_its_candidates():
    grid = {"model": [LogisticRegression(solver="newton-cg"), DecisionTreeClassifier()]}
    GridSearchCV(Pipeline([("model", LogisticRegression(max_iter=500))]), grid, cv=2).fit(X, y)
    run = fitprint.last_run()
    assert set(chosen(run)) == {
        *("cv", "estimator", "estimator__steps", "estimator__model__max_iter", "param_grid", "best_model"),
    }
    by_model = {child.params["model"]: set(chosen(child)) for child in run.children}
    assert by_model == {
        "LogisticRegression()": {"steps", "model", "model__solver"},
        "DecisionTreeClassifier()": {"steps", "model"},
    }
    candidates = GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0, 2.0]}, cv=2).fit(X, y)
    run = fitprint.run_of(candidates)
    assert [chosen(child) for child in run.children] == [
        {"C": child.params["C"], "max_iter": 500} for child in run.children
    ], "a default that was tried is a choice"


def test_a_validation():
    cross_validate(LogisticRegression(max_iter=500), X, y, cv=3)
    assert chosen(fitprint.last_run()) == {"max_iter": 500, "cv": 3}


@pytest.mark.parametrize(
    ("given", "tag", "text"),
    [
        ({}, "accuracy", "best_cv_score (accuracy)"),
        ({"scoring": "f1_macro"}, "f1_macro", "best_cv_score (f1_macro)"),
        ({"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"}, "f1_macro", "best_cv_score (f1_macro)"),
        ({"scoring": make_scorer(lambda true, predicted: 0.5)}, None, "best_cv_score"),
    ],
)
def test_the_measure_of_a_search_is_in_its_line_and_in_its_candidates(caplog, given, tag, text):
    fitprint.autolog(strict=True, quiet=False)
    with caplog.at_level(logging.INFO):
        search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0, 2.0]}, cv=2, **given).fit(X, y)
    run = fitprint.run_of(search)
    assert f"  {text} {search.best_score_:.4g}  " in caplog.messages[-1]
    assert {child.tags.get("scoring") for child in (run, *run.children)} == {tag}


def test_the_measure_of_a_validation():
    cross_val_score(Ridge(), X, y, cv=3)
    assert fitprint.last_run().tags["scoring"] == "r2"
    cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), X, y, scoring="roc_auc_ovr", cv=3)
    assert fitprint.last_run().tags["scoring"] == "roc_auc_ovr"


def test_the_params_are_those_of_get_params_in_its_order():
    inner = make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(), {"C": [1.0]}))
    for estimator in (inner, make_pipeline(inner, "passthrough"), GridSearchCV(inner, {}), OneVsRestClassifier(inner)):
        assert list(_params.estimator_params(estimator)) == list(estimator.get_params(deep=True))
