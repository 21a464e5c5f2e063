"""Which kind of problem predictions are about, and the labels that scores such as probabilities stand for."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.inputs import Array, dense

CLASSIFIER, REGRESSOR, CLUSTERER = "classifier", "regressor", "clusterer"
MODEL_TYPES = (CLASSIFIER, REGRESSOR, CLUSTERER)

_NUMBERS = frozenset("iuf")
_MOST_LABELS = 20
"""Whole numbers of more different values than these are labels only if most rows share theirs with another row."""


class Predictions(NamedTuple):
    """What a model says about rows, in the form that metrics take."""

    truth: Array
    predicted: Array
    """Values, or the labels of a classifier."""
    probability: Any = None
    """Class probabilities or decision values of a classifier, or None."""
    classes: Any = None
    """The classes in the order of the probabilities; None for the ascending labels."""


def model_type_of(truth: Any, predicted: Any, has_probabilities: bool = False) -> str:
    """Decide from the values whether a model is a classifier or a regressor, where the model does not say so itself.

    It is a classifier if it has class probabilities, if the target is not numeric, if its predictions are all values of
    a target of whole numbers that look like labels, or if they look like probabilities: numbers between 0 and 1 for a
    target of two values, or several for each row that sum to 1.

    Args:
        truth: The target.
        predicted: What the model predicts.
        has_probabilities: Whether there are class probabilities beside the predictions.

    Returns:
        ``classifier`` or ``regressor``.
    """
    target, values = _numbers_in(dense(truth)), _numbers_in(dense(predicted))
    if has_probabilities or target.dtype.kind not in _NUMBERS or values.dtype.kind not in _NUMBERS:
        return CLASSIFIER
    if not _are_whole(target) or _are_quantities(target):
        return REGRESSOR
    if target.size == len(target) and values.ndim == 2 and values.shape[1] > 1:
        return CLASSIFIER if _sum_to_one(values) else REGRESSOR
    if _are_whole(values):
        return CLASSIFIER if np.isin(values, target).all() else REGRESSOR
    two_values = len(np.unique(target)) == 2
    return CLASSIFIER if two_values and _within_one(values) else REGRESSOR


def as_values(truth: Any, predicted: Any) -> Predictions:
    """Return the predictions of a regressor.

    Args:
        truth: The target, of shape (n,) or (n, outputs).
        predicted: What the model predicts.

    Returns:
        Both as arrays.

    Raises:
        ValueError: One of them is not numeric.
    """
    arrays = []
    for name, part in (("the target", truth), ("the predictions", predicted)):
        array = dense(part)
        try:
            arrays.append(array if array.dtype.kind in "biuf" else array.astype(np.float64))
        except (ValueError, TypeError):
            raise ValueError(f"{name} of a regressor must be numbers, not {array.dtype}") from None
    return Predictions(*arrays)


def as_labels(truth: Any, predicted: Any, probability: Any = None, classes: Any = None) -> Predictions:
    """Return the predictions of a classifier as labels, where the model predicts probabilities or decision values.

    Of several values for each row, the largest one says the label. A single one is about the second class: the row has
    it if a probability is above one half, or a decision value above 0.

    Args:
        truth: The labels of the rows.
        predicted: Labels of the same shape, or scores of shape (n,), (n, 1) or (n, classes).
        probability: Class probabilities or decision values of the rows, if they are known apart from `predicted`.
        classes: The classes in the order of the scores; by default the ascending labels.

    Returns:
        The labels, with the scores as probabilities if there were no others.

    Raises:
        ValueError: The predictions are labels of another type than the target, or the scores do not fit its labels.
    """
    target, values = dense(truth), dense(predicted)
    if target.ndim == 2 and target.shape[1] > 1:
        return Predictions(target, values, probability, classes)
    target = target.reshape(-1)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values.reshape(-1)
    if values.ndim == 2:
        names = _names(target, values.shape[1], classes)
        labels, scores = names[values.argmax(axis=1)], values
    elif values.dtype.kind == "f" and not _are_label_numbers(values, target):
        names = _names(target, 2, classes, "one score")
        threshold = 0.5 if _within_one(values) else 0.0
        labels, scores = names[(values > threshold).astype(int)], values
    else:
        return Predictions(*_of_one_type(target, values), probability, classes)
    return Predictions(target, labels, scores if probability is None else probability, names)


def _are_label_numbers(values: Array, target: Array) -> bool:
    """Return whether floats are labels, and no scores: whole numbers, below 0 only where the target is so too."""
    if target.dtype.kind not in "biuf" or not _are_whole(values):
        return False
    return bool(np.isin(values[values < 0], target).all())


def _names(target: Array, columns: int, classes: Any, scores: str = "") -> Array:
    """Return the labels that the columns of scores are about. `scores` says in an error how many there are.

    Raises:
        ValueError: There are not as many labels as columns.
    """
    known = np.unique(target) if classes is None else np.asarray(classes)
    if len(known) == columns:
        return known
    if classes is None and target.dtype.kind in "biu" and target.min() >= 0 and target.max() < columns:
        return np.arange(columns)  # labels that this target happens not to have
    raise ValueError(
        f"the model predicts {scores or f'{columns} scores'} for each row, and the target has {len(known)} labels: "
        "pass its labels as predictions=, or probabilities= with a column for each label"
    )


def _of_one_type(target: Array, values: Array) -> tuple[Array, Array]:
    """Return target and predictions as labels that can be compared: some models predict the texts of their labels.

    Raises:
        ValueError: One of them has numbers and the other one texts, and they have no label in common.
    """
    texts = [array.dtype.kind in "OUST" and isinstance(array[0], str) for array in (target, values) if len(array)]
    if len(set(texts)) < 2:
        return target, values
    target_texts, value_texts = target.astype(str), values.astype(str)
    if not np.isin(value_texts, target_texts).any():
        first = [repr(np.unique(array)[:3].tolist()) for array in (target, values)]
        raise ValueError(f"the target has labels such as {first[0]}, and the predictions are such as {first[1]}")
    return target_texts, value_texts


def _numbers_in(values: Array) -> Array:
    """Return an array of Python's numbers, such as pandas gives of nullable columns, as an array of floats."""
    if values.dtype.kind == "O" and values.size and all(type(value) in (int, float) for value in values.flat):
        return values.astype(np.float64)
    return values


def _are_whole(values: Array) -> bool:
    return values.dtype.kind in "biu" or bool((values == np.floor(values)).all())


def _are_quantities(target: Array) -> bool:
    """Return whether whole numbers are too many different ones for labels."""
    count = len(np.unique(target))
    return count > _MOST_LABELS and count > target.size / 2


def _within_one(values: Array) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


def _sum_to_one(values: Array) -> bool:
    return _within_one(values) and bool(np.allclose(values.sum(axis=1), 1, atol=1e-4))
