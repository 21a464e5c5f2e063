"""Loops of `partial_fit` are one run each, with metrics on rows from all over the loop, and a package at their end."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import fitprint
from fitprint_sklearn import _partial_fit

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 3))
y = (X[:, 0] > 0).astype(int)


@pytest.fixture(autouse=True)
def _on(recorded):
    return recorded


def loop(model: Any, X: Any = X, y: Any = y, size: int = 20, **first: Any) -> Any:
    for start in range(0, 600, size):
        batch = slice(start, start + size)
        model.partial_fit(X[batch], *([] if y is None else [y[batch]]), **(first if start == 0 else {}))
    return model


def ended() -> list[fitprint.Run]:
    """The runs, oldest first, after everything that is open has ended."""
    fitprint.disable()
    return fitprint.runs()[::-1]


@pytest.mark.parametrize(
    ("model", "target", "first", "metrics"),
    [
        (SGDClassifier(random_state=0), y, {"classes": [0, 1]}, {"training_accuracy_score", "training_score"}),
        (GaussianNB(), y, {"classes": [0, 1]}, {"training_log_loss", "training_roc_auc"}),
        (MLPClassifier((4,), random_state=0), y, {"classes": [0, 1]}, {"training_f1_score", "loss_curve"}),
        (SGDRegressor(random_state=0), y, {}, {"training_r2_score"}),
        (MiniBatchKMeans(3, n_init=1, random_state=0), None, {}, {"n_clusters", "training_silhouette_score"}),
        (IncrementalPCA(2), None, {}, {"explained_variance_ratio"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseEstimator) else "",
)
def test_a_loop_is_one_run_with_its_package(model, target, first, metrics):
    model = loop(clone(model), y=target, **first)
    run = fitprint.run_of(model)
    assert run.status == "RUNNING"
    (run,) = ended()
    assert (run.name, run.status) == (type(model).__name__, "FINISHED")
    assert set(run.params) == set(model.get_params())
    assert metrics <= set(run.metrics)
    assert (run.metrics["batches"], run.metrics["rows"]) == (30, 600)
    loaded = fitprint.sklearn.load_model(run.model_path)
    method = "predict" if hasattr(model, "predict") else "transform"
    assert np.array_equal(getattr(loaded, method)(X), getattr(model, method)(X))
    assert not [skip for skip in run.skipped if skip.rule != "metric"], run.skipped


def test_metrics_are_of_all_rows_where_all_are_kept_and_the_run_says_where_not():
    all_kept, some_kept = loop(SGDClassifier(random_state=0), classes=[0, 1]), GaussianNB()
    loop(some_kept, size=200, classes=[0, 1])
    first, second = ended()
    assert first.metrics["training_accuracy_score"] == all_kept.score(X, y)
    assert "training metrics of all rows" not in {skip.what for skip in first.skipped}
    rows = np.concatenate([np.arange(start, start + 50) for start in (0, 200, 400)])
    assert second.metrics["training_accuracy_score"] == some_kept.score(X[rows], y[rows])
    (skip,) = [skip for skip in second.skipped if skip.what == "training metrics of all rows"]
    assert "150 of 600 rows" in skip.reason


def test_a_long_loop_keeps_a_bounded_number_of_rows_from_all_over_it(monkeypatch):
    kept = []
    kept_call = _partial_fit.Batches.call_with_rows
    monkeypatch.setattr(
        _partial_fit.Batches, "call_with_rows", lambda self, call: kept.append(kept_call(self, call)) or kept[-1]
    )
    model = SGDRegressor(random_state=0)
    for step in range(1000):
        model.partial_fit(np.full((60, 1), float(step)), np.zeros(60))
    (run,) = ended()
    values = np.unique(kept[0].kwargs["X"])
    assert _partial_fit.BATCHES <= len(values) <= 2 * _partial_fit.BATCHES
    assert len(kept[0].kwargs["X"]) == 50 * len(values)
    assert len(np.unique(np.diff(values))) == 1
    assert values[-1] > 900
    assert run.metrics["rows"] == 60_000


@pytest.mark.parametrize(
    "kind", [pd.DataFrame, sparse.csr_matrix, lambda rows: rows.tolist()], ids=["table", "sparse", "list"]
)
def test_kinds_of_batches(kind):
    model = SGDClassifier(random_state=0)
    for start in range(0, 600, 100):
        model.partial_fit(kind(X[start : start + 100]), y[start : start + 100], classes=[0, 1])
    (run,) = ended()
    assert run.metrics["training_accuracy_score"] > 0.5
    package = fitprint.load_model(run.model_path)
    assert package.predict(kind(X[:5])).tolist() == model.predict(kind(X[:5])).tolist()
    if kind is pd.DataFrame:
        assert package.metadata.signature.inputs.input_names() == [0, 1, 2]


def test_batches_of_different_kinds_are_told():
    model = SGDRegressor(random_state=0)
    model.partial_fit(X[:5], y[:5])
    model.partial_fit(X[:5].tolist(), y[:5])
    (run,) = ended()
    assert "training metrics" in {skip.what for skip in run.skipped}
    assert run.model_path is not None


def test_what_is_kept_is_a_copy():
    model, batch = SGDRegressor(random_state=0), X[:20].copy()
    loop_rows = []
    for _ in range(3):
        model.partial_fit(batch, y[:20])
        loop_rows.append(batch.copy())
        batch += 1
    (run,) = ended()
    assert run.metrics["training_r2_score"] == pytest.approx(model.score(np.concatenate(loop_rows), np.tile(y[:20], 3)))


def test_weights_are_taken_into_account():
    model, weights = SGDRegressor(random_state=0), np.linspace(0, 1, 20)
    model.partial_fit(X[:20], y[:20], sample_weight=weights)
    (run,) = ended()
    assert run.metrics["training_r2_score"] == pytest.approx(model.score(X[:20], y[:20], sample_weight=weights))


def test_partial_fit_inside_another_call_belongs_to_it():
    IncrementalPCA(2, batch_size=100).fit(X)
    loop(MultiOutputRegressor(SGDRegressor(random_state=0)), y=np.stack([y, -y], axis=1))
    assert [run.name for run in ended()] == ["IncrementalPCA", "MultiOutputRegressor"]


def test_what_only_prepares_data_makes_no_run():
    loop(StandardScaler(), y=None)
    assert ended() == []


def test_own_classes():
    class Mean(BaseEstimator):
        def __init__(self, start=0.0):
            self.start = start

        def partial_fit(self, rows):
            self.mean_ = float(np.mean(rows))
            return self

        def fit(self, rows):
            return self.partial_fit(rows[:10]).partial_fit(rows[10:])

    model = Mean(2.0)
    assert model.partial_fit(X[:10]) is model
    model.partial_fit(rows=X[10:20])
    model.fit(X)
    looped, fitted = ended()
    assert (looped.metrics["batches"], looped.params) == (2, {"start": 2.0})
    assert (fitted.name, fitted.status, "batches" in fitted.metrics) == ("Mean", "FINISHED", False)


def test_a_fit_of_the_same_object_ends_the_loop_and_a_further_loop_is_another_run():
    model = loop(SGDRegressor(random_state=0))
    model.fit(X, y)
    assert [run.status for run in fitprint.runs()] == ["FINISHED", "FINISHED"]
    model.partial_fit(X, y)
    assert fitprint.run_of(model).status == "RUNNING"
    assert [run.metrics.get("batches") for run in ended()] == [30, None, 1]


def test_a_loop_ends_with_its_block():
    with fitprint.start_run("mine") as run:
        loop(SGDRegressor(random_state=0))
    assert (run.status, run.name, run.metrics["batches"]) == ("FINISHED", "mine", 30)
    assert run.model_path is not None


def test_a_model_that_is_gone_leaves_its_package_and_is_not_kept_for_long():
    def train():
        return weakref.ref(loop(SGDRegressor(random_state=0)))

    references = [train() for _ in range(5)]
    gc.collect()
    assert [reference() is None for reference in references] == [True] * 4 + [False]
    runs = ended()
    assert len(runs) == 5
    assert all(run.status == "FINISHED" and run.model_path is not None for run in runs)
    assert references[-1]() is None


def test_models_that_are_in_use_go_on_with_their_loops():
    models = [SGDRegressor(random_state=0) for _ in range(6)]
    for start in range(0, 600, 100):
        for model in models:
            model.partial_fit(X[start : start + 100], y[start : start + 100])
    assert [run.metrics["batches"] for run in ended()] == [6] * 6


def test_a_step_that_fails_is_the_users_and_the_loop_goes_on():
    model = SGDRegressor(random_state=0).partial_fit(X, y)
    with pytest.raises(ValueError, match="inconsistent"):
        model.partial_fit(X, y[:3])
    model.partial_fit(X, y)
    (run,) = ended()
    assert (run.status, run.metrics["batches"]) == ("FINISHED", 2)
