"""Searches: one run with the table, the best candidates as child runs, and the refitted best as package."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  makes the next import possible
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    ParameterGrid,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint

pytestmark = pytest.mark.usefixtures("recorded")

X, y = load_iris(return_X_y=True)
GRID = {"max_depth": [1, 2, 3, None], "min_samples_leaf": [1, 40]}
TREE = DecisionTreeClassifier(random_state=0)

SEARCHES = {
    "grid": lambda **given: GridSearchCV(TREE, GRID, cv=3, **given),
    "randomized": lambda **given: RandomizedSearchCV(TREE, GRID, n_iter=6, random_state=0, cv=3, **given),
    "halving grid": lambda **given: HalvingGridSearchCV(TREE, GRID, random_state=0, cv=3, **given),
    "halving random": lambda **given: HalvingRandomSearchCV(TREE, GRID, random_state=0, cv=3, **given),
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("kind", SEARCHES)
def test_a_search_leaves_one_run_with_its_best_candidates_as_children(artifact, kind, jobs):
    search = SEARCHES[kind](n_jobs=jobs).fit(X, y)
    parent = fitprint.last_run()
    total = len(search.cv_results_["params"])
    assert parent.name == type(search).__name__
    assert parent.parent_id is None
    assert len(parent.children) == min(5, total)
    assert len(fitprint.runs()) == 1 + len(parent.children), "no stray runs"
    assert parent.metrics["best_cv_score"] == pytest.approx(search.best_score_)
    assert {name: parent.params[f"best_{name}"] for name in search.best_params_} == search.best_params_
    assert parent.metrics["training_score"] == pytest.approx(search.score(X, y))
    assert len(artifact(parent, "cv_results.csv")) == total
    best = parent.children[0]
    assert {name: best.params[name] for name in search.best_params_} == search.best_params_
    assert best.metrics["mean_test_score"] == pytest.approx(search.best_score_)
    texts = repr(parent.children).partition(": ")[2].removesuffix(", ...>").removesuffix(">").split(" FINISHED")
    assert len(set(texts)) == len(texts), "candidates are told apart"


def test_the_package_is_the_refitted_best_alone(store):
    search = SEARCHES["grid"]().fit(X, y)
    (folder,) = store.glob("**/MLmodel")
    parent = fitprint.last_run()
    assert folder.parent == parent.model_path
    loaded = fitprint.load_model(parent.model_path).unwrap()
    assert type(loaded) is DecisionTreeClassifier
    assert loaded.get_params() == search.best_estimator_.get_params()
    assert (loaded.predict(X) == search.predict(X)).all()
    assert fitprint.run_of(search).run_id == fitprint.run_of(search.best_estimator_).run_id == parent.run_id


def test_the_table_holds_every_candidate_as_scikit_learn_has_it(artifact):
    search = SEARCHES["grid"](return_train_score=True).fit(X, y)
    table = artifact(fitprint.last_run(), "cv_results.csv")
    assert list(table[0]) == list(search.cv_results_)
    for name, values in search.cv_results_.items():
        if name != "params":
            assert [row[name] for row in table] == [str(value) for value in np.ma.getdata(values)]


def test_children_have_the_params_metrics_and_tags_of_their_candidate():
    search = SEARCHES["grid"]().fit(X, y)
    parent = fitprint.last_run()
    order = np.argsort(search.cv_results_["rank_test_score"], kind="stable")[:5]
    for child, position in zip(parent.children, order, strict=True):
        assert child.parent_id == parent.run_id
        assert child.status == "FINISHED"
        assert child.start_time == parent.start_time
        assert child.tags["estimator_class"] == "sklearn.tree._classes.DecisionTreeClassifier"
        assert child.params == TREE.get_params() | search.cv_results_["params"][position]
        assert set(child.metrics) == {
            f"{kind}_{what}" for kind in ("mean", "std") for what in ("fit_time", "score_time", "test_score")
        } | {"rank_test_score"}
        assert child.metrics["rank_test_score"] == search.cv_results_["rank_test_score"][position]
        assert child.models == {}


@pytest.mark.parametrize(("most", "expected"), [(0, 0), (2, 2), (100, 8), (None, 8)])
def test_max_child_runs_bounds_the_children_and_not_the_table(artifact, most, expected):
    fitprint.autolog(strict=True, max_child_runs=most)
    SEARCHES["grid"]().fit(X, y)
    parent = fitprint.last_run()
    assert len(parent.children) == expected
    assert len(artifact(parent, "cv_results.csv")) == 8


def test_the_best_child_of_a_halving_search_is_of_its_last_iteration():
    search = HalvingGridSearchCV(TREE, GRID, random_state=0, cv=3, min_resources=30).fit(X, y)
    iterations = [child.metrics["iter"] for child in fitprint.last_run().children]
    assert iterations[0] == search.n_iterations_ - 1
    assert iterations == sorted(iterations, reverse=True)


def test_without_refit_there_is_a_run_and_no_package(artifact):
    SEARCHES["grid"](refit=False).fit(X, y)
    run = fitprint.last_run()
    assert run.models == {}
    assert ("model", "search") in [(skip.what, skip.rule) for skip in run.skipped]
    assert len(artifact(run, "cv_results.csv")) == 8
    assert len(run.children) == 5


def test_several_scores_rank_the_children_by_the_one_that_refits():
    scoring = {"small": lambda model, X, y: -(model.get_params()["max_depth"] or 9), "right": "accuracy"}
    search = SEARCHES["grid"](scoring=scoring, refit="right").fit(X, y)
    run = fitprint.last_run()
    assert run.metrics["best_cv_score"] == pytest.approx(search.best_score_)
    ranks = [child.metrics["rank_test_right"] for child in run.children]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    assert {"mean_test_small", "mean_test_right"} <= set(run.children[0].metrics)


def test_several_scores_without_refit_have_no_best():
    SEARCHES["grid"](scoring=["accuracy", "f1_macro"], refit=False).fit(X, y)
    run = fitprint.last_run()
    assert not [name for name in {**run.params, **run.metrics} if name.startswith("best")]
    assert run.children[0].metrics["rank_test_accuracy"] == 1


def test_a_callable_refit_chooses_the_first_child():
    search = SEARCHES["grid"](refit=lambda results: 3).fit(X, y)
    best = fitprint.last_run().children[0]
    assert {name: best.params[name] for name in GRID} == search.best_params_


def test_steps_that_a_candidate_replaces_have_their_own_params(artifact):
    pipeline = Pipeline([("scale", StandardScaler()), ("tree", TREE)])
    grid = {"scale": ["passthrough", MinMaxScaler((0, 2))], "tree": [DecisionTreeClassifier(max_depth=1)]}
    GridSearchCV(pipeline, [{**grid, "tree__min_samples_leaf": [3]}, {"tree__max_depth": [2]}], cv=2).fit(X, y)
    run = fitprint.last_run()
    by_depth = {(child.params["tree__max_depth"], child.params["scale"]): child.params for child in run.children}
    assert set(by_depth) == {(1, "passthrough"), (1, "MinMaxScaler()"), (2, "StandardScaler()")}
    assert by_depth[1, "MinMaxScaler()"]["scale__feature_range"] == [0, 2]
    assert by_depth[1, "passthrough"]["tree__min_samples_leaf"] == 3
    assert not [name for name in by_depth[1, "passthrough"] if name.startswith("scale__")]
    table = artifact(run, "cv_results.csv")
    assert {row["param_scale"] for row in table} == {"passthrough", "MinMaxScaler(feature_range=(0, 2))", ""}


def test_candidates_that_fail_stand_in_the_table_and_rank_last(artifact):
    grid = {"max_depth": [1, 2, "wrong"]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GridSearchCV(TREE, grid, cv=2, error_score=np.nan).fit(X, y)
    assert FitFailedWarning in [warning.category for warning in caught]
    run = fitprint.last_run()
    assert run.status == "FINISHED"
    assert [row["mean_test_score"] for row in artifact(run, "cv_results.csv")][-1] == "nan"
    assert [child.params["max_depth"] for child in run.children] == [2, 1, "wrong"]
    assert np.isnan(run.children[-1].metrics["mean_test_score"])
    assert np.isnan(fitprint.get_run(run.children[-1].run_id).metrics["mean_test_score"])


def test_a_search_whose_candidates_all_fail_is_one_failed_run():
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        GridSearchCV(TREE, {"max_depth": ["wrong"]}, cv=2).fit(X, y)
    assert [run.status for run in fitprint.runs()] == ["FAILED"]


def test_a_search_over_a_clusterer_is_recorded():
    search = GridSearchCV(KMeans(n_init=1, random_state=0), {"n_clusters": [2, 3]}, cv=2).fit(X)
    run = fitprint.last_run()
    assert run.params["best_n_clusters"] == search.best_params_["n_clusters"]
    assert len(run.children) == 2


def test_a_search_inside_a_cross_validation_is_part_of_its_run():
    cross_val_score(SEARCHES["grid"](), X, y, cv=2)
    assert [run.name for run in fitprint.runs()] == ["cross_val_score GridSearchCV"]


class OwnSearch(BaseEstimator):
    """A search of another package: no relative of scikit-learn's, but it keeps the same table."""

    def __init__(self, model=None, grid=None):
        self.model = model
        self.grid = grid

    def fit(self, X, y):
        candidates = list(ParameterGrid(self.grid))
        scores = [self.model.set_params(**candidate).fit(X, y).score(X, y) for candidate in candidates]
        self.cv_results_ = {"params": candidates, "mean_test_score": np.array(scores)}
        self.best_params_ = candidates[int(np.argmax(scores))]
        self.best_estimator_ = self.model.set_params(**self.best_params_).fit(X, y)
        return self


def test_any_class_that_keeps_a_table_of_candidates_is_a_search(artifact):
    search = OwnSearch(DecisionTreeClassifier(), {"max_depth": [1, 2, 3]}).fit(X, y)
    run = fitprint.last_run()
    assert len(fitprint.runs()) == 4
    assert run.params["best_max_depth"] == search.best_params_["max_depth"]
    assert [child.params["max_depth"] for child in run.children] == [1, 2, 3]
    assert {child.name for child in run.children} == {"OwnSearch"}
    assert len(artifact(run, "cv_results.csv")) == 3
    assert type(fitprint.load_model(run.model_path).unwrap()) is DecisionTreeClassifier
