"""The metrics of a classifier on the rows it was trained on, and their artifacts as JSON."""

from __future__ import annotations

from typing import Any

from fitprint.plugin.metrics.arrays import dense
from fitprint.plugin.metrics.labels import plain_labels
from fitprint.plugin.metrics.several_outputs import several_outputs_facts
from fitprint.plugin.metrics.single_output import ClassificationFacts, Predictions, single_output_facts
from fitprint.plugin.metrics.thresholds import (
    ThresholdCounts,
    precision_recall_curve,
    precision_recall_points,
    roc_curve,
    roc_points,
)

__all__ = [
    "ClassificationFacts",
    "ThresholdCounts",
    "classification_facts",
    "confusion_matrix",
    "precision_recall_curve",
    "precision_recall_points",
    "roc_curve",
    "roc_points",
]


def classification_facts(
    truth: Any,
    predicted: Any,
    *,
    classes: Any = None,
    probability: Any = None,
    weight: Any = None,
    pos_label: Any = None,
) -> ClassificationFacts:
    """Metrics, confusion matrix and curve of predictions.

    Args:
        truth: labels of shape (n,) or (n, 1), of any type; (n, outputs) for several outputs, which
            are one multilabel target if all cells are 0 or 1.
        predicted: labels of the same shape.
        classes: the classes in the order of the columns of `probability`; one such list per output
            for several outputs. Without it the columns follow the ascending labels.
        probability: (n, classes); for two classes also (n,), the probability of or the decision value
            for the second class (values within 0 and 1 are taken for probabilities); for several
            outputs a list of (n, classes), or (n, outputs) for a multilabel target.
        weight: sample weights of shape (n,).
        pos_label: precision, recall and F1 of this label alone, not the average over all labels; the
            curve is about it too. A multilabel target has no use for it.

    Raises:
        ValueError: lengths or shapes of truth, prediction and weights differ.
    """
    given = Predictions(dense(truth), dense(predicted), classes, probability, weight, pos_label)
    if given.truth.ndim == 2 and given.truth.shape[1] > 1:
        return several_outputs_facts(given)
    return single_output_facts(given)


def confusion_matrix(facts: ClassificationFacts) -> dict[str, Any]:
    """The confusion matrix of one output as JSON; it says so if it has only the most frequent labels.

    Raises:
        ValueError: the facts have no confusion matrix.
    """
    if facts.confusion is None or facts.labels is None:
        raise ValueError("there is no confusion matrix")
    shown: dict[str, Any] = {
        "labels": plain_labels(facts.labels),
        "matrix": facts.confusion.tolist(),
        "rows": "true",
        "columns": "predicted",
        "weighted": facts.weighted,
    }
    if facts.classes > len(facts.labels):
        shown["note"] = f"the {len(facts.labels)} most frequent of {facts.classes} labels"
    return shown
