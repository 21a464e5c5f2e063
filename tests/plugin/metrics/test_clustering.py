"""The silhouette coefficient against scikit-learn's, on all rows or on the sampled ones."""

import math

import numpy as np
import pytest

from fitprint.plugin.metrics.clustering import cluster_sizes, sampled_rows, silhouette

metrics = pytest.importorskip("sklearn.metrics")

EXACT = 1e-11


def clustered(seed, n=None):
    random = np.random.default_rng(seed)
    n = n or int(random.integers(8, 150))
    labels = random.integers(-1, 4, n)
    labels[:2] = 0, 1
    data = random.normal(size=(n, int(random.integers(1, 8)))) + labels[:, None] * random.random() * 2
    return data, labels


@pytest.mark.series
def test_equals_scikit_learn_on_all_rows():
    for seed in range(150):
        data, labels = clustered(seed)
        found = silhouette(data, labels)
        assert found.value == pytest.approx(metrics.silhouette_score(data, labels), rel=EXACT, abs=EXACT)
        assert (found.rows, found.reason) == (len(data), None)
        assert type(found.value) is float


def test_equals_scikit_learn_on_the_sampled_rows():
    for seed in range(20):
        data, labels = clustered(seed, n=400)
        picked = sampled_rows(400, 60, seed)
        found = silhouette(data, labels, rows=60, seed=seed)
        expected = metrics.silhouette_score(data[picked], labels[picked])
        assert found.value == pytest.approx(expected, rel=EXACT, abs=EXACT)
        assert found.rows == 60


def test_sampling_is_repeatable_and_leaves_the_global_random_state_alone():
    data, labels = clustered(1, n=300)
    state = np.random.get_state()[1].copy()
    assert silhouette(data, labels, rows=50, seed=7) == silhouette(data, labels, rows=50, seed=7)
    assert silhouette(data, labels, rows=50, seed=7) != silhouette(data, labels, rows=50, seed=8)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    picked = sampled_rows(300, 50, 7)
    assert len(set(picked.tolist())) == 50
    assert (np.diff(picked) > 0).all()
    assert sampled_rows(3, 3, 0).tolist() == [0, 1, 2]


@pytest.mark.parametrize("layout", ["csr_matrix", "coo_matrix", "csc_array"])
def test_sparse_data(layout):
    sparse = pytest.importorskip("scipy.sparse")
    data, labels = clustered(5, n=90)
    data = np.where(np.abs(data) > 0.7, data, 0.0)
    for rows in (1000, 40):
        expected = silhouette(data, labels, rows=rows).value
        found = silhouette(getattr(sparse, layout)(data), labels, rows=rows)
        assert found.value == pytest.approx(expected, rel=EXACT)


def test_rows_in_one_place_and_clusters_of_one_row():
    data = np.array([[0.0], [0.0], [0.0], [5.0]])
    for labels in ([0, 0, 1, 2], [0, 1, 1, 2], [0, 0, 0, 1], [0, 1, 0, 1]):
        assert silhouette(data, labels).value == pytest.approx(metrics.silhouette_score(data, labels), abs=EXACT)
    same = np.ones((4, 2))
    assert silhouette(same, [0, 0, 1, 1]).value == 0.0


def test_lists_frames_and_text_labels():
    pandas = pytest.importorskip("pandas")
    data, labels = [[0, 1], [0, 2], [9, 9], [9, 8]], ["left", "left", "right", "right"]
    expected = metrics.silhouette_score(data, labels)
    assert silhouette(data, labels).value == pytest.approx(expected, rel=EXACT)
    assert silhouette(pandas.DataFrame(data), pandas.Series(labels)).value == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [([0, 0, 0], "1 clusters among 3 rows"), ([0, 1, 2], "3 clusters among 3 rows"), ([], "0 clusters")],
)
def test_too_few_or_too_many_clusters(labels, reason):
    found = silhouette(np.arange(float(len(labels)))[:, None], labels)
    assert found.value is None
    assert reason in found.reason
    assert found.rows == len(labels)


def test_data_without_finite_distances():
    for bad in (math.nan, math.inf, 1e200):
        found = silhouette([[0.0], [1.0], [bad], [2.0]], [0, 0, 1, 1])
        assert found.value is None
        assert "finite" in found.reason


def test_there_must_be_a_label_per_row():
    with pytest.raises(ValueError, match="2 cluster labels"):
        silhouette([[0.0], [1.0], [2.0]], [0, 1])


def test_cluster_sizes():
    assert cluster_sizes(np.array([2, -1, 0, 2, 0, 2])) == {"-1": 1, "0": 2, "2": 3}
    assert cluster_sizes(["b", "a", "b"]) == {"a": 1, "b": 2}
    assert cluster_sizes([]) == {}
    assert all(type(size) is int for size in cluster_sizes([1, 1]).values())
