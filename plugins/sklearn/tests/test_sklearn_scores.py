"""Every estimator of scikit-learn that has a `score` leaves one, or its run says why not."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin, DensityMixin, RegressorMixin
from sklearn.covariance import EmpiricalCovariance, GraphicalLasso
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, FactorAnalysis, LatentDirichletAllocation
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

import fitprint

X, y = load_iris(return_X_y=True)
random = np.random.default_rng(0)
FEW = random.random((40, 4))
LABELS, VALUES = np.arange(40) % 2, random.random(40)
DATA = (
    (FEW, None),
    (FEW[:, 0], VALUES),  # a single column
    (FEW, np.c_[VALUES, -VALUES]),
    (FEW, np.c_[LABELS, 1 - LABELS]),
)
"""What is tried where an estimator cannot be trained with a target of one column."""


def _made(cls):
    """Make an estimator, with a small tree inside where it needs another one."""
    tree = (DecisionTreeRegressor if issubclass(cls, RegressorMixin) else DecisionTreeClassifier)(max_depth=1)
    named = [("tree", tree)]
    needed = {
        "estimator": tree,
        "estimators": named,
        "steps": named,
        "transformer_list": [("pass", "passthrough")],
        "transformers": [("pass", "passthrough", [0])],
        "param_grid": {"max_depth": [1]},
        "param_distributions": {"max_depth": [1, 2]},
        "dictionary": np.eye(4),
    }
    parameters = inspect.signature(cls).parameters.values()
    few = {"n_estimators": 3, "max_iter": 20, "n_init": 1}
    given = {
        parameter.name: needed[parameter.name] if parameter.default is parameter.empty else few[parameter.name]
        for parameter in parameters
        if parameter.name in (needed if parameter.default is parameter.empty else few)
    }
    return cls(**given)


def _trained(estimator):
    """Train with the first data that the estimator takes. Returns None if there is none."""
    usual = (FEW, LABELS if isinstance(estimator, ClassifierMixin) else VALUES)
    for inputs, target in (usual, *DATA):
        try:
            return estimator.fit(inputs) if target is None else estimator.fit(inputs, target)
        except (TypeError, ValueError, IndexError, AttributeError):
            continue
    return None


@pytest.mark.slow
def test_every_estimator_with_a_score_leaves_one_or_says_why_not(store):
    fitprint.autolog(strict=True, quiet=True, log_models=False, exclude_estimators="")
    with_score, silent = set(), set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, cls in all_estimators():
            estimator = _made(cls)
            if _trained(estimator) is None or not hasattr(estimator, "score"):
                continue
            run = fitprint.run_of(estimator)
            with_score.add(name)
            if "training_score" not in run.metrics and "training_score" not in {skip.what for skip in run.skipped}:
                silent.add(name)
    assert len(with_score) > 100
    assert not silent


SCORED = [
    BayesianGaussianMixture(n_components=2, random_state=0),
    EmpiricalCovariance(),
    FactorAnalysis(2),
    GaussianMixture(2, random_state=0),
    GraphicalLasso(),
    KernelDensity(),
    LatentDirichletAllocation(2, random_state=0),
    PCA(2),
]


@pytest.mark.parametrize("model", SCORED, ids=lambda model: type(model).__name__)
def test_densities_mixtures_and_decompositions(recorded, model):
    model.fit(X)
    assert fitprint.last_run().metrics["training_score"] == pytest.approx(model.score(X))


def fit_constant(self, X, y):
    self.value_ = y[0]
    self.classes_ = np.unique(y)
    return self


def predict_constant(self, X):
    return np.full(len(X), self.value_)


class MixinFirst(ClassifierMixin, BaseEstimator):
    """As scikit-learn wants it."""

    fit, predict = fit_constant, predict_constant


class MixinLast(BaseEstimator, ClassifierMixin):
    """scikit-learn does not see that it is a classifier."""

    fit, predict = fit_constant, predict_constant


class RegressorLast(BaseEstimator, RegressorMixin):
    """Nor that this is a regressor."""

    fit, predict = fit_constant, predict_constant


class NoMixin(BaseEstimator):
    """Has only a score of its own."""

    fit, predict = fit_constant, predict_constant

    def score(self, X, y):
        return float(np.mean(self.predict(X) == y))


class DensityLast(BaseEstimator, DensityMixin):
    """Its score takes the rows alone."""

    def fit(self, X, y=None):
        return self

    def score(self, X):
        return float(len(X))


class ClustererLast(BaseEstimator, ClusterMixin):
    """Puts every second row together."""

    def fit(self, X, y=None):
        self.labels_ = np.arange(len(X)) % 2
        return self


class Refusing(BaseEstimator, DensityMixin):
    """Cannot say how good it is."""

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        raise RuntimeError("it is a secret")


@pytest.mark.parametrize("cls", [MixinFirst, MixinLast])
def test_an_own_classifier_with_its_bases_in_any_order(recorded, cls):
    model = cls().fit(X, y)
    metrics = fitprint.last_run().metrics
    assert metrics["training_score"] == metrics["training_accuracy_score"] == model.score(X, y)


def test_an_own_regressor_with_its_bases_in_any_order(recorded):
    model = RegressorLast().fit(X, y)
    metrics = fitprint.last_run().metrics
    assert metrics["training_score"] == metrics["training_r2_score"] == pytest.approx(model.score(X, y))


@pytest.mark.parametrize("cls", [NoMixin, DensityLast])
def test_an_own_score_whether_it_takes_a_target_or_not(recorded, cls):
    model = cls().fit(X, y)
    expected = model.score(X, y) if cls is NoMixin else model.score(X)
    assert fitprint.last_run().metrics["training_score"] == expected


def test_an_own_clusterer_with_its_bases_in_any_order(recorded):
    ClustererLast().fit(X)
    assert fitprint.last_run().metrics["n_clusters"] == 2


def test_a_score_that_raises_is_a_reason_of_the_run(recorded):
    Refusing().fit(X)
    reasons = {skip.what: skip.reason for skip in fitprint.last_run().skipped}
    assert reasons["training_score"] == "the estimator's score raised RuntimeError('it is a secret')"


def test_a_score_that_takes_too_long_is_left_out_and_not_taken_on_a_sample(store):
    fitprint.autolog(strict=True, max_metric_seconds=1e-6)
    KernelDensity().fit(random.random((2000, 2)))
    run = fitprint.last_run()
    assert "training_score" not in run.metrics
    reasons = {skip.what: skip.reason for skip in run.skipped}
    assert reasons["training_score"] == "it would take longer than 1e-06 s on all 2000 rows"


class Quantiles(RegressorMixin, BaseEstimator):
    """Predicts three quantiles of each row."""

    def fit(self, X, y):
        self.quantiles_ = np.quantile(y, [0.1, 0.5, 0.9])
        return self

    def predict(self, X):
        return np.tile(self.quantiles_, (len(X), 1))


def test_several_quantiles_of_each_row_are_a_reason_and_no_error(recorded):
    Quantiles().fit(X, y)
    run = fitprint.last_run()
    assert not run.metrics
    # the module of this class is in the folder `plugins`, which is too large to be copied into a package
    assert [skip[:2] for skip in run.skipped if skip.rule != "code"] == [("training metrics", "several values")]
