"""Training metrics of classifiers and regressors, compared with sklearn.metrics on real data."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import fitprint
from fitprint_sklearn import _training_metrics

pytestmark = pytest.mark.usefixtures("recorded")

WINE, KIND = load_wine(return_X_y=True)
CANCER, BENIGN = load_breast_cancer(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
LABELS = np.array(["barolo", "grignolino", "barbera"])[KIND]
random = np.random.default_rng(0)
INDICATOR = np.c_[KIND == 0, WINE[:, 0] > 13, random.random(len(KIND)) > 0.7].astype(int)


def expected_of_labels(truth, predicted, weight=None):
    average = {"average": "weighted", "zero_division": 0, "sample_weight": weight}
    return {
        "training_precision_score": reference.precision_score(truth, predicted, **average),
        "training_recall_score": reference.recall_score(truth, predicted, **average),
        "training_f1_score": reference.f1_score(truth, predicted, **average),
        "training_accuracy_score": reference.accuracy_score(truth, predicted, sample_weight=weight),
    }


def recorded_metrics():
    return {name: value for name, value in fitprint.last_run().metrics.items() if name.startswith("training")}


def test_metrics_of_two_classes():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(CANCER, BENIGN)
    chances = model.predict_proba(CANCER)
    expected = expected_of_labels(BENIGN, model.predict(CANCER)) | {
        "training_log_loss": reference.log_loss(BENIGN, chances),
        "training_roc_auc": reference.roc_auc_score(BENIGN, chances[:, 1]),
        "training_score": model.score(CANCER, BENIGN),
    }
    assert recorded_metrics() == pytest.approx(expected)


@pytest.mark.parametrize("target", [KIND, LABELS, pd.Series(LABELS), pd.Series(pd.Categorical(LABELS)), list(LABELS)])
def test_metrics_of_several_classes(target):
    model = GaussianNB().fit(WINE, target)
    chances = model.predict_proba(WINE)
    expected = expected_of_labels(target, model.predict(WINE)) | {
        "training_log_loss": reference.log_loss(target, chances),
        "training_roc_auc": reference.roc_auc_score(target, chances, multi_class="ovo", average="weighted"),
        "training_score": model.score(WINE, target),
    }
    assert recorded_metrics() == pytest.approx(expected)


def test_metrics_with_sample_weights():
    weight = random.random(len(BENIGN)) * 3
    model = GaussianNB().fit(CANCER, BENIGN, sample_weight=weight)
    chances = model.predict_proba(CANCER)
    expected = expected_of_labels(BENIGN, model.predict(CANCER), weight) | {
        "training_log_loss": reference.log_loss(BENIGN, chances, sample_weight=weight),
        "training_roc_auc": reference.roc_auc_score(BENIGN, chances[:, 1], sample_weight=weight),
        "training_score": model.score(CANCER, BENIGN, weight),
    }
    assert recorded_metrics() == pytest.approx(expected)


def test_sample_weights_of_a_pipelines_last_step():
    weight = random.random(len(BENIGN)) * 3
    model = make_pipeline(StandardScaler(), GaussianNB()).fit(CANCER, BENIGN, gaussiannb__sample_weight=weight)
    expected = expected_of_labels(BENIGN, model.predict(CANCER), weight)
    assert {name: recorded_metrics()[name] for name in expected} == pytest.approx(expected)


def test_decision_values_stand_in_for_probabilities():
    model = make_pipeline(StandardScaler(), LinearSVC()).fit(CANCER, BENIGN)
    found = recorded_metrics()
    assert found["training_roc_auc"] == pytest.approx(
        reference.roc_auc_score(BENIGN, model.decision_function(CANCER)), abs=1e-12
    )
    assert "training_log_loss" not in found
    assert "training_log_loss" in {skip.what for skip in fitprint.last_run().skipped}


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0, max_depth=3),
        KNeighborsClassifier(),
        MultiOutputClassifier(GaussianNB()),
        ClassifierChain(GaussianNB()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_metrics_of_a_multilabel_target(model):
    model.fit(WINE, INDICATOR)
    chances = model.predict_proba(WINE)
    if isinstance(chances, list):
        chances = np.column_stack([chance[:, 1] for chance in chances])
    expected = expected_of_labels(INDICATOR, model.predict(WINE)) | {
        "training_roc_auc": reference.roc_auc_score(INDICATOR, chances, average="weighted"),
        "training_score": model.score(WINE, INDICATOR),
    }
    assert {name: recorded_metrics().get(name) for name in expected} == pytest.approx(expected)


def test_metrics_of_several_outputs_stand_for_each_of_them():
    target = np.c_[KIND, KIND[::-1]]
    model = MultiOutputClassifier(DecisionTreeClassifier(max_depth=2)).fit(WINE, target)
    found = recorded_metrics()
    predicted = model.predict(WINE)
    for output in (0, 1):
        for name, value in expected_of_labels(target[:, output], predicted[:, output]).items():
            assert found[f"{name}_{output}"] == pytest.approx(value)
        chances = model.predict_proba(WINE)[output]
        assert found[f"training_log_loss_{output}"] == pytest.approx(reference.log_loss(target[:, output], chances))
    assert found["training_score"] == pytest.approx(model.score(WINE, target))


@pytest.mark.parametrize("weight", [None, random.random(len(PROGRESS))])
@pytest.mark.parametrize("outputs", [1, 2])
def test_metrics_of_a_regressor(outputs, weight):
    target = PROGRESS if outputs == 1 else np.c_[PROGRESS, PROGRESS**2 / 100]
    model = Ridge().fit(DIABETES, target, sample_weight=weight)
    predicted = model.predict(DIABETES)
    measures = {
        "mean_squared_error": reference.mean_squared_error,
        "root_mean_squared_error": reference.root_mean_squared_error,
        "mean_absolute_error": reference.mean_absolute_error,
        "r2_score": reference.r2_score,
    }
    expected = {
        f"training_{name}": function(target, predicted, sample_weight=weight) for name, function in measures.items()
    }
    if outputs == 2:
        for i in (0, 1):
            for name, function in measures.items():
                value = function(target[:, i], predicted[:, i], sample_weight=weight)
                expected[f"training_{name}_{i}"] = value
    expected["training_score"] = model.score(DIABETES, target, weight)
    assert recorded_metrics() == pytest.approx(expected)


def test_training_score_is_what_the_models_own_score_says():
    class Scoring(LinearRegression):
        def score(self, X, y, sample_weight=None):
            return 42.0

    Scoring().fit(DIABETES, PROGRESS)
    assert recorded_metrics()["training_score"] == 42
    search = GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring="neg_mean_absolute_error", cv=2).fit(DIABETES, PROGRESS)
    assert recorded_metrics()["training_score"] == pytest.approx(search.score(DIABETES, PROGRESS))


def test_each_prediction_is_made_once():
    calls = Counter()

    class Counting(LogisticRegression):
        def predict(self, X):
            calls["predict", len(X)] += 1
            return super().predict(X)

        def predict_proba(self, X):
            calls["predict_proba", len(X)] += 1
            return super().predict_proba(X)

    Counting(solver="liblinear").fit(CANCER[:200], BENIGN[:200])
    assert {name: count for name, count in calls.items() if name[1] == 200} == {
        ("predict", 200): 1,
        ("predict_proba", 200): 1,
    }
    assert fitprint.last_run().metrics["training_score"] > 0.9


def test_no_prediction_is_made_without_training_metrics():
    calls = []

    class Counting(KNeighborsRegressor):
        def predict(self, X):
            calls.append(len(X))
            return super().predict(X)

    fitprint.autolog(strict=True, log_training_metrics=False, log_signatures=False)
    Counting().fit(DIABETES, PROGRESS)
    assert calls == []
    assert recorded_metrics() == {}


def test_metrics_that_would_take_too_long_are_taken_on_a_sample_that_is_told():
    rows = np.tile(CANCER, (6, 1)), np.tile(BENIGN, 6)
    fitprint.autolog(strict=True, max_metric_seconds=0.000001)
    KNeighborsClassifier().fit(*rows)
    sampled = fitprint.last_run()
    told = [skip for skip in sampled.skipped if skip.rule == "max_metric_seconds"]
    assert [skip.reason for skip in told] == [f"taken on 100 of {len(rows[1])} rows, seed 0"]
    KNeighborsClassifier().fit(*rows)
    assert recorded_metrics() == {
        name: value for name, value in sampled.metrics.items() if name.startswith("training")
    }, "the same rows are drawn every time"
    fitprint.autolog(strict=True, max_metric_seconds=1000)
    KNeighborsClassifier().fit(*rows)
    assert [skip for skip in fitprint.last_run().skipped if skip.rule == "max_metric_seconds"] == []


def test_a_score_that_is_the_accuracy_predicts_no_rows_once_more():
    calls = []

    class Counting(KNeighborsClassifier):
        def predict(self, X):
            calls.append(len(X))
            return super().predict(X)

    fitprint.autolog(strict=True)
    model = Counting().fit(CANCER, BENIGN)
    assert calls.count(len(BENIGN)) == 1
    assert recorded_metrics()["training_score"] == model.score(CANCER, BENIGN)


def test_the_prediction_for_an_estimator_s_own_score_is_within_the_time_too(monkeypatch):
    shares = []

    class OwnScore(GaussianNB):
        def score(self, X, y, sample_weight=None):
            return super().score(X, y, sample_weight) / 2

    allowed = _training_metrics.training_rows
    monkeypatch.setattr(_training_metrics, "training_rows", lambda *given: shares.append(given[-1]) or allowed(*given))
    fitprint.autolog(strict=True)
    model = OwnScore().fit(CANCER, BENIGN)
    assert shares == [3], "predict, predict_proba and score"
    assert recorded_metrics()["training_score"] == model.score(CANCER, BENIGN)


def test_a_weighted_sample_takes_the_weights_of_its_rows():
    seen = []

    class Counting(GaussianNB):
        def predict(self, X):
            seen.append(np.array(X))
            return super().predict(X)

    rows, target = np.tile(CANCER, (6, 1)), np.tile(BENIGN, 6)
    rows[:, 0] = np.arange(len(rows))  # names its row
    weight = np.arange(len(rows)) + 1.0
    fitprint.autolog(strict=True, max_metric_seconds=0.000001, log_signatures=False)
    model = Counting().fit(rows, target, sample_weight=weight)
    chosen = next(rows for rows in seen if len(rows) == 100)[:, 0].astype(int)
    expected = expected_of_labels(target[chosen], model.predict(rows[chosen]), weight[chosen])
    assert {name: recorded_metrics()[name] for name in expected} == pytest.approx(expected)
