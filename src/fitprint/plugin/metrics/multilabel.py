"""The metrics of a multilabel target: each label is a question of yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitprint.plugin.metrics.inputs import Array, divided, mean_over_rows
from fitprint.plugin.metrics.probability import (
    NO_PROBABILITIES,
    NOT_PROBABILITIES,
    area_under_roc,
    negative_logarithm,
    threshold_counts,
)


def is_indicator(labels: Array) -> bool:
    """Return whether all cells of several outputs are 0 or 1, so that they are one multilabel target."""
    return labels.dtype.kind in "biuf" and bool(((labels == 0) | (labels == 1)).all())


def multilabel_outcomes(
    truth: Array, predicted: Array, probability: Any, classes: Any, weights: Array | None
) -> dict[str, float | str]:
    """Return each metric, or why it is missing; scores are averaged by the labels' true rows.

    Args:
        truth: Which labels each row has, of shape (n, labels) and True or False.
        predicted: Which ones are predicted, of the same shape.
        probability: The probabilities that the labels are set, or one matrix for each label; None for none.
        classes: For each such matrix, the classes of its columns; None if they are not known.
        weights: Sample weights of shape (n,), or None.
    """
    rows = np.ones(len(truth)) if weights is None else weights
    hits, true, seen = (rows @ cells for cells in (truth & predicted, truth, predicted))
    share = divided(true, true.sum())
    outcomes: dict[str, float | str] = {
        "precision_score": float(share @ divided(hits, seen)),
        "recall_score": float(share @ divided(hits, true)),
        "f1_score": float(share @ divided(2 * hits, true + seen)),
        "accuracy_score": float(mean_over_rows((truth == predicted).all(axis=1), weights)),
    }
    chances = _positive_probabilities(truth, probability, classes)
    if isinstance(chances, str):
        outcomes |= dict.fromkeys(("log_loss", "roc_auc"), chances)
    else:
        outcomes["log_loss"] = _log_loss(truth, chances, weights)
        outcomes["roc_auc"] = _area_under_roc(truth, chances, weights)
    return outcomes


def _positive_probabilities(truth: Array, probability: Any, classes: Any) -> Array | str:
    """Return (n, outputs) probabilities that each label is set, or why there are none.

    Multi-output estimators return a list of (n, classes of that output) instead of one matrix.
    """
    if probability is None:
        return NO_PROBABILITIES
    if isinstance(probability, (list, tuple)) and probability and np.ndim(probability[0]) == 2:
        named = [None] * len(probability) if classes is None else classes
        columns = [_set_column(np.asarray(block), of) for block, of in zip(probability, named, strict=True)]
        if any(column is None for column in columns):
            return "an output's probabilities do not say which column is which"
        probability = np.column_stack([column for column in columns if column is not None])
    values = np.asarray(probability)
    if values.shape != truth.shape:
        return f"probabilities of shape {values.shape} do not fit truth of {truth.shape}"
    if not np.isfinite(values).all():
        return "the class probabilities are not all finite"
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _set_column(block: Array, classes: Any) -> Array | None:
    """Return the column of `block` for the class 1; an output whose rows were all alike has only one column."""
    if classes is None:
        return block[:, 1] if block.shape[1] == 2 else None
    known = np.asarray(classes).tolist()
    return block[:, known.index(1)] if 1 in known else np.zeros_like(block[:, 0])


def _log_loss(truth: Array, probability: Array, weights: Array | None) -> float | str:
    """Return the mean over rows of the sum of -log(p) over the labels that are set.

    This is how sklearn.metrics.log_loss treats an indicator matrix: it reads the row as one distribution, so labels
    that are not set add nothing.
    """
    if probability.min() < 0 or probability.max() > 1:
        return NOT_PROBABILITIES
    return float(mean_over_rows((negative_logarithm(probability) * truth).sum(axis=1), weights))


def _area_under_roc(truth: Array, score: Array, weights: Array | None) -> float | str:
    """Return the area under each label's ROC curve, averaged by the label's true rows.

    This is sklearn.metrics.roc_auc_score with average="weighted": labels without true rows have no weight.
    """
    true = truth.sum(axis=0) if weights is None else weights @ truth
    total = 0.0
    for i in np.flatnonzero(true):
        counts = threshold_counts(truth[:, i], score[:, i], weights)
        if counts is None:
            return f"all rows have label {i}"
        total += float(true[i]) * area_under_roc(counts)
    return total / float(true.sum()) if true.any() else "no row has any label"
