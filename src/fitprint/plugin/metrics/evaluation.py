"""All metrics of predictions at once, with the names and values of MLflow's default evaluator, and the curves."""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.classification import (
    MOST_CLASSES,
    ClassificationFacts,
    Tally,
    accuracy,
    classification_facts,
    confusion_matrix,
    label_scores,
    scores_of_label,
    tally,
    weighted_scores,
)
from fitprint.plugin.metrics.clustering import Silhouette, adjusted_rand_score, cluster_sizes, silhouette
from fitprint.plugin.metrics.inputs import (
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
from fitprint.plugin.metrics.probability import (
    NO_PROBABILITIES,
    ONE_CLASS,
    ClassScores,
    ThresholdCounts,
    area_under_roc,
    average_precision,
    class_scores,
    log_loss,
    one_against_rest_auc,
    precision_recall_points,
    roc_points,
    threshold_counts,
)
from fitprint.plugin.metrics.problem import Predictions
from fitprint.plugin.metrics.regression import regression_facts

MOST_CURVES = 10
"""Of more classes than this no curves are kept, as in MLflow."""
_FIRST = ("accuracy_score", "r2_score", "roc_auc", "f1_score", "root_mean_squared_error", "mean_absolute_error")
"""The metrics that people compare first stand first, and counts and sums last."""
_LAST = ("true_negatives", "false_positives", "false_negatives", "true_positives", "mean_on_target", "sum_on_target")
_OF_SCORES = ("log_loss", "roc_auc")
_OF_ONE_OUTPUT = ("max_error", "mean_absolute_percentage_error", "sum_on_target", "mean_on_target")


class EvaluationFacts(NamedTuple):
    """What predictions say about a model."""

    problem: str
    """The kind of problem, such as ``binary classification``."""
    metrics: dict[str, float]
    """The metrics under MLflow's names; every value is finite."""
    reasons: dict[str, str]
    """Why each metric that is missing is missing."""
    artifacts: dict[str, Any]
    """Curves and tables by the names of their files: texts, and values that JSON can hold."""


def regressor_evaluation(predictions: Predictions, weight: Any = None) -> EvaluationFacts:
    """Compute the metrics of a regressor.

    Args:
        predictions: The values that were predicted, and the true ones, of shape (n,) or (n, outputs).
        weight: Sample weights of shape (n,).

    Returns:
        The metrics.

    Raises:
        ValueError: The shapes of truth, prediction and weights do not match.
    """
    truth, predicted = predictions.truth, predictions.predicted
    outcomes: dict[str, float | str] = {"example_count": float(len(truth))}
    if truth.size == len(truth) and predicted.ndim == 2 and predicted.shape[1] > 1:
        reason = (
            f"the model predicts {predicted.shape[1]} values of each row, such as quantiles, and the target has one"
        )
        return EvaluationFacts("regression", *sort_outcomes({**outcomes, "metrics of one value": reason}), {})
    facts = regression_facts(truth, predicted, weight=weight)
    truth = truth.astype(np.float64).reshape(len(truth), -1)
    predicted = predicted.astype(np.float64).reshape(truth.shape)
    if truth.shape[1] > 1:
        outcomes |= dict.fromkeys(_OF_ONE_OUTPUT, "defined for one output only")
    elif len(truth):
        weights = row_weights(weight, len(truth))
        with np.errstate(all="ignore"):  # a value that overflows or is not a number becomes a reason below
            outcomes |= _of_one_output(truth[:, 0], predicted[:, 0], weights)
    metrics, reasons = sort_outcomes(outcomes)
    return EvaluationFacts("regression", _ordered(metrics | facts.metrics), reasons | facts.reasons, {})


def _ordered(metrics: dict[str, float]) -> dict[str, float]:
    last = (*_LAST, "example_count")
    names = [name for name in metrics if name not in _FIRST and name not in last]
    return {name: metrics[name] for name in (*_FIRST, *names, *last) if name in metrics}


def _of_one_output(truth: Array, predicted: Array, weights: Array | None) -> dict[str, float | str]:
    """Return the metrics that MLflow has beside the usual ones.

    The percentage is relative to the truth, or to the smallest difference of floats where the truth is 0. The largest
    error has no weights. The mean of the target is its weighted sum by the number of rows.
    """
    error = np.abs(predicted - truth)
    total = float(truth.sum() if weights is None else weights @ truth)
    relative = error / np.maximum(np.abs(truth), np.finfo(np.float64).eps)
    return {
        "max_error": float(error.max()),
        "mean_absolute_percentage_error": float(mean_over_rows(relative, weights)),
        "sum_on_target": total,
        "mean_on_target": total / len(truth),
    }


def classifier_evaluation(predictions: Predictions, weight: Any = None, pos_label: Any = None) -> EvaluationFacts:
    """Compute the metrics of a classifier, its confusion matrix, and its curves where it has scores.

    For two classes, precision, recall and F1 are those of the positive label; for more they are averaged over the
    labels by their true rows, and so is the area under the ROC curve of each class against the rest.

    Args:
        predictions: The labels that were predicted, the true ones, and the class probabilities.
        weight: Sample weights of shape (n,).
        pos_label: The positive label of two, by default the greater one.

    Returns:
        The metrics, and as artifacts the confusion matrix and the curves, for several classes also a table of them.

    Raises:
        ValueError: The lengths or shapes of truth, prediction and weights do not match, or there is no such label.
    """
    if predictions.truth.ndim == 2 and predictions.truth.shape[1] > 1:
        return _several_outputs(predictions, weight)
    truth, predicted = predictions.truth.reshape(-1), predictions.predicted.reshape(-1)
    if len(truth) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(truth)} rows")
    weights = row_weights(weight, len(truth))
    count = {"example_count": float(len(truth))}
    reason = why_nothing(len(truth), weights)
    if reason is not None:
        return EvaluationFacts("classification", count, {"accuracy_score": reason}, {})
    classes = None if predictions.classes is None else dense(predictions.classes).reshape(-1)
    rows = _Rows(encode(truth, predicted, classes), weights, pos_label)
    scores: ClassScores | str = NO_PROBABILITIES
    if predictions.probability is not None:
        scores = class_scores(rows.encoded, predictions.probability)
    evaluate = _two_classes if len(rows.encoded.labels) == 2 else _several_classes
    facts = evaluate(rows, scores)
    return facts._replace(metrics=_ordered(count | facts.metrics))


