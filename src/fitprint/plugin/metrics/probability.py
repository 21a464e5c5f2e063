"""Metrics of class probabilities: log loss, areas under ROC curves, and the ROC and precision-recall curves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.inputs import Array, Encoded, divided, mean_over_rows

# The cost of one against one grows with rows times classes: beyond this it takes more than milliseconds.
MOST_AUC_CLASSES = 50
NO_PROBABILITIES = "there are no class probabilities"
NOT_PROBABILITIES = "the scores are not probabilities between 0 and 1"


class ClassScores(NamedTuple):
    """A score per row and class, and each row's true class."""

    values: Array
    """(n, c) floats, at least two columns."""
    column: Array
    """(n,) column of each row's true class."""
    codes: Array
    """(c,) position of each column's class among the labels."""
    low: float
    high: float


def class_scores(encoded: Encoded, probability: Any) -> ClassScores | str:
    """Match scores of shape (n, c), (n, 1) or (n,) with the labels, or return why that is not possible.

    A single column is about the second class: p becomes (1 - p, p), a decision value s becomes (-s, s). The columns
    follow the classes that the caller named, else the ascending labels.
    """
    values = np.asarray(probability)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        return "the class probabilities are not all finite"
    if values.ndim < 2 or values.shape[1] == 1:
        second = values.reshape(-1)
        values = np.column_stack((1 - second if low >= 0 and high <= 1 else -second, second))
    if values.ndim != 2 or len(values) != len(encoded.true):
        return f"class probabilities of shape {values.shape} do not fit {len(encoded.true)} rows"
    codes = _codes_of_columns(encoded, values.shape[1])
    if codes is None:
        return f"{values.shape[1]} columns of class probabilities do not match the labels"
    column_of = np.full(len(encoded.labels), -1)
    column_of[codes] = np.arange(len(codes))
    column = column_of[encoded.true]
    if column.min() < 0:
        return "a true label is not among the classes"
    return ClassScores(values, column, codes, low, high)


def _codes_of_columns(encoded: Encoded, columns: int) -> Array | None:
    if encoded.classes is not None:
        return encoded.classes if len(encoded.classes) == columns else None
    if len(encoded.labels) == columns:
        return np.arange(columns)
    present = np.unique(encoded.true)
    return present if len(present) == columns else None


def log_loss(scores: ClassScores, weights: Array | None) -> float | str:
    """Return the mean of -log(probability of the true class), as sklearn.metrics.log_loss.

    As in scikit-learn 1.9, probabilities are clipped to [eps, 1 - eps] with the eps of their own float type, and rows
    that do not sum to 1 stay as they are. The logarithm is taken in float64 even of float32.
    """
    if scores.low < 0 or scores.high > 1:
        return NOT_PROBABILITIES
    chosen = scores.values[np.arange(len(scores.column)), scores.column]
    return float(mean_over_rows(negative_logarithm(chosen), weights))


def negative_logarithm(probability: Array) -> Array:
    """Return -log(p) in float64 of p clipped to [eps, 1 - eps], with the eps of p's own float type."""
    eps = np.finfo(probability.dtype).eps
    return -np.log(np.clip(probability, eps, 1 - eps).astype(np.float64))


def one_against_one_auc(scores: ClassScores, weights: Array | None) -> float | str:
    """Return the area under the ROC curve of every pair of classes, averaged: Hand & Till (2001).

    For the pair (a, b) it is the mean of A(a|b), how well column a tells a from b, and A(b|a); pairs are weighted by
    their rows: sklearn.metrics.roc_auc_score with average="weighted", multi_class="ovo".
    """
    rows = np.bincount(scores.column, minlength=scores.values.shape[1])
    reason = _why_no_pairs(scores, rows, weights)
    if reason is not None:
        return reason
    classes = len(rows)
    wins = np.array([_wins(scores.values[:, a], scores.column, a, classes) for a in range(classes)])
    areas = wins / (rows[:, None] * rows)
    # Both directions of a pair weigh the same, so the mean over ordered pairs is the mean over pairs.
    pair_rows = rows[:, None] + rows
    np.fill_diagonal(pair_rows, 0)
    return float((pair_rows * areas).sum() / pair_rows.sum())


def _why_no_pairs(scores: ClassScores, rows: Array, weights: Array | None) -> str | None:
    if weights is not None:
        return "it cannot be computed with sample weights"
    if len(rows) > MOST_AUC_CLASSES:
        return f"not computed for more than {MOST_AUC_CLASSES} classes, because it takes too long"
    return _why_no_area(scores, rows)


def _why_no_area(scores: ClassScores, rows: Array) -> str | None:
    """Return why there is no area of several classes, which have so many true rows each, or None if there is one."""
    if not rows.all():
        return "a class has no true row"
    sums = scores.values.sum(axis=1)
    if (np.abs(sums - 1) > 1e-8 + 1e-5 * np.abs(sums)).any():  # np.allclose(1, sums), at a third of its time
        return "the class probabilities of a row do not sum to 1"
    return None


