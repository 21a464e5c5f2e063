"""All facts about one column of labels: one target, however many classes."""

from __future__ import annotations

from typing import Any, NamedTuple

from fitprint.plugin.metrics.arrays import Array, dense, row_weights, sort_outcomes, why_nothing
from fitprint.plugin.metrics.confusion import accuracy, scores_of_label, tally, weighted_scores
from fitprint.plugin.metrics.labels import Encoded, encode, plain_labels, position_of
from fitprint.plugin.metrics.probability import ClassScores, class_scores, log_loss, one_against_one_auc
from fitprint.plugin.metrics.thresholds import ONE_CLASS, ThresholdCounts, area_under_roc, threshold_counts

METRICS = ("precision_score", "recall_score", "f1_score", "accuracy_score", "log_loss", "roc_auc")
NO_PROBABILITIES = "there are no class probabilities"


class ClassificationFacts(NamedTuple):
    """What the predictions on the training rows say about a classifier."""

    metrics: dict[str, float]
    """Under MLflow's names, without a prefix; every value is finite."""
    reasons: dict[str, str]
    """For each metric that is absent, why."""
    labels: Array | None = None
    """(m,) the labels of the confusion matrix, ascending; None for several outputs."""
    confusion: Array | None = None
    """(m, m) rows by true (axis 0) and predicted label (axis 1); whole numbers unless weighted."""
    classes: int = 0
    """How many labels there are; more than `labels` has if the matrix keeps only the most frequent."""
    weighted: bool = False
    """Whether the confusion matrix sums sample weights instead of counting rows."""
    curve: ThresholdCounts | None = None
    """Two classes with scores: what `roc_points` and `precision_recall_points` draw from."""


class Predictions(NamedTuple):
    """The arguments of `classification_facts`, in one piece."""

    truth: Array
    predicted: Array
    classes: Any
    probability: Any
    weight: Any
    pos_label: Any


def single_output_facts(given: Predictions) -> ClassificationFacts:
    """The facts for labels of shape (n,) or (n, 1).

    Raises:
        ValueError: truth and prediction, or the weights, are not of the same length.
    """
    truth, predicted = given.truth.ravel(), given.predicted.ravel()
    if len(truth) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(truth)} rows")
    weights = row_weights(given.weight, len(truth))
    reason = why_nothing(len(truth), weights)
    if reason is not None:
        return ClassificationFacts({}, dict.fromkeys(METRICS, reason))

    encoded = encode(truth, predicted, None if given.classes is None else dense(given.classes).ravel())
    counts = tally(encoded, weights)
    if given.pos_label is None:
        outcomes = weighted_scores(counts)
    else:
        outcomes = scores_of_label(counts, encoded.labels, given.pos_label)
    outcomes["accuracy_score"] = accuracy(counts)
    scores, curve = _probability_scores(encoded, given, weights)
    metrics, reasons = sort_outcomes(outcomes | scores)
    labels = encoded.labels if counts.kept is None else encoded.labels[counts.kept]
    return ClassificationFacts(metrics, reasons, labels, counts.matrix, len(encoded.labels), weights is not None, curve)


def _probability_scores(
    encoded: Encoded, given: Predictions, weights: Array | None
) -> tuple[dict[str, float | str], ThresholdCounts | None]:
    if given.probability is None:
        return dict.fromkeys(("log_loss", "roc_auc"), NO_PROBABILITIES), None
    scores = class_scores(encoded, given.probability)
    if isinstance(scores, str):
        return dict.fromkeys(("log_loss", "roc_auc"), scores), None
    outcomes: dict[str, float | str] = {"log_loss": log_loss(scores, weights)}
    if scores.values.shape[1] > 2:
        outcomes["roc_auc"] = one_against_one_auc(scores, weights)
        return outcomes, None
    counts = _two_class_counts(scores, 1, encoded.labels, weights)
    outcomes["roc_auc"] = ONE_CLASS if counts is None else area_under_roc(counts)
    if given.pos_label is not None and position_of(given.pos_label, encoded.labels) == scores.codes[0]:
        # The area is always the second class's, as in scikit-learn; the curves are the positive label's.
        counts = _two_class_counts(scores, 0, encoded.labels, weights)
    return outcomes, counts


def _two_class_counts(scores: ClassScores, column: int, labels: Array, weights: Array | None) -> ThresholdCounts | None:
    positive = plain_labels(labels[scores.codes[[column]]])[0]
    return threshold_counts(scores.column == column, scores.values[:, column], weights, positive)
