"""Edge cases of one column of labels: odd labels, too few rows, scores that cannot be used."""

import json
import math

import numpy as np
import pytest

from fitprint.plugin.metrics.classification import classification_facts, confusion_matrix

metrics = pytest.importorskip("sklearn.metrics")

EXACT = 1e-12


def test_booleans():
    truth, predicted = np.array([True, False, True, True]), np.array([True, True, False, True])
    facts = classification_facts(truth, predicted, probability=[0.9, 0.6, 0.4, 0.7], pos_label=True)
    assert facts.metrics["precision_score"] == metrics.precision_score(truth, predicted)
    assert facts.metrics["roc_auc"] == metrics.roc_auc_score(truth, [0.9, 0.6, 0.4, 0.7])
    assert confusion_matrix(facts)["labels"] == [False, True]


def test_numbers_and_text_are_different_labels():
    facts = classification_facts(np.array([1, 2, 3]), np.array(["1", "2", "3"]))
    assert facts.metrics["accuracy_score"] == 0.0
    assert confusion_matrix(facts)["labels"] == [1, 2, 3, "1", "2", "3"]


def test_labels_of_several_types_in_one_array():
    truth = np.array(["a", None, 3, (1, 2)], dtype=object)
    facts = classification_facts(truth, truth)
    assert facts.metrics["accuracy_score"] == 1.0
    assert json.loads(json.dumps(confusion_matrix(facts)))["labels"] == [None, 3, "a", "(1, 2)"]


def test_labels_that_json_has_no_word_for():
    days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]")
    assert confusion_matrix(classification_facts(days, days))["labels"] == ["2020-01-01", "2020-01-02"]
    missing = np.array([0.0, np.nan, np.nan])
    facts = classification_facts(missing, missing)
    assert confusion_matrix(facts)["labels"] == [0.0, "nan"]
    assert facts.metrics["accuracy_score"] == 1.0
    numpy_inside = np.array([np.int64(3), np.int64(4)], dtype=object)
    assert json.dumps(confusion_matrix(classification_facts(numpy_inside, numpy_inside))["labels"]) == "[3, 4]"


def test_integer_and_float_labels_are_the_same_numbers():
    facts = classification_facts(np.array([0, 1, 1]), np.array([0.0, 1.0, 0.0]), classes=[0, 1])
    assert facts.metrics["accuracy_score"] == pytest.approx(2 / 3)
    assert facts.confusion.tolist() == [[1, 0], [1, 1]]


def test_pandas_columns():
    pandas = pytest.importorskip("pandas")
    truth = pandas.Series(["a", "b", "b", "a"], index=[9, 8, 7, 6])
    facts = classification_facts(truth, pandas.Categorical(["a", "b", "a", "a"]), classes=["a", "b"])
    assert facts.metrics["accuracy_score"] == 0.75
    frame = classification_facts(truth.to_frame(), np.array(["a", "b", "a", "a"]))
    assert frame.metrics == facts.metrics


def test_one_row():
    facts = classification_facts([1], [1], classes=[0, 1], probability=[[0.25, 0.75]])
    assert facts.metrics["accuracy_score"] == facts.metrics["f1_score"] == 1.0
    assert facts.metrics["log_loss"] == pytest.approx(-math.log(0.75))
    assert facts.reasons == {"roc_auc": "all rows whose weight is above zero are of one class"}
    assert facts.curve is None


def test_no_rows():
    facts = classification_facts([], [], classes=[0, 1], probability=np.empty((0, 2)))
    assert facts.metrics == {}
    assert set(facts.reasons.values()) == {"there are no rows"}
    with pytest.raises(ValueError, match="no confusion matrix"):
        confusion_matrix(facts)


def test_weights_that_sum_to_nothing():
    for weight in ([0, 0], [1, -1], [1, math.nan], [1, math.inf]):
        facts = classification_facts([0, 1], [0, 1], weight=weight)
        assert facts.metrics == {}
        assert "sample weights" in facts.reasons["accuracy_score"]


def test_a_class_with_rows_but_without_weight():
    truth, probability = np.array([0, 1, 0]), np.array([0.2, 0.8, 0.4])
    facts = classification_facts(truth, truth, probability=probability, weight=[1, 0, 1])
    assert "one class" in facts.reasons["roc_auc"]
    assert facts.metrics["log_loss"] == pytest.approx(
        metrics.log_loss(truth, probability, sample_weight=[1, 0, 1]), rel=EXACT
    )


