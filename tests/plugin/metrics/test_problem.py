"""What predictions are about, decided from the values alone, and the labels that scores stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fitprint.plugin.metrics.problem import as_labels, as_values, model_type_of

FRACTIONS = np.array([0.1, 0.9, 0.4, 0.6])
TWO = np.array([0, 1, 0, 1])
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.4, 0.3, 0.3]])

TYPES = {
    "texts": (np.array(["a", "b"]), np.array(["a", "a"]), "classifier"),
    "truth values": (np.array([True, False]), np.array([True, True]), "classifier"),
    "categories": (pd.Series(pd.Categorical(["a", "b"])), np.array(["a", "b"]), "classifier"),
    "fractions": (FRACTIONS, FRACTIONS, "regressor"),
    "fractions predicted as whole numbers": (FRACTIONS, TWO, "regressor"),
    "labels": (TWO, TWO, "classifier"),
    "labels as floats": (TWO, TWO.astype(float), "classifier"),
    "counts": (np.array([3, 5, 9]), np.array([3.2, 4.9, 9.5]), "regressor"),
    "counts predicted as other whole numbers": (np.array([3, 5, 9]), np.array([4, 5, 9]), "regressor"),
    "floats of many whole numbers, all predicted as one": (np.arange(40.0), np.full(40, 7.0), "regressor"),
    "many labels": (np.repeat(np.arange(40), 3), np.repeat(np.arange(40), 3), "classifier"),
    "few rows with a label each": (np.arange(5), np.arange(5), "classifier"),
    "the probability of the second class": (TWO, FRACTIONS, "classifier"),
    "numbers beyond probabilities": (TWO, FRACTIONS * 3, "regressor"),
    "a probability for each class": (np.array([0, 1, 2, 0]), PROBABILITIES, "classifier"),
    "quantiles": (np.array([0, 1, 2, 0]), PROBABILITIES * 3, "regressor"),
    "nullable whole numbers": (pd.Series([3, 5, 9], dtype="Int64"), np.array([3.2, 4.9, 9.5]), "regressor"),
}


@pytest.mark.parametrize(("truth", "predicted", "expected"), TYPES.values(), ids=TYPES)
def test_a_classifier_is_told_from_a_regressor(truth, predicted, expected):
    assert model_type_of(truth, predicted) == expected


def test_what_has_class_probabilities_is_a_classifier():
    assert model_type_of(np.array([3, 5]), np.array([4, 4]), has_probabilities=True) == "classifier"


def test_probabilities_become_labels_and_stay_as_scores():
    predictions = as_labels(np.array(["a", "b", "a", "b"]), FRACTIONS)
    assert predictions.predicted.tolist() == ["a", "b", "a", "b"]
    assert predictions.probability is FRACTIONS
    decisions = as_labels(TWO, FRACTIONS.reshape(-1, 1) * 10 - 5)
    assert decisions.predicted.tolist() == [0, 1, 0, 1]


def test_the_largest_of_several_scores_says_the_label():
    predictions = as_labels(np.array(["x", "y", "z", "x"]), PROBABILITIES)
    assert predictions.predicted.tolist() == ["x", "y", "z", "x"]
    assert as_labels(np.array([0, 1, 1, 0]), PROBABILITIES).predicted.tolist() == [0, 1, 2, 0]
    reversed_classes = as_labels(np.array(["x", "y", "z", "x"]), PROBABILITIES, classes=["z", "y", "x"])
    assert reversed_classes.predicted.tolist() == ["z", "y", "x", "z"]


def test_scores_that_fit_no_labels_are_an_error():
    with pytest.raises(ValueError, match="predicts 3 scores for each row, and the target has 2 labels"):
        as_labels(np.array(["x", "y", "y", "x"]), PROBABILITIES)
    with pytest.raises(ValueError, match="predicts one score for each row, and the target has 3 labels"):
        as_labels(np.array(["x", "y", "z", "x"]), FRACTIONS)


def test_labels_of_another_type_are_compared_as_texts_or_an_error():
    assert as_labels(np.array([True, False]), np.array(["True", "True"])).truth.tolist() == ["True", "False"]
    with pytest.raises(ValueError, match=r"labels such as \['a', 'b'\], and the predictions are such as \[0, 1\]"):
        as_labels(np.array(["a", "b"]), np.array([0, 1]))


def test_a_regressor_needs_numbers():
    with pytest.raises(ValueError, match="the target of a regressor must be numbers"):
        as_values(np.array(["a"]), np.array([1.0]))
