"""How well a clustering separates the rows it was fitted on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fitprint.plugin.metrics.inputs import Array


class Silhouette(NamedTuple):
    """The silhouette coefficient, or why there is none."""

    value: float | None
    rows: int
    """The number of rows it was computed on."""
    reason: str | None = None


def silhouette(data: Any, labels: Any, *, rows: int = 1000, seed: int = 0) -> Silhouette:
    """Compute the mean over rows of (b - a) / max(a, b): Rousseeuw (1987), as sklearn.metrics.silhouette_score.

    a is a row's mean euclidean distance to the other rows of its cluster, b the smallest of its mean distances to
    another cluster. Rows alone in their cluster score 0. The noise label of density based clusterings is a cluster like
    any other, as it is in scikit-learn. scikit-learn's own function takes several times as long on small data.

    Args:
        data: Numbers of shape (n, features), dense or a sparse matrix.
        labels: The cluster of each row, (n,).
        rows: Of more rows than this a sample of so many is used; memory and time grow with its square.
        seed: The seed of the sample; numpy's global random state is neither used nor changed.

    Returns:
        The coefficient, or the reason why there is none.

    Raises:
        ValueError: There is not one label per row, or the data are not numbers.
    """
    labels = np.asarray(labels).ravel()
    if np.shape(data)[0] != len(labels):
        raise ValueError(f"{len(labels)} cluster labels do not fit the data")
    picked = sampled_rows(len(labels), rows, seed)
    names, cluster = np.unique(labels[picked], return_inverse=True)
    if not 2 <= len(names) < len(picked):
        return Silhouette(None, len(picked), f"{len(names)} clusters among {len(picked)} rows")
    with np.errstate(all="ignore"):  # data that overflow give a value that is not finite, which is reported below
        value = float(_coefficients(_distances(data, picked), cluster, len(names)).mean())
    if not np.isfinite(value):
        return Silhouette(None, len(picked), "the distances are not all finite")
    return Silhouette(value, len(picked))


def sampled_rows(total: int, rows: int, seed: int) -> Array:
    """Return the ascending positions of the rows that are used.

    Args:
        total: The number of rows.
        rows: Of more rows than this so many are drawn without replacement.
        seed: The seed of the draw.

    Returns:
        The positions.
    """
    if total <= rows:
        return np.arange(total)
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.sort(generator.choice(total, size=rows, replace=False, shuffle=False))


def cluster_sizes(labels: Any) -> dict[str, int]:
    """Count the rows of each cluster.

    Args:
        labels: The cluster of each row, (n,).

    Returns:
        The number of rows by label, the labels as strings and ascending.
    """
    names, counts = np.unique(np.asarray(labels).ravel(), return_counts=True)
    return {str(name): count for name, count in zip(names.tolist(), counts.tolist(), strict=True)}


def adjusted_rand_score(truth: Array, labels: Array) -> float:
    """Return how well clusters match classes, by the pairs of rows that both put together: Hubert & Arabie (1985).

    1 is a perfect match, and 0 what chance gives: sklearn.metrics.adjusted_rand_score.

    Args:
        truth: The class of each row, (n,).
        labels: The cluster of each row, (n,).

    Returns:
        The index.

    Raises:
        ValueError: There is not one label per row.
    """
    if len(truth) != len(labels):
        raise ValueError(f"{len(labels)} cluster labels for {len(truth)} rows")
    classes, clusters = (np.unique(part, return_inverse=True)[1].reshape(-1) for part in (truth, labels))
    cells = np.bincount(classes * (int(clusters.max(initial=0)) + 1) + clusters)
    both, of_truth, of_labels = (
        int((counts * (counts - 1)).sum()) for counts in (cells, np.bincount(classes), np.bincount(clusters))
    )
    pairs = len(labels) * (len(labels) - 1)
    by_chance = of_truth * of_labels / pairs if pairs else 0.0
    most = (of_truth + of_labels) / 2
    return 1.0 if most == by_chance else (both - by_chance) / (most - by_chance)


def _distances(data: Any, picked: Array) -> Array:
    """Return the (m, m) euclidean distances of the picked rows: |x - y|^2 = x.x - 2 x.y + y.y.

    Sparse rows are multiplied as they are, since filling in a wide matrix could exhaust memory.
    """
    if hasattr(data, "toarray"):
        sample = data.tocsr()[picked].astype(np.float64)
        products = (sample @ sample.T).toarray()
    else:
        sample = np.asarray(data)[picked].astype(np.float64)
        products = sample @ sample.T
    norms = products.diagonal().copy()  # taken from the products, so that the distance of a row to itself is 0
    products *= -2
    products += norms[:, None]
    products += norms[None, :]
    # Rounding can leave the square of a tiny distance below 0.
    return np.asarray(np.sqrt(np.maximum(products, 0)))


def _coefficients(distances: Array, cluster: Array, clusters: int) -> Array:
    """Return the (m,) silhouette coefficient of each row, from distances (m, m) and clusters (m,)."""
    row = np.arange(len(cluster))
    sizes = np.bincount(cluster, minlength=clusters)
    member = np.zeros((len(cluster), clusters))
    member[row, cluster] = 1.0
    to_cluster = distances @ member  # (m, clusters): sums of distances
    own = to_cluster[row, cluster] / np.maximum(sizes[cluster] - 1, 1)
    to_cluster[row, cluster] = np.inf
    nearest = (to_cluster / sizes).min(axis=1)
    larger = np.maximum(own, nearest)
    defined = (sizes[cluster] > 1) & (larger != 0)  # identical rows have no distances to compare
    return np.where(defined, (nearest - own) / np.where(defined, larger, 1.0), 0.0)
