"""The metrics of a classifier on the rows it was trained on, and its confusion matrix as JSON."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.inputs import (
    MOST_OUTPUTS,
    Array,
    Encoded,
    dense,
    divided,
    encode,
    mean_over_rows,
    plain_labels,
    position_of,
    row_weights,
    sort_outcomes,
    why_nothing,
)
from fitprint.plugin.metrics.multilabel import is_indicator, multilabel_outcomes
from fitprint.plugin.metrics.probability import (
    NO_PROBABILITIES,
    ONE_CLASS,
    ClassScores,
    ThresholdCounts,
    area_under_roc,
    class_scores,
    log_loss,
    one_against_one_auc,
    precision_recall_points,
    roc_points,
    threshold_counts,
)

__all__ = [
    "ClassificationFacts",
    "ThresholdCounts",
    "classification_facts",
    "confusion_matrix",
    "precision_recall_points",
    "roc_points",
]

METRICS = ("precision_score", "recall_score", "f1_score", "accuracy_score", "log_loss", "roc_auc")
# 200 x 200 cells are about what a file viewer shows; k * k cells for thousands of labels would not fit into memory.
MOST_CLASSES = 200


class ClassificationFacts(NamedTuple):
    """What the predictions on the training rows say about a classifier."""

    metrics: dict[str, float]
    """The metrics under MLflow's names, without a prefix; every value is finite."""
    reasons: dict[str, str]
    """Why each metric that is missing is missing."""
    labels: Array | None = None
    """(m,) the labels of the confusion matrix, ascending; None for several outputs."""
    confusion: Array | None = None
    """(m, m) rows by true (axis 0) and predicted label (axis 1); whole numbers unless weighted."""
    classes: int = 0
    """The number of labels; more than `labels` has if the matrix has only the most frequent ones."""
    weighted: bool = False
    """Whether the confusion matrix sums sample weights instead of counting rows."""
    curve: ThresholdCounts | None = None
    """For two classes with scores, what `roc_points` and `precision_recall_points` use."""


class Predictions(NamedTuple):
    """The arguments of `classification_facts`."""

    truth: Array
    predicted: Array
    classes: Any
    probability: Any
    weight: Any
    pos_label: Any


def classification_facts(
    truth: Any,
    predicted: Any,
    *,
    classes: Any = None,
    probability: Any = None,
    weight: Any = None,
    pos_label: Any = None,
) -> ClassificationFacts:
    """Compute metrics, confusion matrix and curve of predictions.

    Args:
        truth: Labels of shape (n,) or (n, 1), of any type; (n, outputs) for several outputs, which are one multilabel
            target if all cells are 0 or 1.
        predicted: Labels of the same shape.
        classes: The classes in the order of the columns of `probability`; one such list per output for several outputs.
            Without it the columns follow the ascending labels.
        probability: (n, classes); for two classes also (n,), the probability of or the decision value for the second
            class (values between 0 and 1 are taken for probabilities); for several outputs a list of (n, classes), or
            (n, outputs) for a multilabel target.
        weight: Sample weights of shape (n,).
        pos_label: Compute precision, recall and F1 of this label alone, not the average over all labels; the curve is
            about it too. It has no effect on a multilabel target.

    Returns:
        The metrics, and the reason for each that is missing.

    Raises:
        ValueError: The lengths or shapes of truth, prediction and weights differ.
    """
    predictions = Predictions(dense(truth), dense(predicted), classes, probability, weight, pos_label)
    if predictions.truth.ndim == 2 and predictions.truth.shape[1] > 1:
        return several_outputs_facts(predictions)
    return single_output_facts(predictions)


def confusion_matrix(facts: ClassificationFacts) -> dict[str, Any]:
    """Return the confusion matrix of one output as JSON; a note says if it has only the most frequent labels.

    Args:
        facts: What `classification_facts` returned.

    Returns:
        The labels and the matrix.

    Raises:
        ValueError: The facts have no confusion matrix.
    """
    if facts.confusion is None or facts.labels is None:
        raise ValueError("there is no confusion matrix")
    document: dict[str, Any] = {
        "labels": plain_labels(facts.labels),
        "matrix": facts.confusion.tolist(),
        "rows": "true",
        "columns": "predicted",
        "weighted": facts.weighted,
    }
    if facts.classes > len(facts.labels):
        document["note"] = f"the {len(facts.labels)} most frequent of {facts.classes} labels"
    return document


