"""Facts about labels of shape (n, outputs): indicator matrices, and several targets at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitprint.plugin.metrics.arrays import (
    MOST_OUTPUTS,
    Array,
    divided,
    mean_over_rows,
    row_weights,
    sort_outcomes,
    why_nothing,
)
from fitprint.plugin.metrics.probability import NOT_PROBABILITIES, negative_logarithm
from fitprint.plugin.metrics.single_output import (
    METRICS,
    NO_PROBABILITIES,
    ClassificationFacts,
    Predictions,
    single_output_facts,
)
from fitprint.plugin.metrics.thresholds import area_under_roc, threshold_counts

_EACH_OUTPUT = "defined for each output only"


def several_outputs_facts(given: Predictions) -> ClassificationFacts:
    """The facts for truth and prediction of one shape (n, outputs), outputs > 1.

    Raises:
        ValueError: the two shapes differ, or there is not one weight per row.
    """
    if given.truth.shape != given.predicted.shape:
        raise ValueError(f"predictions of shape {given.predicted.shape} for truth of {given.truth.shape}")
    weights = row_weights(given.weight, len(given.truth))
    reason = why_nothing(len(given.truth), weights)
    if reason is not None:
        return ClassificationFacts({}, dict.fromkeys(METRICS, reason))
    if _is_indicator(given.truth) and _is_indicator(given.predicted):
        return _multilabel_facts(given, weights)
    return _multioutput_facts(given, weights)


def _is_indicator(labels: Array) -> bool:
    return labels.dtype.kind in "biuf" and bool(((labels == 0) | (labels == 1)).all())


def _multioutput_facts(given: Predictions, weights: Array | None) -> ClassificationFacts:
    """The share of rows right in all outputs, as MultiOutputClassifier.score, and each output's metrics."""
    right = (given.truth == given.predicted).all(axis=1)
    accuracy = float(mean_over_rows(right, weights))
    metrics, reasons = sort_outcomes(dict.fromkeys(METRICS, _EACH_OUTPUT) | {"accuracy_score": accuracy})
    outputs = given.truth.shape[1]
    if outputs <= MOST_OUTPUTS:
        for i in range(outputs):
            facts = single_output_facts(_output(given, i))
            metrics |= {f"{name}_{i}": value for name, value in facts.metrics.items()}
            reasons |= {f"{name}_{i}": reason for name, reason in facts.reasons.items()}
    return ClassificationFacts(metrics, reasons)


def _output(given: Predictions, i: int) -> Predictions:
    """Output `i` alone; classes and probabilities are then lists with one entry per output."""
    probability = given.probability[i] if isinstance(given.probability, (list, tuple)) else None
    classes = None if given.classes is None else given.classes[i]
    return Predictions(given.truth[:, i], given.predicted[:, i], classes, probability, given.weight, given.pos_label)


def _multilabel_facts(given: Predictions, weights: Array | None) -> ClassificationFacts:
    """Each label is its own yes or no question; scores are averaged by the labels' true rows."""
    truth, predicted = given.truth.astype(bool), given.predicted.astype(bool)
    rows = np.ones(len(truth)) if weights is None else weights
    hits, true, seen = (rows @ cells for cells in (truth & predicted, truth, predicted))
    share = divided(true, true.sum())
    outcomes: dict[str, float | str] = {
        "precision_score": float(share @ divided(hits, seen)),
        "recall_score": float(share @ divided(hits, true)),
        "f1_score": float(share @ divided(2 * hits, true + seen)),
        "accuracy_score": float(mean_over_rows((truth == predicted).all(axis=1), weights)),
    }
    probability = _positive_probabilities(given)
    if isinstance(probability, str):
        outcomes |= dict.fromkeys(("log_loss", "roc_auc"), probability)
    else:
        outcomes["log_loss"] = _multilabel_log_loss(truth, probability, weights)
        outcomes["roc_auc"] = _multilabel_auc(truth, probability, weights)
    return ClassificationFacts(*sort_outcomes(outcomes))


def _positive_probabilities(given: Predictions) -> Array | str:
    """(n, outputs) probabilities that each label is set, or why there are none.

    Multi-output estimators give a list of (n, classes of that output) instead of one matrix.
    """
    probability = given.probability
    if probability is None:
        return NO_PROBABILITIES
    if isinstance(probability, (list, tuple)) and probability and np.ndim(probability[0]) == 2:
        named = [None] * len(probability) if given.classes is None else given.classes
        columns = [_set_column(np.asarray(block), of) for block, of in zip(probability, named, strict=True)]
        if any(column is None for column in columns):
            return "an output's probabilities do not say which column is which"
        probability = np.column_stack([column for column in columns if column is not None])
    values = np.asarray(probability)
    if values.shape != given.truth.shape:
        return f"probabilities of shape {values.shape} do not fit truth of {given.truth.shape}"
    if not np.isfinite(values).all():
        return "the class probabilities are not all finite"
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _set_column(block: Array, classes: Any) -> Array | None:
    """The column of `block` for the class 1; an output whose rows were all alike has one column only."""
    if classes is None:
        return block[:, 1] if block.shape[1] == 2 else None
    known = np.asarray(classes).tolist()
    return block[:, known.index(1)] if 1 in known else np.zeros_like(block[:, 0])


def _multilabel_log_loss(truth: Array, probability: Array, weights: Array | None) -> float | str:
    """The mean over rows of the sum of -log(p) over the labels that are set.

    This is what sklearn.metrics.log_loss makes of an indicator matrix: it reads the row as one
    distribution, so labels that are not set add nothing.
    """
    if probability.min() < 0 or probability.max() > 1:
        return NOT_PROBABILITIES
    return float(mean_over_rows((negative_logarithm(probability) * truth).sum(axis=1), weights))


def _multilabel_auc(truth: Array, score: Array, weights: Array | None) -> float | str:
    """The area under each label's ROC curve, averaged by the label's true rows.

    sklearn.metrics.roc_auc_score with average="weighted": labels without true rows weigh nothing.
    """
    true = truth.sum(axis=0) if weights is None else weights @ truth
    total = 0.0
    for i in np.flatnonzero(true):
        counts = threshold_counts(truth[:, i], score[:, i], weights)
        if counts is None:
            return f"all rows have label {i}"
        total += float(true[i]) * area_under_roc(counts)
    return total / float(true.sum()) if true.any() else "no row has any label"
