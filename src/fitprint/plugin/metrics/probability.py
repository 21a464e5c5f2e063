"""Metrics of class probabilities: log loss and the area under the ROC curve, for two classes or more."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.arrays import Array, mean_over_rows
from fitprint.plugin.metrics.labels import Encoded

# One against one grows with rows times classes: beyond this it is no longer a matter of milliseconds.
MOST_AUC_CLASSES = 50
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
    """Scores (n, c), (n, 1) or (n,) matched with the labels, or why they cannot be.

    A single column is about the second class: p becomes (1 - p, p), a decision value s (-s, s).
    The columns follow the classes the caller named, else the ascending labels.
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
    """The mean of -log(probability of the true class), as sklearn.metrics.log_loss.

    As there (1.9), probabilities are clipped to [eps, 1 - eps] with the eps of their own float type and
    rows that do not sum to 1 stay as they are. The logarithm is taken in float64 even of float32.
    """
    if scores.low < 0 or scores.high > 1:
        return NOT_PROBABILITIES
    chosen = scores.values[np.arange(len(scores.column)), scores.column]
    return float(mean_over_rows(negative_logarithm(chosen), weights))


def negative_logarithm(probability: Array) -> Array:
    """-log(p) in float64 of p clipped to [eps, 1 - eps], with the eps of p's own float type."""
    eps = np.finfo(probability.dtype).eps
    return -np.log(np.clip(probability, eps, 1 - eps).astype(np.float64))


def one_against_one_auc(scores: ClassScores, weights: Array | None) -> float | str:
    """The area under the ROC curve of every pair of classes, averaged: Hand & Till (2001).

    For the pair (a, b) it is the mean of A(a|b), how well column a tells a from b, and A(b|a); pairs
    are weighted by their rows: sklearn.metrics.roc_auc_score with average="weighted", multi_class="ovo".
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
        return "one against one takes no sample weights"
    if len(rows) > MOST_AUC_CLASSES:
        return f"left out above {MOST_AUC_CLASSES} classes, for its cost"
    if not rows.all():
        return "a class has no true row"
    sums = scores.values.sum(axis=1)
    if (np.abs(sums - 1) > 1e-8 + 1e-5 * np.abs(sums)).any():  # np.allclose(1, sums), at a third of its time
        return "the class probabilities of a row do not sum to 1"
    return None


def _wins(score: Array, column: Array, a: int, classes: int) -> Array:
    """(c,) for every other class b: in how many (row of a, row of b) pairs a's score is higher, ties half.

    Only the scores of class `a` are sorted; the place of another row's score among them says how many
    are below it. The second search, for the end of a run of equal scores, is for tied rows alone.
    """
    other = column != a
    own, score = np.sort(score[~other]), score[other]
    below = own.searchsorted(score)
    tied = own.take(below, mode="clip") == score
    not_above = below.astype(np.float64)
    if tied.any():
        not_above[tied] = (below[tied] + own.searchsorted(score[tied], side="right")) / 2
    return np.bincount(column[other], len(own) - not_above, classes)