def single_output_facts(predictions: Predictions) -> ClassificationFacts:
    """Return the facts for labels of shape (n,) or (n, 1).

    Raises:
        ValueError: Truth, prediction and weights do not have the same length.
    """
    truth, predicted = predictions.truth.ravel(), predictions.predicted.ravel()
    if len(truth) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(truth)} rows")
    weights = row_weights(predictions.weight, len(truth))
    reason = why_nothing(len(truth), weights)
    if reason is not None:
        return ClassificationFacts({}, dict.fromkeys(METRICS, reason))

    encoded = encode(truth, predicted, None if predictions.classes is None else dense(predictions.classes).ravel())
    counts = tally(encoded, weights)
    if predictions.pos_label is None:
        outcomes = weighted_scores(counts)
    else:
        outcomes = scores_of_label(counts, encoded.labels, predictions.pos_label)
    outcomes["accuracy_score"] = accuracy(counts)
    scores, curve = _probability_scores(encoded, predictions, weights)
    metrics, reasons = sort_outcomes(outcomes | scores)
    labels = encoded.labels if counts.positions is None else encoded.labels[counts.positions]
    return ClassificationFacts(metrics, reasons, labels, counts.matrix, len(encoded.labels), weights is not None, curve)


def _probability_scores(
    encoded: Encoded, predictions: Predictions, weights: Array | None
) -> tuple[dict[str, float | str], ThresholdCounts | None]:
    if predictions.probability is None:
        return dict.fromkeys(("log_loss", "roc_auc"), NO_PROBABILITIES), None
    scores = class_scores(encoded, predictions.probability)
    if isinstance(scores, str):
        return dict.fromkeys(("log_loss", "roc_auc"), scores), None
    outcomes: dict[str, float | str] = {"log_loss": log_loss(scores, weights)}
    if scores.values.shape[1] > 2:
        outcomes["roc_auc"] = one_against_one_auc(scores, weights)
        return outcomes, None
    counts = _two_class_counts(scores, 1, encoded.labels, weights)
    outcomes["roc_auc"] = ONE_CLASS if counts is None else area_under_roc(counts)
    if predictions.pos_label is not None and position_of(predictions.pos_label, encoded.labels) == scores.codes[0]:
        # The area is that of the second class, as in scikit-learn; the curves are those of the positive label.
        counts = _two_class_counts(scores, 0, encoded.labels, weights)
    return outcomes, counts


def _two_class_counts(scores: ClassScores, column: int, labels: Array, weights: Array | None) -> ThresholdCounts | None:
    positive = plain_labels(labels[scores.codes[[column]]])[0]
    return threshold_counts(scores.column == column, scores.values[:, column], weights, positive)


def several_outputs_facts(predictions: Predictions) -> ClassificationFacts:
    """Return the facts for truth and prediction of one shape (n, outputs), outputs > 1.

    Raises:
        ValueError: The two shapes differ, or there is not one weight per row.
    """
    if predictions.truth.shape != predictions.predicted.shape:
        shapes = predictions.predicted.shape, predictions.truth.shape
        raise ValueError(f"predictions of shape {shapes[0]} for true values of shape {shapes[1]}")
    weights = row_weights(predictions.weight, len(predictions.truth))
    reason = why_nothing(len(predictions.truth), weights)
    if reason is not None:
        return ClassificationFacts({}, dict.fromkeys(METRICS, reason))
    if is_indicator(predictions.truth) and is_indicator(predictions.predicted):
        truth, predicted = predictions.truth.astype(bool), predictions.predicted.astype(bool)
        outcomes = multilabel_outcomes(truth, predicted, predictions.probability, predictions.classes, weights)
        return ClassificationFacts(*sort_outcomes(outcomes))
    return _multioutput_facts(predictions, weights)


def _multioutput_facts(predictions: Predictions, weights: Array | None) -> ClassificationFacts:
    """Return the share of rows that are right in all outputs, and each output's metrics.

    The share is that of MultiOutputClassifier.score.
    """
    right = (predictions.truth == predictions.predicted).all(axis=1)
    accuracy = float(mean_over_rows(right, weights))
    metrics, reasons = sort_outcomes(
        dict.fromkeys(METRICS, "defined for each output only") | {"accuracy_score": accuracy}
    )
    outputs = predictions.truth.shape[1]
    if outputs <= MOST_OUTPUTS:
        for i in range(outputs):
            facts = single_output_facts(_output(predictions, i))
            metrics |= {f"{name}_{i}": value for name, value in facts.metrics.items()}
            reasons |= {f"{name}_{i}": reason for name, reason in facts.reasons.items()}
    return ClassificationFacts(metrics, reasons)


