"""All metrics at once: each is what scikit-learn computes, under the name that MLflow gives it."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from fitprint.plugin.metrics.evaluation import classifier_evaluation, clusterer_evaluation, regressor_evaluation
from fitprint.plugin.metrics.problem import Predictions

metrics = pytest.importorskip("sklearn.metrics")

random = np.random.default_rng(0)
ROWS = 300
WEIGHT = random.random(ROWS) + 0.5


def classified(classes, names=None):
    """Truth, predictions that are often right, and class probabilities."""
    truth = random.integers(classes, size=ROWS)
    scores = random.random((ROWS, classes)) + np.eye(classes)[truth] * 0.5
    probability = scores / scores.sum(axis=1, keepdims=True)
    labels = np.arange(classes) if names is None else np.array(names)
    return Predictions(labels[truth], labels[probability.argmax(axis=1)], probability)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("pos_label", [None, "no"])
def test_two_classes(weight, pos_label):
    predictions = classified(2, ["no", "yes"])
    truth, predicted, probability, _ = predictions
    facts = classifier_evaluation(predictions, weight, pos_label)
    positive = pos_label or "yes"
    labels = ["no", "yes"] if positive == "yes" else ["yes", "no"]
    score = probability[:, 1] if positive == "yes" else probability[:, 0]
    binary = {"pos_label": positive, "sample_weight": weight}
    negatives, false_positives, false_negatives, positives = metrics.confusion_matrix(
        truth, predicted, labels=labels
    ).ravel()
    assert facts.problem == "binary classification"
    assert not facts.reasons
    assert facts.metrics == pytest.approx(
        {
            "accuracy_score": metrics.accuracy_score(truth, predicted, sample_weight=weight),
            "precision_score": metrics.precision_score(truth, predicted, **binary),
            "recall_score": metrics.recall_score(truth, predicted, **binary),
            "f1_score": metrics.f1_score(truth, predicted, **binary),
            "log_loss": metrics.log_loss(truth, probability, sample_weight=weight),
            "roc_auc": metrics.roc_auc_score(truth == positive, score, sample_weight=weight),
            "precision_recall_auc": metrics.average_precision_score(truth == positive, score, sample_weight=weight),
            "true_negatives": negatives,
            "false_positives": false_positives,
            "false_negatives": false_negatives,
            "true_positives": positives,
            "example_count": ROWS,
        }
    )
    assert facts.artifacts["roc_curve.json"]["positive"] == positive
    precision, recall, _ = metrics.precision_recall_curve(truth == positive, score, sample_weight=weight)
    curve = facts.artifacts["precision_recall_curve.json"]
    assert curve["precision"] == pytest.approx(precision.tolist())
    assert curve["recall"] == pytest.approx(recall.tolist())
    matrix = facts.artifacts["confusion_matrix.json"]
    assert matrix["labels"] == ["no", "yes"]
    expected = metrics.confusion_matrix(truth, predicted, sample_weight=weight)
    assert np.array(matrix["matrix"]) == pytest.approx(expected)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_several_classes(weight):
    predictions = classified(4)
    truth, predicted, probability, _ = predictions
    facts = classifier_evaluation(predictions, weight)
    average = {"average": "weighted", "sample_weight": weight}
    assert facts.problem == "multiclass classification"
    assert not facts.reasons
    assert facts.metrics == pytest.approx(
        {
            "accuracy_score": metrics.accuracy_score(truth, predicted, sample_weight=weight),
            "precision_score": metrics.precision_score(truth, predicted, **average),
            "recall_score": metrics.recall_score(truth, predicted, **average),
            "f1_score": metrics.f1_score(truth, predicted, **average),
            "log_loss": metrics.log_loss(truth, probability, sample_weight=weight),
            "roc_auc": metrics.roc_auc_score(truth, probability, multi_class="ovr", **average),
            "example_count": ROWS,
        }
    )
    curves = facts.artifacts["roc_curve.json"]
    assert [curve["positive"] for curve in curves] == [0, 1, 2, 3]
    table = list(csv.DictReader(facts.artifacts["per_class_metrics.csv"].splitlines()))
    for label, row in enumerate(table):
        own, seen = truth == label, predicted == label
        assert float(row["accuracy_score"]) == pytest.approx(metrics.accuracy_score(own, seen, sample_weight=weight))
        assert float(row["f1_score"]) == pytest.approx(metrics.f1_score(own, seen, sample_weight=weight))
        area = metrics.roc_auc_score(own, probability[:, label], sample_weight=weight)
        assert float(row["roc_auc"]) == pytest.approx(area)
        assert float(row["true_positives"]) == (own & seen).sum()


def test_labels_without_scores_say_what_is_missing():
    facts = classifier_evaluation(classified(2)._replace(probability=None))
    assert set(facts.reasons) == {"log_loss", "roc_auc", "precision_recall_auc"}
    assert set(facts.artifacts) == {"confusion_matrix.json"}


def test_more_than_ten_classes_have_no_curves():
    facts = classifier_evaluation(classified(11))
    assert "roc_auc" in facts.metrics
    assert set(facts.artifacts) == {"confusion_matrix.json", "per_class_metrics.csv"}


def test_rows_of_one_class_alone():
    predictions = Predictions(np.ones(5, int), np.array([1, 1, 0, 1, 1]), np.full((5, 2), 0.5))
    facts = classifier_evaluation(predictions)
    assert facts.metrics["accuracy_score"] == 0.8
    assert "of one class" in facts.reasons["roc_auc"]


def test_a_positive_label_that_there_is_not():
    with pytest.raises(ValueError, match="pos_label 7 is not among the labels"):
        classifier_evaluation(classified(2), pos_label=7)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_a_regression(weight):
    truth = random.normal(size=ROWS) * 10
    predicted = truth + random.normal(size=ROWS)
    facts = regressor_evaluation(Predictions(truth, predicted), weight)
    given = {"sample_weight": weight}
    total = truth.sum() if weight is None else weight @ truth
    squared = metrics.mean_squared_error(truth, predicted, **given)
    assert facts.metrics == pytest.approx(
        {
            "r2_score": metrics.r2_score(truth, predicted, **given),
            "mean_squared_error": squared,
            "root_mean_squared_error": squared**0.5,
            "mean_absolute_error": metrics.mean_absolute_error(truth, predicted, **given),
            "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error(truth, predicted, **given),
            "max_error": metrics.max_error(truth, predicted),
            "sum_on_target": total,
            "mean_on_target": total / ROWS,
            "example_count": ROWS,
        }
    )
    assert not facts.reasons


def test_several_quantiles_of_each_row_are_a_reason_and_no_error():
    facts = regressor_evaluation(Predictions(np.arange(4.0), np.ones((4, 3))))
    assert facts.metrics == {"example_count": 4}
    assert "predicts 3 values of each row, such as quantiles" in facts.reasons["metrics of one value"]


def test_clusters():
    data = np.concatenate([random.normal(size=(40, 2)), random.normal(size=(60, 2)) + 8])
    truth = np.repeat([0, 1], [40, 60])
    labels = np.repeat([5, 3], [45, 55])
    facts = clusterer_evaluation(data, labels, truth)
    assert facts.metrics == pytest.approx(
        {
            "n_clusters": 2,
            "silhouette_score": metrics.silhouette_score(data, labels),
            "adjusted_rand_score": metrics.adjusted_rand_score(truth, labels),
            "example_count": 100,
        }
    )
    assert facts.artifacts["cluster_sizes.json"] == {"3": 55, "5": 45}
    texts = clusterer_evaluation(np.array([["a"]] * 100), labels)
    assert texts.reasons["silhouette_score"] == "the rows are not all numbers"


@pytest.mark.parametrize(
    ("truth", "labels"),
    [([0, 0, 1, 1], [1, 1, 0, 0]), ([0, 0, 0, 0], [0, 0, 0, 0]), ([0, 1, 2, 3], [0, 0, 1, 1]), ([0, 1], [0, 1])],
)
def test_how_well_clusters_match_classes(truth, labels):
    from fitprint.plugin.metrics.clustering import adjusted_rand_score

    expected = metrics.adjusted_rand_score(truth, labels)
    assert adjusted_rand_score(np.array(truth), np.array(labels)) == pytest.approx(expected)
