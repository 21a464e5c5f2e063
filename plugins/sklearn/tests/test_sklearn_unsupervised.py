"""Clusterers, outlier detectors, transformers, and the series that estimators keep of their iterations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, FeatureAgglomeration, KMeans
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import NMF, PCA, TruncatedSVD
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, IsolationForest
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint

pytestmark = pytest.mark.usefixtures("recorded")

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize("how", ["fit", "fit_predict", "fit_transform"])
def test_clusters_have_inertia_silhouette_and_sizes(artifact, how):
    model = KMeans(3, n_init=1, random_state=0)
    getattr(model, how)(X)
    run = fitprint.last_run()
    assert run.metrics["inertia"] == pytest.approx(model.inertia_)
    assert run.metrics["n_iter"] == model.n_iter_
    assert run.metrics["n_clusters"] == 3
    assert run.metrics["training_silhouette_score"] == pytest.approx(silhouette_score(X, model.labels_))
    sizes = {str(label): int(count) for label, count in enumerate(np.bincount(model.labels_))}
    assert artifact(run, "cluster_sizes.json") == sizes


@pytest.mark.parametrize("model", [AgglomerativeClustering(4), DBSCAN()], ids=lambda model: type(model).__name__)
def test_clusterers_without_predict_are_scored_too(model):
    model.fit(X)
    run = fitprint.last_run()
    assert run.metrics["training_silhouette_score"] == pytest.approx(silhouette_score(X, model.labels_))


def test_noise_is_no_cluster():
    model = DBSCAN().fit(X)
    run = fitprint.last_run()
    assert run.metrics["n_clusters"] == len(set(model.labels_) - {-1})
    assert run.metrics["noise_fraction"] == pytest.approx(np.mean(model.labels_ == -1))


def test_a_clustering_of_columns_has_no_silhouette_of_rows():
    FeatureAgglomeration(2).fit(X)
    metrics = fitprint.last_run().metrics
    assert metrics["n_clusters"] == 2
    assert "training_silhouette_score" not in metrics


def test_the_silhouette_of_many_rows_is_taken_on_a_sample_that_is_told():
    digits = load_digits().data
    model = KMeans(10, n_init=1, random_state=0).fit(digits)
    run = fitprint.last_run()
    assert run.metrics["training_silhouette_score"] == pytest.approx(silhouette_score(digits, model.labels_), abs=0.02)
    assert ("silhouette of all rows", "taken on 1000 of 1797 rows, seed 0") in [
        (skip.what, skip.reason) for skip in run.skipped
    ]


def test_a_pipeline_that_ends_in_a_clusterer_is_scored_by_its_sizes():
    make_pipeline(StandardScaler(), KMeans(3, n_init=1)).fit(X)
    assert fitprint.last_run().metrics["n_clusters"] == 3


@pytest.mark.parametrize(
    ("model", "how"),
    [(IsolationForest(n_estimators=10, random_state=0), "fit"), (LocalOutlierFactor(), "fit_predict")],
    ids=["IsolationForest", "LocalOutlierFactor"],
)
def test_outlier_detectors_say_how_many_rows_are_outliers(model, how):
    result = getattr(model, how)(X)
    labels = result if how == "fit_predict" else model.predict(X)
    assert fitprint.last_run().metrics["training_outlier_fraction"] == pytest.approx(np.mean(labels == -1))


@pytest.mark.parametrize("how", ["fit", "fit_transform"])
@pytest.mark.parametrize("model", [PCA(2), TruncatedSVD(2)], ids=lambda model: type(model).__name__)
def test_decompositions_say_how_much_variance_each_component_explains(artifact, model, how):
    getattr(model, how)(X)
    run = fitprint.last_run()
    assert artifact(run, "explained_variance.json") == pytest.approx(list(model.explained_variance_ratio_))
    assert run.metrics["explained_variance_ratio"] == pytest.approx(model.explained_variance_ratio_.sum())


def test_single_numbers_that_an_estimator_keeps_are_metrics():
    model = NMF(2, max_iter=3000).fit(X)
    assert fitprint.last_run().metrics["reconstruction_err"] == pytest.approx(model.reconstruction_err_)
    model = GaussianMixture(2, random_state=0).fit(X)
    assert fitprint.last_run().metrics["lower_bound"] == pytest.approx(model.lower_bound_)


def test_what_keeps_nothing_of_its_training_leaves_its_score():
    model = KernelDensity().fit(X)
    assert fitprint.last_run().metrics == {"training_score": model.score(X)}
    assert fitprint.last_run().params["kernel"] == "gaussian"


def test_series_of_boosting_have_a_value_per_stage():
    model = GradientBoostingRegressor(n_estimators=7, subsample=0.5, random_state=0).fit(X, y)
    run = fitprint.last_run()
    assert run.metric_history("train_score") == list(enumerate(model.train_score_))
    assert run.metric_history("oob_scores") == list(enumerate(model.oob_scores_))


def test_series_of_early_stopping_have_both_scores():
    model = HistGradientBoostingClassifier(max_iter=3, early_stopping=True, random_state=0).fit(X, y)
    run = fitprint.last_run()
    assert run.metric_history("train_score") == list(enumerate(model.train_score_))
    assert run.metric_history("validation_score") == list(enumerate(model.validation_score_))
    assert run.metrics["validation_score"] == model.validation_score_[-1]


def test_series_of_a_network_are_kept_from_within_a_pipeline_and_without_training_metrics():
    fitprint.autolog(strict=True, log_training_metrics=False)
    network = MLPClassifier((4,), early_stopping=True, n_iter_no_change=2, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(X, y)[-1]
    run = fitprint.last_run()
    assert run.metric_history("loss_curve") == list(enumerate(model.loss_curve_))
    assert run.metric_history("validation_scores") == list(enumerate(model.validation_scores_))
    assert not [name for name in run.metrics if name.startswith("training")]