def test_a_class_missing_in_truth():
    truth, probability = np.array([0, 1, 0, 1]), np.full((4, 3), 1 / 3)
    facts = classification_facts(truth, truth, classes=[0, 1, 2], probability=probability)
    assert facts.reasons == {"roc_auc": "a class has no true row"}
    assert facts.metrics["log_loss"] == pytest.approx(metrics.log_loss(truth, probability, labels=[0, 1, 2]), rel=EXACT)
    assert facts.confusion.tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 0]]


def test_constant_predictions_divide_by_zero_in_silence():
    truth = np.array([0, 1, 2, 1])
    facts = classification_facts(truth, np.zeros(4, dtype=int))
    assert facts.metrics["precision_score"] == pytest.approx(0.25 / 4)
    assert facts.metrics["recall_score"] == 0.25


def test_decision_values_order_the_rows_but_have_no_log_loss():
    for seed in range(30):
        random = np.random.default_rng(seed)
        truth, score = np.append(random.integers(0, 2, 30), [0, 1]), random.normal(size=32) * 3
        for shape in (-1,), (-1, 1):
            facts = classification_facts(truth, truth, probability=score.reshape(shape))
            assert facts.metrics["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, score), rel=EXACT)
            assert "not probabilities" in facts.reasons["log_loss"]


def test_one_column_is_the_probability_of_the_second_class():
    truth, score = np.array(["n", "y", "y", "n"]), np.array([0.1, 1.0, 0.6, 0.0], dtype=np.float32)
    facts = classification_facts(truth, truth, probability=score)
    assert facts.metrics["log_loss"] == pytest.approx(metrics.log_loss(truth, score), rel=2e-6)
    assert facts.metrics["roc_auc"] == 1.0


def test_a_prediction_no_column_stands_for():
    truth, probability = np.array([0, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    for classes in (None, [0, 1]):
        facts = classification_facts(truth, [0, 1, 7], classes=classes, probability=probability)
        assert facts.metrics["log_loss"] == pytest.approx(metrics.log_loss(truth, probability), rel=EXACT)
        assert facts.metrics["roc_auc"] == 1.0


@pytest.mark.parametrize(
    ("probability", "classes", "reason"),
    [
        (None, None, "there are no class probabilities"),
        ([[0.5, 0.5], [0.5, math.nan]], None, "not all finite"),
        ([0.5, math.inf], None, "not all finite"),
        ([[0.5, 0.5]], None, "do not fit 2 rows"),
        ([[0.2, 0.3, 0.5]] * 2, None, "3 columns"),
        ([[0.5, 0.5]] * 2, [0, 1, 2], "2 columns"),
        ([[0.5, 0.5]] * 2, [0, 9], "not among the classes"),
        ([[[0.5, 0.5]]] * 2, None, "do not fit"),
        (0.5, None, "do not fit"),
    ],
)
def test_probabilities_that_cannot_be_used(probability, classes, reason):
    facts = classification_facts([0, 1], [0, 1], classes=classes, probability=probability)
    assert facts.metrics["accuracy_score"] == 1.0
    assert reason in facts.reasons["log_loss"]
    assert facts.reasons["log_loss"] == facts.reasons["roc_auc"]


def test_rows_of_several_classes_that_do_not_sum_to_one():
    truth, scores = np.array([0, 1, 2]), np.full((3, 3), 0.5)
    facts = classification_facts(truth, truth, probability=scores)
    assert facts.reasons == {"roc_auc": "the class probabilities of a row do not sum to 1"}
    with pytest.warns(UserWarning, match="do not sum to one"):
        assert facts.metrics["log_loss"] == pytest.approx(metrics.log_loss(truth, scores), rel=EXACT)


def test_more_classes_than_one_against_one_is_affordable_for():
    truth = np.arange(51)
    facts = classification_facts(truth, truth, probability=np.eye(51))
    assert facts.reasons == {"roc_auc": "not computed for more than 50 classes, because it takes too long"}


def test_confusion_matrix_is_json():
    shown = confusion_matrix(classification_facts(["b", "a", "b"], ["a", "a", "b"]))
    assert shown == {
        "labels": ["a", "b"],
        "matrix": [[1, 0], [1, 1]],
        "rows": "true",
        "columns": "predicted",
        "weighted": False,
    }
    assert json.dumps(shown)
    weighted = confusion_matrix(classification_facts(["b", "a"], ["a", "a"], weight=[0.5, 2]))
    assert weighted["weighted"] is True
    assert weighted["matrix"] == [[2.0, 0.0], [0.5, 0.0]]


def test_lengths_must_match():
    with pytest.raises(ValueError, match="2 predictions for 3 rows"):
        classification_facts([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="1 sample weights for 2 rows"):
        classification_facts([1, 2], [1, 2], weight=[1])