class _Rows:
    """The labels of the rows, and what was counted of them with and without weights."""

    def __init__(self, encoded: Encoded, weights: Array | None, pos_label: Any) -> None:
        self.encoded = encoded
        self.weights = weights
        self.pos_label = pos_label
        self.tally = tally(encoded, weights)
        self.plain_tally = self.tally if weights is None else tally(encoded, None)

    def confusion(self) -> dict[str, Any]:
        labels, counts = self.encoded.labels, self.tally
        shown_labels = labels if counts.positions is None else labels[counts.positions]
        facts = ClassificationFacts({}, {}, shown_labels, counts.matrix, len(labels), self.weights is not None)
        return confusion_matrix(facts)

    def counts_of(self, scores: ClassScores, column: int) -> ThresholdCounts | None:
        """Return the counts at each score of one class; None if all rows, or none, are of that class."""
        positive = plain_labels(self.encoded.labels[scores.codes[[column]]])[0]
        return threshold_counts(scores.column == column, scores.values[:, column], self.weights, positive)


def _two_classes(rows: _Rows, scores: ClassScores | str) -> EvaluationFacts:
    labels = rows.encoded.labels
    pos_label = labels.tolist()[1] if rows.pos_label is None else rows.pos_label
    positive = position_of(pos_label, labels)
    if positive is None:
        raise ValueError(f"pos_label {pos_label!r} is not among the labels {plain_labels(labels)}")
    outcomes: dict[str, float | str] = _four_counts(rows.plain_tally, positive)
    outcomes |= scores_of_label(rows.tally, labels, pos_label)
    outcomes["accuracy_score"] = accuracy(rows.tally)
    artifacts: dict[str, Any] = {"confusion_matrix.json": rows.confusion()}
    if isinstance(scores, str):
        outcomes |= dict.fromkeys((*_OF_SCORES, "precision_recall_auc"), scores)
    else:
        outcomes["log_loss"] = log_loss(scores, rows.weights)
        curve = rows.counts_of(scores, scores.codes.tolist().index(positive))
        outcomes["roc_auc"] = ONE_CLASS if curve is None else area_under_roc(curve)
        outcomes["precision_recall_auc"] = ONE_CLASS if curve is None else average_precision(curve)
        if curve is not None:
            artifacts["roc_curve.json"] = roc_points(curve)
            artifacts["precision_recall_curve.json"] = precision_recall_points(curve)
    return EvaluationFacts("binary classification", *sort_outcomes(outcomes), artifacts)