def _output(predictions: Predictions, i: int) -> Predictions:
    """Return output `i` alone; classes and probabilities are then lists with one entry per output."""
    probability = predictions.probability[i] if isinstance(predictions.probability, (list, tuple)) else None
    classes = None if predictions.classes is None else predictions.classes[i]
    return Predictions(
        predictions.truth[:, i],
        predictions.predicted[:, i],
        classes,
        probability,
        predictions.weight,
        predictions.pos_label,
    )


class Tally(NamedTuple):
    """What was counted, or summed from the sample weights, over the rows."""

    hits: Array
    """(k,) rows of each label predicted as that label."""
    true: Array
    """(k,) rows that have each label."""
    predicted: Array
    """(k,) rows predicted as each label."""
    matrix: Array
    """(m, m) rows by true label (axis 0) and predicted label (axis 1), for the labels at `positions`."""
    positions: Array | None
    """(m,) positions of the labels that the matrix has, or None if it has all of them."""


def tally(encoded: Encoded, weights: Array | None) -> Tally:
    """Count the rows once; all metrics come from these counts.

    Up to `MOST_CLASSES` labels everything is read off one matrix. Above that the sums are counted directly, and the
    matrix has only the labels with most true rows.
    """
    k = len(encoded.labels)
    if k <= MOST_CLASSES:
        matrix = _cells(encoded.true, encoded.predicted, k, weights)
        return Tally(matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0), matrix, None)
    true = np.bincount(encoded.true, weights, k)
    predicted = np.bincount(encoded.predicted, weights, k)
    hit = encoded.true == encoded.predicted
    hits = np.bincount(encoded.true[hit], None if weights is None else weights[hit], k)
    positions = np.sort(np.argsort(-true, kind="stable")[:MOST_CLASSES])
    return Tally(hits, true, predicted, _cells_of(positions, encoded, weights), positions)


def weighted_scores(counts: Tally) -> dict[str, float | str]:
    """Return precision, recall and F1 of each label, averaged with the labels' true rows as weights.

    precision = hits / predicted, recall = hits / true, F1 = 2 hits / (true + predicted), each 0.0 if the divisor is 0:
    sklearn.metrics.precision_recall_fscore_support with average="weighted", zero_division=0.
    """
    share = divided(counts.true, counts.true.sum())
    return {name: float(share @ values) for name, values in label_scores(counts).items()}


def scores_of_label(counts: Tally, labels: Array, pos_label: object) -> dict[str, float | str]:
    """Return the same three scores of one label alone: average="binary" with `pos_label`."""
    scores = label_scores(counts)
    position = position_of(pos_label, labels)
    if position is not None:
        return {name: float(values[position]) for name, values in scores.items()}
    if len(labels) < 2:  # the positive label is missing if all rows have the other one
        return dict.fromkeys(scores, 0.0)
    return dict.fromkeys(scores, f"the positive label {pos_label!r} is not among the labels")


def accuracy(counts: Tally) -> float:
    """Return the (weighted) share of rows that are predicted right: sum(hits) / sum(true)."""
    return float(counts.hits.sum() / counts.true.sum())


def label_scores(counts: Tally) -> dict[str, Array]:
    """Return precision, recall and F1 of each label, as arrays of shape (k,)."""
    return {
        "precision_score": divided(counts.hits, counts.predicted),
        "recall_score": divided(counts.hits, counts.true),
        "f1_score": divided(2 * counts.hits, counts.true + counts.predicted),
    }


def _cells(true: Array, predicted: Array, k: int, weights: Array | None) -> Array:
    return np.bincount(true * k + predicted, weights, k * k).reshape(k, k)


def _cells_of(positions: Array, encoded: Encoded, weights: Array | None) -> Array:
    """Return the matrix of the labels at these positions, from the rows whose two labels are both among them."""
    place = np.full(len(encoded.labels), -1)
    place[positions] = np.arange(len(positions))
    true, predicted = place[encoded.true], place[encoded.predicted]
    both = (true >= 0) & (predicted >= 0)
    return _cells(true[both], predicted[both], len(positions), None if weights is None else weights[both])
