"""Regression metrics against scikit-learn's."""

import math

import numpy as np
import pytest

from fitprint.plugin.metrics.regression import regression_facts

metrics = pytest.importorskip("sklearn.metrics")

NAMES = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")
EXACT = 1e-12


def oracle(truth, predicted, weight):
    expected = {name: float(getattr(metrics, name)(truth, predicted, sample_weight=weight)) for name in NAMES}
    if truth.ndim == 2 and truth.shape[1] > 1:
        for name in NAMES:
            values = getattr(metrics, name)(truth, predicted, sample_weight=weight, multioutput="raw_values")
            expected |= {f"{name}_{i}": value for i, value in enumerate(values.tolist())}
    return expected


@pytest.mark.parametrize("outputs", [None, 1, 2, 5])
@pytest.mark.parametrize("weighted", [pytest.param(False, marks=pytest.mark.series), True])
@pytest.mark.series
def test_all_metrics_equal_scikit_learn(outputs, weighted):
    for seed in range(80):
        random = np.random.default_rng(seed)
        n = int(random.integers(2, 200))
        shape = n if outputs is None else (n, outputs)
        truth = random.normal(random.normal() * 10, 3, shape)
        predicted = truth + random.normal(0, 2 * random.random(), shape)
        weight = random.random(n) if weighted else None
        facts = regression_facts(truth, predicted, weight=weight)
        assert facts.metrics == pytest.approx(oracle(truth, predicted, weight), rel=1e-11), seed
        assert facts.reasons == {}
        assert all(type(value) is float for value in facts.metrics.values())


def test_whole_numbers_and_single_precision():
    random = np.random.default_rng(0)
    truth, predicted = random.integers(0, 255, 90).astype(np.uint8), random.integers(0, 255, 90)
    facts = regression_facts(truth, predicted)
    assert facts.metrics == pytest.approx(oracle(truth.astype(float), predicted.astype(float), None), rel=EXACT)
    truth, predicted = random.normal(size=(2, 90)).astype(np.float32)
    assert regression_facts(truth, predicted).metrics == pytest.approx(oracle(truth, predicted, None), rel=1e-5)


def test_a_constant_truth():
    for constant in (0.0, 5.0, 0.1):
        truth = np.full(7, constant)
        assert regression_facts(truth, truth).metrics["r2_score"] == 1.0
        assert regression_facts(truth, truth + np.arange(7)).metrics["r2_score"] == 0.0
    whole = np.full(7, 5.0)
    assert metrics.r2_score(whole, whole) == 1.0
    assert metrics.r2_score(whole, whole + np.arange(7)) == 0.0


def test_one_constant_output_among_others():
    random = np.random.default_rng(3)
    truth = np.column_stack((random.normal(size=20), np.full(20, 2.0), np.full(20, 2.0)))
    predicted = truth + np.column_stack((random.normal(size=20), np.zeros(20), np.ones(20)))
    facts = regression_facts(truth, predicted)
    assert facts.metrics == pytest.approx(oracle(truth, predicted, None), rel=EXACT)
    assert (facts.metrics["r2_score_1"], facts.metrics["r2_score_2"]) == (1.0, 0.0)


def test_the_root_is_averaged_over_outputs():
    truth, predicted = np.zeros((2, 2)), np.array([[1.0, 3.0], [1.0, 3.0]])
    facts = regression_facts(truth, predicted)
    assert facts.metrics["root_mean_squared_error"] == 2.0
    assert facts.metrics["mean_squared_error"] == 5.0


def test_one_row():
    facts = regression_facts([1.0], [3.0])
    assert facts.metrics["mean_absolute_error"] == 2.0
    assert facts.reasons == {"r2_score": "R2 needs two rows"}
    several = regression_facts([[1.0, 2.0]], [[3.0, 2.0]])
    assert set(several.reasons) == {"r2_score", "r2_score_0", "r2_score_1"}


def test_a_column_and_a_row_of_numbers_match():
    assert regression_facts([[1.0], [2.0]], [1.0, 3.0]) == regression_facts([1.0, 2.0], [1.0, 3.0])


def test_more_outputs_than_get_metrics_of_their_own():
    assert len(regression_facts(np.eye(20), np.ones((20, 20))).metrics) == 84
    assert set(regression_facts(np.eye(21), np.ones((21, 21))).metrics) == set(NAMES)


@pytest.mark.parametrize("truth", [[0.0, math.nan], [0.0, math.inf], [0.0, 1e300]])
def test_values_that_give_no_finite_error(truth):
    facts = regression_facts(truth, [1.0, 2.0])
    assert "finite" in facts.reasons["mean_squared_error"]
    assert all(math.isfinite(value) for value in facts.metrics.values())


def test_nothing_to_count():
    for empty in ([], np.empty((0, 3))):
        facts = regression_facts(empty, empty)
        assert facts.metrics == {}
        assert facts.reasons["r2_score"] == "there are no rows"
    assert "weights" in regression_facts([1, 2], [1, 2], weight=[0, 0]).reasons["r2_score"]


def test_shapes_must_match():
    with pytest.raises(ValueError, match="2 predictions for 3 rows"):
        regression_facts([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="weights"):
        regression_facts([1, 2], [1, 2], weight=[1, 2, 3])
