"""How the metrics read labels, predictions and sample weights: as arrays, and labels as whole numbers 0 to k-1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NO_ROWS = "there are no rows"
NO_WEIGHT = "the sample weights have no positive, finite sum"
NOT_FINITE = "the value is not a finite number"

# More outputs than this get no metrics of their own: people read a run, and each metric costs time.
MOST_OUTPUTS = 20


def dense(values: Any) -> Array:
    """Return values as a numpy array; a sparse matrix (anything with `toarray`) is filled in."""
    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values)


def row_weights(weight: Any, rows: int) -> Array | None:
    """Return the sample weights as float64 of shape (rows,), or None if there are none.

    Raises:
        ValueError: There is not one weight per row.
    """
    if weight is None:
        return None
    weights = np.asarray(weight, dtype=np.float64).ravel()
    if len(weights) != rows:
        raise ValueError(f"{len(weights)} sample weights for {rows} rows")
    return weights


def why_nothing(rows: int, weights: Array | None) -> str | None:
    """Return why no metric at all is defined on these rows, or None if some are."""
    if rows == 0:
        return NO_ROWS
    if weights is not None and not 0 < weights.sum() < np.inf:
        return NO_WEIGHT
    return None


def mean_over_rows(values: Array, weights: Array | None) -> Array:
    """Return the mean over axis 0, weighted if there are weights: sum(w * v) / sum(w)."""
    total = values.sum(axis=0) if weights is None else weights @ values
    return np.asarray(total / (len(values) if weights is None else weights.sum()))


def divided(numerator: Array, denominator: Array) -> Array:
    """Return `numerator / denominator`, and 0.0 if the denominator is 0 (scikit-learn's `zero_division=0`)."""
    result = np.zeros(np.shape(numerator))
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def sort_outcomes(outcomes: dict[str, float | str]) -> tuple[dict[str, float], dict[str, str]]:
    """Sort outcomes, each of which is a value or the reason why there is none, into metrics and reasons.

    A value that is not finite is not a metric: neither a chart nor strict JSON can hold it.
    """
    metrics: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, str):
            reasons[name] = outcome
        elif -np.inf < outcome < np.inf:
            metrics[name] = float(outcome)
        else:
            reasons[name] = NOT_FINITE
    return metrics, reasons


_NUMBERS = frozenset("biuf")  # kinds of numpy dtype that compare with each other


class Encoded(NamedTuple):
    """Labels and, for each row, the position of its label among them."""

    labels: Array
    """(k,) every label of truth, prediction and classes, ascending."""
    true: Array
    """(n,) position of each row's true label."""
    predicted: Array
    """(n,) position of each row's predicted label."""
    classes: Array | None
    """(c,) position of each class the caller named, in the caller's order."""


def encode(truth: Array, predicted: Array, classes: Array | None = None) -> Encoded:
    """Return codes for the labels of two arrays of shape (n,), whose sets of labels may differ."""
    arrays = [truth, predicted] if classes is None else [truth, predicted, classes]
    kinds = {array.dtype.kind for array in arrays}
    # Numpy would compare the number 1 with the string "1" as strings; hashing keeps them apart.
    if kinds <= _NUMBERS or (len(kinds) == 1 and not kinds & {"O", "T", "V"}):
        return _searched(truth, predicted, classes)
    return _hashed(truth, predicted, classes)


def plain_labels(labels: Array) -> list[Any]:
    """Return labels as values that JSON has: numbers, strings, true, false and null; anything else as its string."""
    return [_plain(label) for label in labels.tolist()]


def position_of(label: object, labels: Array) -> int | None:
    """Return the position of `label` among `labels`, or None if it is not one of them."""
    return next((code for code, known in enumerate(labels.tolist()) if known == label), None)


def _searched(truth: Array, predicted: Array, classes: Array | None) -> Encoded:
    if classes is not None:
        labels = np.unique(classes)
        true, seen = _positions(labels, truth), _positions(labels, predicted)
        if true is not None and seen is not None:  # usually, so that the rows need not be sorted
            return Encoded(labels, true, seen, labels.searchsorted(classes))
    parts = [truth, predicted] if classes is None else [truth, predicted, classes]
    labels = np.unique(np.concatenate([np.unique(part) for part in parts]))
    codes = None if classes is None else labels.searchsorted(classes)
    return Encoded(labels, labels.searchsorted(truth), labels.searchsorted(predicted), codes)


def _positions(labels: Array, values: Array) -> Array | None:
    """Return the positions of `values` among the ascending `labels`, or None if one of them is missing."""
    codes = labels.searchsorted(values)
    nearest = labels.take(codes, mode="clip")
    return codes if bool((nearest == values).all()) else None


def _hashed(truth: Array, predicted: Array, classes: Array | None) -> Encoded:
    rows = [array.tolist() for array in (truth, predicted)]
    named = [] if classes is None else classes.tolist()
    ordered = _ascending(set().union(*rows, named))
    code_of = {label: code for code, label in enumerate(ordered)}
    labels = np.empty(len(ordered), dtype=object)
    labels[:] = ordered
    true, seen, codes = (
        np.fromiter(map(code_of.__getitem__, values), dtype=np.intp, count=len(values)) for values in (*rows, named)
    )
    return Encoded(labels, true, seen, None if classes is None else codes)


def _ascending(labels: Iterable[Any]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:  # labels of several types, such as strings and None: any fixed order will do
        return sorted(labels, key=lambda label: (type(label).__name__, str(label)))


def _plain(label: Any) -> Any:
    if isinstance(label, np.generic):  # a numpy value inside an object array
        label = label.item()
    if label is None or isinstance(label, (bool, int, str)):
        return label
    if isinstance(label, float) and np.isfinite(label):
        return label
    return str(label)  # dates, tuples and the like; also NaN, which strict JSON cannot express
