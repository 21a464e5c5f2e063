"""Two classes and a score: counts at every threshold, the area under the ROC curve, and both curves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.arrays import Array, dense, divided, row_weights
from fitprint.plugin.metrics.labels import encode, plain_labels, position_of

MOST_POINTS = 500
ONE_CLASS = "the rows that count are all of one class"


class ThresholdCounts(NamedTuple):
    """Rows counted as positive at each distinct score t, that is the rows with score >= t."""

    false_positives: Array
    """(t,) ascending; the last one is the number (or weight) of all negative rows."""
    true_positives: Array
    """(t,) ascending; the last one is the number (or weight) of all positive rows."""
    thresholds: Array
    """(t,) the distinct scores, descending."""
    positive: Any
    """The label counted as positive, as JSON has it."""


def threshold_counts(
    is_positive: Array, score: Array, weights: Array | None, positive: Any = True
) -> ThresholdCounts | None:
    """Counts from one sort of the scores, as sklearn.metrics.confusion_matrix_at_thresholds.

    `is_positive` is (n,) of bool, `score` (n,) finite. None when the positive or the negative rows
    weigh nothing: neither curve is defined then.
    """
    if weights is not None:  # rows without weight must not leave their scores as thresholds
        counted = weights != 0
        is_positive, score, weights = is_positive[counted], score[counted], weights[counted]
    order = np.argsort(-score)
    score, hits = score[order], is_positive[order]
    ends = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)
    if weights is None:
        true = np.cumsum(hits)[ends].astype(np.float64)
        false = 1.0 + ends - true
    else:  # two sums, so that rounding cannot make either of them descend
        weights = weights[order]
        true, false = np.cumsum(hits * weights)[ends], np.cumsum(~hits * weights)[ends]
    if not (len(score) and true[-1] > 0 and false[-1] > 0):
        return None
    return ThresholdCounts(false, true, score[ends], positive)


def area_under_roc(counts: ThresholdCounts) -> float:
    """The area under the ROC curve by the trapezoid rule, which counts a tie as half a success."""
    false, true = counts.false_positives, counts.true_positives
    steps = np.diff(false, prepend=0.0)
    below = 2 * true - np.diff(true, prepend=0.0)  # each threshold's true positives plus the last one's
    return float(steps @ below / (2 * false[-1] * true[-1]))


def roc_points(counts: ThresholdCounts, points: int | None = MOST_POINTS) -> dict[str, Any]:
    """The ROC curve: fpr = fp / negatives and tpr = tp / positives, from (0, 0) to (1, 1).

    Points inside a straight stretch are dropped as sklearn.metrics.roc_curve does by default; if more
    than `points` are left they are thinned (None: never). The first threshold is above every score:
    "Infinity", as JSON has no such number.
    """
    false, true, thresholds, positive = counts
    if len(false) > 2:
        bends = (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0)
        corners = np.flatnonzero(np.concatenate(([True], bends, [True])))
        false, true, thresholds = false[corners], true[corners], thresholds[corners]
    fpr = np.concatenate(([0.0], false / false[-1]))
    tpr = np.concatenate(([0.0], true / true[-1]))
    kept = thinned(fpr, tpr, points)
    return {
        "fpr": fpr[kept].tolist(),
        "tpr": tpr[kept].tolist(),
        "thresholds": ["Infinity", *thresholds[kept[1:] - 1].tolist()],
        "positive": positive,
    }


def precision_recall_points(counts: ThresholdCounts, points: int | None = MOST_POINTS) -> dict[str, Any]:
    """The precision-recall curve: tp / (tp + fp) against tp / positives, recall descending.

    As sklearn.metrics.precision_recall_curve: the thresholds ascend and the last point, precision 1
    at recall 0, has none. Thinned to at most `points` (None: never).
    """
    false, true, thresholds, positive = counts
    precision = np.append(divided(true, true + false)[::-1], 1.0)
    recall = np.append((true / true[-1])[::-1], 0.0)
    kept = thinned(recall, precision, points)
    return {
        "precision": precision[kept].tolist(),
        "recall": recall[kept].tolist(),
        "thresholds": thresholds[::-1][kept[:-1]].tolist(),
        "positive": positive,
    }


def thinned(x: Array, y: Array, points: int | None) -> Array:
    """Positions of at most `points` (an even number) points that keep the shape of the line (x, y).

    The line is cut into points / 2 stretches of equal length, |dx| + |dy|, and each keeps its first
    and last point. So both ends of the line stay, and both ends of every longer straight segment:
    a corner is never cut off.
    """
    if points is None or len(x) <= points:
        return np.arange(len(x))
    length = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))))
    stretch = np.minimum(length / length[-1] * (points // 2), points // 2 - 1).astype(np.intp)
    starts = stretch[1:] != stretch[:-1]
    return np.flatnonzero(np.append(True, starts) | np.append(starts, True))


def roc_curve(truth: Any, score: Any, *, pos_label: Any = None, weight: Any = None) -> dict[str, Any]:
    """`roc_points` of labels (n,) and scores (n,); the positive label is the greater one if not named.

    Raises:
        ValueError: the rows are not of two classes, or a score is not finite.
    """
    return roc_points(_counted(truth, score, pos_label, weight))


def precision_recall_curve(truth: Any, score: Any, *, pos_label: Any = None, weight: Any = None) -> dict[str, Any]:
    """`precision_recall_points` of labels (n,) and scores (n,); takes and raises what `roc_curve` does."""
    return precision_recall_points(_counted(truth, score, pos_label, weight))


def _counted(truth: Any, score: Any, pos_label: Any, weight: Any) -> ThresholdCounts:
    truth, score = dense(truth).ravel(), dense(score).ravel().astype(np.float64)
    if len(truth) != len(score) or not np.isfinite(score).all():
        raise ValueError("a curve needs one finite score per row")
    encoded = encode(truth, truth)
    position = len(encoded.labels) - 1 if pos_label is None else position_of(pos_label, encoded.labels)
    if position is None or len(encoded.labels) != 2:
        raise ValueError("a curve needs rows of two classes, one of them positive")
    positive = plain_labels(encoded.labels)[position]
    weights = row_weights(weight, len(truth))
    counts = threshold_counts(encoded.true == position, score, weights, positive)
    if counts is None:
        raise ValueError(ONE_CLASS)
    return counts
