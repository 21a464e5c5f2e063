"""One column of labels: every metric must be what scikit-learn computes, and be absent where it raises."""

import numpy as np
import pytest

from fitprint.plugin.metrics.classification import classification_facts, confusion_matrix

metrics = pytest.importorskip("sklearn.metrics")

EXACT = 1e-12
KINDS = ("int", "negative", "float", "str", "object", "mixed-width")


def labels_of(kind, k):
    """k ascending labels of one kind."""
    if kind == "int":
        return np.arange(k)
    if kind == "negative":
        return np.arange(k) * 7 - 5
    if kind == "float":
        return np.arange(k) * 2.0 - 3  # scikit-learn takes fractions for regression targets
    if kind == "object":
        return np.array([f"c{i:02}" for i in range(k)], dtype=object)
    if kind == "mixed-width":
        return np.array(["x" * (i + 1) for i in range(k)])
    return np.array([f"c{i:02}" for i in range(k)])


def random_case(seed, *, weighted=False, dtype=np.float64, rounded=False):
    """Truth with every class, predictions that are often right, probabilities and weights."""
    random = np.random.default_rng(seed)
    k = int(random.integers(2, 7))
    n = int(random.integers(k, 120))
    classes = labels_of(KINDS[seed % len(KINDS)], k)
    true = random.permutation(np.concatenate([np.arange(k), random.integers(0, k, n - k)]))
    probability = random.dirichlet(np.ones(k), n) + np.eye(k)[true] * random.random()
    probability /= probability.sum(axis=1, keepdims=True)
    if rounded:
        probability = np.round(probability * 4)  # few distinct scores: many ties, also zeros and ones
        probability[probability.sum(axis=1) == 0, 0] = 1
        probability /= probability.sum(axis=1, keepdims=True)
    weight = random.random(n) * (random.random(n) > 0.2) + 1e-3 if weighted else None
    predicted = classes[probability.argmax(axis=1)]
    return classes, classes[true], predicted, probability.astype(dtype), weight


def oracle(truth, predicted, probability, weight, **averaging):
    averaging = averaging or {"average": "weighted"}
    averaging["zero_division"] = 0
    expected = {
        name: getattr(metrics, name)(truth, predicted, sample_weight=weight, **averaging)
        for name in ("precision_score", "recall_score", "f1_score")
    }
    expected["accuracy_score"] = metrics.accuracy_score(truth, predicted, sample_weight=weight)
    expected["log_loss"] = metrics.log_loss(truth, probability, sample_weight=weight)
    if probability.shape[1] == 2:
        expected["roc_auc"] = metrics.roc_auc_score(truth, probability[:, 1], sample_weight=weight)
    elif weight is None:
        expected["roc_auc"] = metrics.roc_auc_score(truth, probability, average="weighted", multi_class="ovo")
    return expected


