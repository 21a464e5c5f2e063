"""The two curves of a two-class score: scikit-learn's before thinning, of the same shape after it."""

import json
import math

import numpy as np
import pytest

from fitprint.plugin.metrics.classification import (
    classification_facts,
    precision_recall_points,
    roc_points,
)
from fitprint.plugin.metrics.probability import thinned

metrics = pytest.importorskip("sklearn.metrics")

EXACT = 1e-12


def two_class_case(seed, n=None):
    random = np.random.default_rng(seed)
    n = n or int(random.integers(2, 150))
    truth = np.concatenate([[0, 1], random.integers(0, 2, n - 2)])
    score = np.clip(random.normal(truth * 0.3 + 0.35, 0.2), 0, 1)
    if seed % 3 == 0:
        score = np.round(score, 1)
    if seed % 5 == 0:
        score = score.astype(np.float32)
    # Weights in quarters add up without rounding, so that both sides drop the same points.
    weight = random.integers(0, 9, n) / 4 if seed % 2 else None
    if weight is not None:
        weight[:2] = 1
    return truth, score, weight


@pytest.mark.series
def test_unthinned_curves_equal_scikit_learn():
    for seed in range(200):
        truth, score, weight = two_class_case(seed)
        facts = classification_facts(truth, truth, probability=score, weight=weight)
        curve = roc_points(facts.curve, points=None)
        fpr, tpr, thresholds = metrics.roc_curve(truth, score, sample_weight=weight)
        np.testing.assert_allclose(curve["fpr"], fpr, rtol=EXACT)
        np.testing.assert_allclose(curve["tpr"], tpr, rtol=EXACT)
        assert curve["thresholds"][0] == "Infinity"
        np.testing.assert_array_equal(curve["thresholds"][1:], thresholds[1:])

        curve = precision_recall_points(facts.curve, points=None)
        precision, recall, thresholds = metrics.precision_recall_curve(truth, score, sample_weight=weight)
        np.testing.assert_allclose(curve["precision"], precision, rtol=EXACT)
        np.testing.assert_allclose(curve["recall"], recall, rtol=EXACT)
        np.testing.assert_array_equal(curve["thresholds"], thresholds)


def test_the_positive_label_can_be_the_first_one():
    truth, score = np.array(["no", "yes", "yes", "no"]), np.array([0.25, 0.75, 0.5, 0.625])
    probability = np.column_stack((1 - score, score))
    facts = classification_facts(truth, truth, probability=probability, pos_label="no")
    curve = roc_points(facts.curve)
    fpr, tpr, thresholds = metrics.roc_curve(truth, 1 - score, pos_label="no")
    assert (curve["fpr"], curve["tpr"]) == (fpr.tolist(), tpr.tolist())
    assert curve["thresholds"][1:] == thresholds[1:].tolist()
    assert curve["positive"] == "no"
    assert facts.metrics["roc_auc"] == metrics.roc_auc_score(truth, score)


def test_decision_values_are_thresholds_for_either_positive_label():
    truth, score = [0, 1, 1], [-2.0, 3.0, 0.5]
    first = classification_facts(truth, truth, probability=score, pos_label=0)
    assert first.curve.thresholds.tolist() == [2.0, -0.5, -3.0]
    second = classification_facts(truth, truth, probability=score, pos_label=1)
    assert second.curve.thresholds.tolist() == [3.0, 0.5, -2.0]


def test_long_curves_are_thinned_without_losing_their_shape():
    truth, score, _ = two_class_case(1, n=20_000)
    facts = classification_facts(truth, truth, probability=score)
    full, thin = roc_points(facts.curve, points=None), roc_points(facts.curve)
    assert len(full["fpr"]) > 2000
    assert 250 <= len(thin["fpr"]) == len(thin["tpr"]) == len(thin["thresholds"]) <= 500
    assert (thin["fpr"][0], thin["tpr"][0], thin["fpr"][-1], thin["tpr"][-1]) == (0, 0, 1, 1)
    point_of = dict(zip(full["thresholds"], zip(full["fpr"], full["tpr"], strict=True), strict=True))
    for threshold, fpr, tpr in zip(thin["thresholds"], thin["fpr"], thin["tpr"], strict=True):
        assert point_of[threshold] == (fpr, tpr)
    assert metrics.auc(thin["fpr"], thin["tpr"]) == pytest.approx(facts.metrics["roc_auc"], abs=1e-3)

    full, thin = precision_recall_points(facts.curve, points=None), precision_recall_points(facts.curve)
    assert 250 <= len(thin["recall"]) == len(thin["precision"]) == len(thin["thresholds"]) + 1 <= 500
    assert (thin["recall"][0], thin["recall"][-1], thin["precision"][-1]) == (1, 0, 1)
    points = set(zip(full["precision"], full["recall"], strict=True))
    assert points >= set(zip(thin["precision"], thin["recall"], strict=True))
    place = [full["thresholds"].index(threshold) for threshold in thin["thresholds"]]
    assert [full["precision"][i] for i in place] == thin["precision"][:-1]


def test_thinning_keeps_both_ends_of_a_long_segment():
    x = np.concatenate([np.linspace(0, 0.3, 2000), np.linspace(0.3, 1, 2000)])
    y = np.concatenate([np.linspace(0, 0.2, 2000), np.linspace(0.9, 1, 2000)])  # a jump at x = 0.3
    kept = thinned(x, y, 100)
    assert len(kept) <= 100
    assert {0, 1999, 2000, 3999} <= set(kept.tolist())
    assert thinned(x, y, None).tolist() == list(range(4000))


def curve_facts(truth, score, **options):
    return classification_facts(truth, truth, probability=score, **options).curve


def test_curves_are_strict_json():
    counts = curve_facts([0, 1], [0.2, 0.7])
    for curve in (roc_points(counts), precision_recall_points(counts)):
        assert json.loads(json.dumps(curve, allow_nan=False)) == curve
        assert curve["positive"] == 1


def test_whole_number_scores_of_any_type():
    for dtype in (np.uint8, np.int64, bool):
        curve = roc_points(curve_facts([0, 1, 1], np.array([0, 1, 1], dtype=dtype)))
        assert (curve["fpr"], curve["tpr"]) == ([0, 0, 1], [0, 1, 1])


@pytest.mark.parametrize(
    ("truth", "score", "options"),
    [
        ([0, 0], [0.1, 0.2], {}),
        ([0, 1, 2], [0.1, 0.2, 0.3], {}),
        ([0, 1], [0.1, math.nan], {}),
        ([0, 1], [0.1], {}),
        ([0, 1], [0.1, 0.2], {"weight": [1, 0]}),
    ],
)
def test_no_curve(truth, score, options):
    assert curve_facts(truth, score, **options) is None
