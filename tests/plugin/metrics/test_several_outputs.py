"""Labels of shape (n, outputs): indicator matrices as scikit-learn scores them, and several targets."""

import warnings

import numpy as np
import pytest

from fitprint.plugin.metrics.classification import classification_facts, confusion_matrix

metrics = pytest.importorskip("sklearn.metrics")

EXACT = 1e-12


def multilabel_case(seed):
    random = np.random.default_rng(seed)
    n, k = int(random.integers(4, 60)), int(random.integers(2, 6))
    truth = (random.random((n, k)) < 0.4).astype(int)
    truth[0], truth[1] = 0, 1  # every label has rows of both kinds
    predicted = (random.random((n, k)) < 0.5).astype(int)
    probability = np.round(random.random((n, k)), 1 + seed % 3)
    weight = random.random(n) if seed % 2 else None
    return truth, predicted, probability, weight


def multilabel_oracle(truth, predicted, probability, weight):
    expected = {
        name: getattr(metrics, name)(truth, predicted, average="weighted", sample_weight=weight, zero_division=0)
        for name in ("precision_score", "recall_score", "f1_score")
    }
    expected["accuracy_score"] = metrics.accuracy_score(truth, predicted, sample_weight=weight)
    expected["roc_auc"] = metrics.roc_auc_score(truth, probability, average="weighted", sample_weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the rows do not sum to one
        expected["log_loss"] = metrics.log_loss(truth, probability, sample_weight=weight)
    return expected


@pytest.mark.series
def test_indicator_matrices_equal_scikit_learn():
    for seed in range(100):
        truth, predicted, probability, weight = multilabel_case(seed)
        facts = classification_facts(truth, predicted, probability=probability, weight=weight)
        expected = multilabel_oracle(truth, predicted, probability, weight)
        assert facts.metrics == pytest.approx(expected, rel=EXACT, abs=1e-15), seed
        assert facts.reasons == {}
        assert facts.confusion is None
    with pytest.raises(ValueError, match="no confusion matrix"):
        confusion_matrix(facts)


def test_indicator_with_a_list_of_probabilities():
    truth, predicted, probability, _ = multilabel_case(2)
    blocks = [np.column_stack((1 - p, p)) for p in probability.T]
    expected = multilabel_oracle(truth, predicted, probability, None)
    facts = classification_facts(truth, predicted, probability=blocks)
    assert facts.metrics == pytest.approx(expected, rel=EXACT)
    turned = classification_facts(
        truth, predicted, probability=[b[:, ::-1] for b in blocks], classes=[np.array([1, 0])] * len(blocks)
    )
    assert turned.metrics == pytest.approx(expected, rel=EXACT)


def test_indicator_with_labels_that_are_never_or_always_set():
    truth = np.array([[1, 0], [0, 0], [1, 0]])
    never = [np.array([[0.3, 0.7], [0.6, 0.4], [0.1, 0.9]]), np.ones((3, 1))]
    facts = classification_facts(truth, truth, probability=never, classes=[[0, 1], [0]])
    assert facts.metrics["roc_auc"] == 1.0
    assert facts.metrics["log_loss"] == pytest.approx(-(np.log(0.7) + np.log(0.9)) / 3)
    unknown = classification_facts(truth, truth, probability=never)
    assert "which column" in unknown.reasons["roc_auc"]

    always = np.array([[1, 1], [0, 1], [1, 1]])
    facts = classification_facts(always, always, probability=never, classes=[[0, 1], [1]])
    assert facts.reasons == {"roc_auc": "all rows have label 1"}


def test_indicator_without_any_label():
    nothing = np.zeros((3, 2), dtype=int)
    facts = classification_facts(nothing, nothing, probability=np.full((3, 2), 0.5))
    assert facts.metrics == {
        "precision_score": 0.0,
        "recall_score": 0.0,
        "f1_score": 0.0,
        "accuracy_score": 1.0,
        "log_loss": 0.0,
    }
    assert facts.reasons == {"roc_auc": "no row has any label"}


@pytest.mark.parametrize(
    ("probability", "reason"),
    [
        (None, "there are no class probabilities"),
        ([], "do not fit"),
        ([[0.1, 0.2]], "do not fit"),
        ([[0.1, np.nan], [0.1, 0.2]], "not all finite"),
    ],
)
def test_indicator_with_probabilities_that_cannot_be_used(probability, reason):
    truth = np.array([[1, 0], [0, 1]])
    facts = classification_facts(truth, truth, probability=probability)
    assert facts.metrics["accuracy_score"] == 1.0
    assert reason in facts.reasons["log_loss"]
    assert reason in facts.reasons["roc_auc"]


def test_indicator_with_decision_values():
    truth, predicted, probability, _ = multilabel_case(4)
    score = probability * 8 - 4
    facts = classification_facts(truth, predicted, probability=score)
    assert "not probabilities" in facts.reasons["log_loss"]
    assert facts.metrics["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, score, average="weighted"), rel=EXACT)


def test_sparse_indicator():
    sparse = pytest.importorskip("scipy.sparse")
    truth, predicted, probability, _ = multilabel_case(6)
    facts = classification_facts(sparse.csr_matrix(truth), sparse.csr_matrix(predicted), probability=probability)
    assert facts == classification_facts(truth, predicted, probability=probability)


@pytest.mark.parametrize("weighted", [False, True])
def test_several_targets(weighted):
    for seed in range(30):
        random = np.random.default_rng(seed)
        truth = random.integers(0, 3, (40, 2))
        truth[:3] = [[0, 2], [1, 1], [2, 0]]
        predicted = np.where(random.random((40, 2)) < 0.6, truth, random.integers(0, 3, (40, 2)))
        weight = random.random(40) if weighted else None
        blocks = [random.dirichlet(np.ones(3), 40) for _ in range(2)]
        facts = classification_facts(truth, predicted, classes=[[0, 1, 2]] * 2, probability=blocks, weight=weight)
        right = (truth == predicted).all(axis=1)
        assert facts.metrics["accuracy_score"] == pytest.approx(np.average(right, weights=weight), rel=EXACT)
        for i in range(2):
            one = classification_facts(
                truth[:, i], predicted[:, i], classes=[0, 1, 2], probability=blocks[i], weight=weight
            )
            own = {name: facts.metrics[f"{name}_{i}"] for name in one.metrics}
            assert own == one.metrics
            assert own["f1_score"] == pytest.approx(
                metrics.f1_score(truth[:, i], predicted[:, i], average="weighted", sample_weight=weight),
                rel=EXACT,
            )
        assert facts.reasons["f1_score"] == "defined for each output only"


def test_several_text_targets():
    truth = np.array([["a", "x"], ["b", "y"], ["a", "y"]], dtype=object)
    facts = classification_facts(truth, truth)
    assert facts.metrics["accuracy_score"] == facts.metrics["f1_score_1"] == 1.0
    assert facts.reasons["log_loss_0"] == "there are no class probabilities"


def test_more_outputs_than_get_metrics_of_their_own():
    truth = np.tile([0, 1, 2], (4, 7))
    facts = classification_facts(truth, truth)
    assert facts.metrics == {"accuracy_score": 1.0}


def test_nothing_to_count():
    empty = np.empty((0, 2), dtype=int)
    assert classification_facts(empty, empty).reasons["f1_score"] == "there are no rows"
    truth = np.array([[1, 0], [0, 1]])
    assert "weights" in classification_facts(truth, truth, weight=[0, 0]).reasons["f1_score"]


def test_shapes_must_match():
    with pytest.raises(ValueError, match="shape"):
        classification_facts(np.zeros((3, 2)), np.zeros(3))