@pytest.mark.parametrize("named", [True, False], ids=["classes", "no-classes"])
@pytest.mark.parametrize("rounded", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("weighted", [pytest.param(False, marks=pytest.mark.series), True], ids=["counts", "weights"])
def test_all_metrics_equal_scikit_learn(weighted, rounded, named):
    for seed in range(30):
        classes, truth, predicted, probability, weight = random_case(seed, weighted=weighted, rounded=rounded)
        facts = classification_facts(
            truth, predicted, classes=classes if named else None, probability=probability, weight=weight
        )
        expected = oracle(truth, predicted, probability, weight)
        assert facts.metrics == pytest.approx(expected, rel=EXACT, abs=1e-14), seed
        assert all(type(value) is float for value in facts.metrics.values())
        absent = {"roc_auc"} if weighted and len(classes) > 2 else set()
        assert set(facts.reasons) == absent
        matrix = metrics.confusion_matrix(truth, predicted, sample_weight=weight, labels=classes)
        np.testing.assert_allclose(facts.confusion, matrix, rtol=EXACT)
        assert facts.labels.tolist() == classes.tolist()


@pytest.mark.series
def test_single_precision_probabilities_are_clipped_at_their_own_precision():
    for seed in range(40):
        classes, truth, predicted, probability, weight = random_case(seed, dtype=np.float32, rounded=True)
        facts = classification_facts(truth, predicted, classes=classes, probability=probability)
        expected = oracle(truth, predicted, probability, weight)
        assert facts.metrics.pop("log_loss") == pytest.approx(expected.pop("log_loss"), rel=2e-6)
        assert facts.metrics == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("weighted", [pytest.param(False, marks=pytest.mark.series), True])
def test_labels_of_truth_and_prediction_may_differ(weighted):
    for seed in range(60):
        random = np.random.default_rng(seed)
        n = int(random.integers(1, 40))
        names = labels_of(KINDS[seed % len(KINDS)], 9)
        truth, predicted = names[random.integers(0, 5, n)], names[random.integers(3, 9, n)]
        weight = random.random(n) if weighted else None
        facts = classification_facts(truth, predicted, weight=weight)
        for name in ("precision_score", "recall_score", "f1_score"):
            value = getattr(metrics, name)(truth, predicted, average="weighted", sample_weight=weight, zero_division=0)
            assert facts.metrics[name] == pytest.approx(value, rel=EXACT, abs=1e-15)
        with_classes = classification_facts(truth, predicted, classes=names[:5], weight=weight)
        assert with_classes.metrics == pytest.approx(facts.metrics, rel=EXACT, abs=1e-15)
        shown = confusion_matrix(facts)
        np.testing.assert_allclose(
            shown["matrix"], metrics.confusion_matrix(truth, predicted, sample_weight=weight), rtol=EXACT
        )
        assert shown["labels"] == sorted({*truth.tolist(), *predicted.tolist()})


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("weighted", [pytest.param(False, marks=pytest.mark.series), True])
def test_pos_label_scores_that_label_alone(positive, weighted):
    for seed in range(40):
        random = np.random.default_rng(seed)
        names = labels_of(KINDS[seed % len(KINDS)], 2)
        truth, predicted = names[random.integers(0, 2, 25)], names[random.integers(0, 2, 25)]
        if len(set(truth.tolist())) < 2:
            continue
        score, weight = random.random(25), random.random(25) if weighted else None
        probability = np.column_stack((1 - score, score))
        label = names[positive].item() if hasattr(names[positive], "item") else names[positive]
        facts = classification_facts(truth, predicted, probability=probability, weight=weight, pos_label=label)
        expected = oracle(truth, predicted, probability, weight, average="binary", pos_label=label)
        assert facts.metrics == pytest.approx(expected, rel=EXACT)
        assert facts.curve.positive == label


def test_pos_label_not_among_the_labels():
    facts = classification_facts(["a", "b"], ["a", "b"], pos_label="c")
    assert set(facts.metrics) == {"accuracy_score"}
    assert "'c'" in facts.reasons["f1_score"]
    # scikit-learn takes rows of one class for the negative ones
    facts = classification_facts([0, 0], [0, 0], pos_label=1)
    assert facts.metrics == {
        "precision_score": 0.0,
        "recall_score": 0.0,
        "f1_score": 0.0,
        "accuracy_score": 1.0,
    }


def test_columns_follow_the_classes_in_the_order_given():
    for seed in range(20):
        classes, truth, predicted, probability, _ = random_case(seed)
        usual = classification_facts(truth, predicted, classes=classes, probability=probability)
        turned = classification_facts(truth, predicted, classes=classes[::-1], probability=probability[:, ::-1])
        assert turned.metrics == pytest.approx(usual.metrics, rel=EXACT)


@pytest.mark.parametrize("weighted", [False, True])
def test_many_classes_keep_the_most_frequent_in_the_matrix(weighted):
    random = np.random.default_rng(0)
    truth = (random.random(4000) ** 2 * 350).astype(int)
    predicted = np.where(random.random(4000) < 0.5, truth, random.integers(0, 350, 4000))
    weight = random.random(4000) if weighted else None
    facts = classification_facts(truth, predicted, weight=weight)
    for name in ("precision_score", "recall_score", "f1_score"):
        expected = getattr(metrics, name)(truth, predicted, average="weighted", sample_weight=weight, zero_division=0)
        assert facts.metrics[name] == pytest.approx(expected, rel=EXACT)
    shown = confusion_matrix(facts)
    assert shown["note"] == "the 200 most frequent of 350 labels"
    assert len(shown["labels"]) == 200
    assert shown["labels"] == sorted(shown["labels"])
    full = metrics.confusion_matrix(truth, predicted, sample_weight=weight)
    np.testing.assert_allclose(shown["matrix"], full[np.ix_(shown["labels"], shown["labels"])], rtol=EXACT)
    support = full.sum(axis=1)
    assert support[shown["labels"]].min() >= np.delete(support, shown["labels"]).max()