def _four_counts(counts: Tally, positive: int) -> dict[str, float | str]:
    """Return how many rows are of each true and each predicted label; weights do not count here, as in MLflow."""
    hits, true, predicted = (float(part[positive]) for part in (counts.hits, counts.true, counts.predicted))
    return {
        "true_negatives": float(counts.true.sum()) - true - predicted + hits,
        "false_positives": predicted - hits,
        "false_negatives": true - hits,
        "true_positives": hits,
    }


def _several_classes(rows: _Rows, scores: ClassScores | str) -> EvaluationFacts:
    outcomes = weighted_scores(rows.tally)
    outcomes["accuracy_score"] = accuracy(rows.tally)
    artifacts: dict[str, Any] = {"confusion_matrix.json": rows.confusion()}
    curves: dict[int, ThresholdCounts] = {}
    if isinstance(scores, str):
        outcomes |= dict.fromkeys(_OF_SCORES, scores)
    else:
        outcomes["log_loss"] = log_loss(scores, rows.weights)
        outcomes["roc_auc"] = one_against_rest_auc(scores, rows.weights)
        if len(scores.codes) <= MOST_CURVES:
            by_column = {column: rows.counts_of(scores, column) for column in range(len(scores.codes))}
            curves = {int(scores.codes[column]): curve for column, curve in by_column.items() if curve is not None}
    if curves:
        artifacts["roc_curve.json"] = [roc_points(curve) for curve in curves.values()]
        artifacts["precision_recall_curve.json"] = [precision_recall_points(curve) for curve in curves.values()]
    if len(rows.encoded.labels) <= MOST_CLASSES:
        artifacts["per_class_metrics.csv"] = _per_class_table(rows, curves)
    return EvaluationFacts("multiclass classification", *sort_outcomes(outcomes), artifacts)


def _per_class_table(rows: _Rows, curves: dict[int, ThresholdCounts]) -> str:
    """Return the metrics of each class against the rest, as CSV with MLflow's columns."""
    counts, names = rows.tally, plain_labels(rows.encoded.labels)
    total = counts.true.sum()
    parts = label_scores(counts)
    right = divided(total - counts.true - counts.predicted + 2 * counts.hits, np.full(len(names), total))
    table: list[dict[str, Any]] = []
    for position, name in enumerate(names):
        row = {"positive_class": name, **_four_counts(rows.plain_tally, position)}
        row |= {"example_count": len(rows.encoded.true), "accuracy_score": float(right[position])}
        row |= {metric: float(values[position]) for metric, values in parts.items()}
        if curves:
            curve = curves.get(position)
            row["roc_auc"] = "" if curve is None else area_under_roc(curve)
            row["precision_recall_auc"] = "" if curve is None else average_precision(curve)
        table.append(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, table[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _several_outputs(predictions: Predictions, weight: Any) -> EvaluationFacts:
    facts = classification_facts(
        predictions.truth,
        predictions.predicted,
        classes=predictions.classes,
        probability=predictions.probability,
        weight=weight,
    )
    count = {"example_count": float(len(predictions.truth))}
    return EvaluationFacts("classification of several outputs", facts.metrics | count, facts.reasons, {})


def clusterer_evaluation(data: Any, labels: Any, truth: Any = None) -> EvaluationFacts:
    """Compute how well clusters separate the rows and, where the true classes are known, how well they match them.

    Args:
        data: The rows, of shape (n, features).
        labels: The cluster of each row; -1 is noise.
        truth: The class of each row, or None.

    Returns:
        The metrics, and the sizes of the clusters as an artifact.

    Raises:
        ValueError: There is not one label per row.
    """
    names = dense(labels).reshape(-1)
    sizes = cluster_sizes(names)
    outcomes: dict[str, float | str] = {"example_count": float(len(names)), "n_clusters": float(len({*sizes} - {"-1"}))}
    if "-1" in sizes:
        outcomes["noise_fraction"] = sizes["-1"] / len(names)
    score = (
        silhouette(data, names) if _are_numbers(data) else Silhouette(None, len(names), "the rows are not all numbers")
    )
    outcomes["silhouette_score"] = score.value if score.value is not None else str(score.reason)
    if truth is not None:
        outcomes["adjusted_rand_score"] = adjusted_rand_score(dense(truth).reshape(-1), names)
    metrics, reasons = sort_outcomes(outcomes)
    if score.rows < len(names):
        reasons["silhouette_score of all rows"] = f"taken on {score.rows} of {len(names)} rows, seed 0"
    return EvaluationFacts("clustering", metrics, reasons, {"cluster_sizes.json": sizes})


def _are_numbers(data: Any) -> bool:
    return hasattr(data, "toarray") or np.asarray(data).dtype.kind in "biuf"