def _wins(score: Array, column: Array, a: int, classes: int) -> Array:
    """Return for every other class b in how many (row of a, row of b) pairs a's score is higher, counting ties as half.

    Only the scores of class `a` are sorted; the place of another row's score among them says how many are below it. The
    second search, for the end of a run of equal scores, is only for tied rows.
    """
    other = column != a
    own, score = np.sort(score[~other]), score[other]
    below = own.searchsorted(score)
    tied = own.take(below, mode="clip") == score
    not_above = below.astype(np.float64)
    if tied.any():
        not_above[tied] = (below[tied] + own.searchsorted(score[tied], side="right")) / 2
    return np.bincount(column[other], len(own) - not_above, classes)


def one_against_rest_auc(scores: ClassScores, weights: Array | None) -> float | str:
    """Return the area under the ROC curve of each class against the rest, averaged by the classes' true rows.

    This is sklearn.metrics.roc_auc_score with average="weighted", multi_class="ovr".
    """
    columns = scores.values.shape[1]
    reason = _why_no_area(scores, np.bincount(scores.column, minlength=columns))
    if reason is not None:
        return reason
    share = np.bincount(scores.column, weights, columns)
    areas = np.zeros(columns)
    for column in range(columns):
        counts = threshold_counts(scores.column == column, scores.values[:, column], weights)
        if counts is None:
            return ONE_CLASS
        areas[column] = area_under_roc(counts)
    return float(share @ areas / share.sum())


MOST_POINTS = 500
ONE_CLASS = "all rows whose weight is above zero are of one class"


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
    """Return the counts from one sort of the scores, as sklearn.metrics.confusion_matrix_at_thresholds.

    `is_positive` is (n,) of bool, `score` (n,) finite. The result is None if the positive or the negative rows have no
    weight: neither curve is defined then.
    """
    if weights is not None:  # the scores of rows without weight must not become thresholds
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
    """Return the area under the ROC curve by the trapezoid rule, which counts a tie as half a success."""
    false, true = counts.false_positives, counts.true_positives
    steps = np.diff(false, prepend=0.0)
    below = 2 * true - np.diff(true, prepend=0.0)  # each threshold's true positives plus the last one's
    return float(steps @ below / (2 * false[-1] * true[-1]))


def average_precision(counts: ThresholdCounts) -> float:
    """Return the sum over the thresholds of precision times the gain in recall.

    This is sklearn.metrics.average_precision_score; MLflow calls it ``precision_recall_auc``.
    """
    true = counts.true_positives
    gains = np.diff(true, prepend=0.0) / true[-1]
    return float(gains @ divided(true, true + counts.false_positives))


def roc_points(counts: ThresholdCounts, points: int | None = MOST_POINTS) -> dict[str, Any]:
    """Return the ROC curve: fpr = fp / negatives and tpr = tp / positives, from (0, 0) to (1, 1).

    Points inside a straight stretch are dropped, as sklearn.metrics.roc_curve does by default. The first threshold is
    above every score: "Infinity", as JSON has no such number.

    Args:
        counts: The counts at each threshold.
        points: The curve is thinned to at most this many points; None for all of them.

    Returns:
        The curve as JSON.
    """
    false, true, thresholds, positive = counts
    if len(false) > 2:
        bends = (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0)
        corners = np.flatnonzero(np.concatenate(([True], bends, [True])))
        false, true, thresholds = false[corners], true[corners], thresholds[corners]
    fpr = np.concatenate(([0.0], false / false[-1]))
    tpr = np.concatenate(([0.0], true / true[-1]))
    positions = thinned(fpr, tpr, points)
    return {
        "fpr": fpr[positions].tolist(),
        "tpr": tpr[positions].tolist(),
        "thresholds": ["Infinity", *thresholds[positions[1:] - 1].tolist()],
        "positive": positive,
    }


def precision_recall_points(counts: ThresholdCounts, points: int | None = MOST_POINTS) -> dict[str, Any]:
    """Return the precision-recall curve: tp / (tp + fp) against tp / positives, recall descending.

    As in sklearn.metrics.precision_recall_curve, the thresholds ascend, and the last point, precision 1 at recall 0,
    has none.

    Args:
        counts: The counts at each threshold.
        points: The curve is thinned to at most this many points; None for all of them.

    Returns:
        The curve as JSON.
    """
    false, true, thresholds, positive = counts
    precision = np.append(divided(true, true + false)[::-1], 1.0)
    recall = np.append((true / true[-1])[::-1], 0.0)
    positions = thinned(recall, precision, points)
    return {
        "precision": precision[positions].tolist(),
        "recall": recall[positions].tolist(),
        "thresholds": thresholds[::-1][positions[:-1]].tolist(),
        "positive": positive,
    }


def thinned(x: Array, y: Array, points: int | None) -> Array:
    """Return the positions of at most `points` (an even number) points that keep the shape of the line (x, y).

    The line is cut into points / 2 stretches of equal length, |dx| + |dy|, and each keeps its first and last point. So
    both ends of the line stay, and both ends of every longer straight segment: a corner is never cut off.
    """
    if points is None or len(x) <= points:
        return np.arange(len(x))
    length = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))))
    stretch = np.minimum(length / length[-1] * (points // 2), points // 2 - 1).astype(np.intp)
    starts = stretch[1:] != stretch[:-1]
    return np.flatnonzero(np.append(True, starts) | np.append(starts, True))
