"""The confusion matrix, and every metric that follows from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fitprint.plugin.metrics.arrays import Array, divided
from fitprint.plugin.metrics.labels import Encoded, position_of

# 200 x 200 cells is about what a file viewer shows; k * k cells for thousands of labels would not fit memory.
MOST_CLASSES = 200


class Tally(NamedTuple):
    """What was counted, or summed from the sample weights, over the rows."""

    hits: Array
    """(k,) rows of each label predicted as that label."""
    true: Array
    """(k,) rows that have each label."""
    predicted: Array
    """(k,) rows predicted as each label."""
    matrix: Array
    """(m, m) rows by true label (axis 0) and predicted label (axis 1), for the labels kept."""
    kept: Array | None
    """(m,) positions of the labels kept in the matrix, None when it has them all."""


def tally(encoded: Encoded, weights: Array | None) -> Tally:
    """Count the rows once; all metrics come from these counts.

    Up to `MOST_CLASSES` labels everything is read off one matrix. Above it the sums are counted
    directly and the matrix holds the labels with most true rows only.
    """
    k = len(encoded.labels)
    if k <= MOST_CLASSES:
        matrix = _cells(encoded.true, encoded.predicted, k, weights)
        return Tally(matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0), matrix, None)
    true = np.bincount(encoded.true, weights, k)
    predicted = np.bincount(encoded.predicted, weights, k)
    hit = encoded.true == encoded.predicted
    hits = np.bincount(encoded.true[hit], None if weights is None else weights[hit], k)
    kept = np.sort(np.argsort(-true, kind="stable")[:MOST_CLASSES])
    return Tally(hits, true, predicted, _cells_of(kept, encoded, weights), kept)


def weighted_scores(counts: Tally) -> dict[str, float | str]:
    """Precision, recall and F1 of each label, averaged with the labels' true rows as weights.

    precision = hits / predicted, recall = hits / true, F1 = 2 hits / (true + predicted), each 0.0
    where nothing can be divided: sklearn.metrics.precision_recall_fscore_support with
    average="weighted", zero_division=0.
    """
    share = divided(counts.true, counts.true.sum())
    return {name: float(share @ values) for name, values in _scores(counts).items()}


def scores_of_label(counts: Tally, labels: Array, pos_label: object) -> dict[str, float | str]:
    """The same three scores of one label alone: average="binary" with `pos_label`."""
    scores = _scores(counts)
    position = position_of(pos_label, labels)
    if position is not None:
        return {name: float(values[position]) for name, values in scores.items()}
    if len(labels) < 2:  # the positive label can be missing from rows that are all of the other one
        return dict.fromkeys(scores, 0.0)
    return dict.fromkeys(scores, f"the positive label {pos_label!r} is not among the labels")


def accuracy(counts: Tally) -> float:
    """The (weighted) share of rows predicted right: sum(hits) / sum(true)."""
    return float(counts.hits.sum() / counts.true.sum())


def _scores(counts: Tally) -> dict[str, Array]:
    return {
        "precision_score": divided(counts.hits, counts.predicted),
        "recall_score": divided(counts.hits, counts.true),
        "f1_score": divided(2 * counts.hits, counts.true + counts.predicted),
    }


def _cells(true: Array, predicted: Array, k: int, weights: Array | None) -> Array:
    return np.bincount(true * k + predicted, weights, k * k).reshape(k, k)


def _cells_of(kept: Array, encoded: Encoded, weights: Array | None) -> Array:
    """The matrix of the `kept` labels alone, from the rows whose two labels are both kept."""
    place = np.full(len(encoded.labels), -1)
    place[kept] = np.arange(len(kept))
    true, predicted = place[encoded.true], place[encoded.predicted]
    both = (true >= 0) & (predicted >= 0)
    return _cells(true[both], predicted[both], len(kept), None if weights is None else weights[both])
