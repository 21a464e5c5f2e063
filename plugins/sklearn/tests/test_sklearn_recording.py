"""Which calls leave a run, and what stands in it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, IsolationForest, StackingClassifier, VotingClassifier
from sklearn.feature_selection import RFE, SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint
import fitprint_sklearn

pytestmark = pytest.mark.usefixtures("recorded")

X, y = load_iris(return_X_y=True)
made_before_autolog = DecisionTreeClassifier(max_depth=2)
bound_before_autolog = cross_val_score


CALLS = {
    "fit": lambda: GaussianNB().fit(X, y),
    "fit of keywords": lambda: GaussianNB().fit(y=y, X=X),
    "fit of the class": lambda: GaussianNB.fit(GaussianNB(), X, y),
    "fit_predict": lambda: KMeans(3, n_init=1).fit_predict(X),
    "fit_predict of a mixin": lambda: IsolationForest(n_estimators=5).fit_predict(X),
    "fit_transform": lambda: PCA(2).fit_transform(X),
    "fit_transform of a pipeline": lambda: make_pipeline(StandardScaler(), PCA(2)).fit_transform(X),
    "fit_transform of a mixin": lambda: KMeans(3, n_init=1).fit_transform(X),
    "fit_predict of a pipeline": lambda: make_pipeline(StandardScaler(), KMeans(3, n_init=1)).fit_predict(X),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_training_call_leaves_one_run_with_its_data_and_package(name, signature_of):
    CALLS[name]()
    (run,) = fitprint.runs()
    assert run.status == "FINISHED"
    assert run.run_id == fitprint.last_run().run_id
    assert "dataset.json" in run.artifacts
    assert run.skipped == []
    tensor = {"dtype": "float64", "shape": [-1, 4]}
    assert signature_of(run)["inputs"] == [{"type": "tensor", "tensor-spec": tensor}]
    assert signature_of(run)["outputs"] is not None


def test_tags_name_flavor_class_and_version():
    DecisionTreeClassifier().fit(X, y)
    (run,) = fitprint.runs()
    assert run.flavor == "sklearn"
    assert run.name == run.tags["estimator_name"] == "DecisionTreeClassifier"
    assert run.tags["class"] == run.tags["estimator_class"] == "sklearn.tree._classes.DecisionTreeClassifier"
    assert run.tags["framework_version"] == sklearn.__version__
    assert run.seconds["training"] > 0
    assert run.seconds["recording"] > 0


def test_params_are_deep_and_keep_their_values():
    model = Pipeline([("scale", StandardScaler(with_mean=False)), ("tree", DecisionTreeClassifier(max_depth=3))])
    model.fit(X, y)
    params = fitprint.last_run().params
    assert set(params) == set(model.get_params(deep=True))
    assert params["tree__max_depth"] == 3
    assert params["scale__with_mean"] is False
    assert params["tree__class_weight"] is None
    assert params["tree"] == "DecisionTreeClassifier()"
    assert params["steps"] == [["scale", "StandardScaler()"], ["tree", "DecisionTreeClassifier()"]]


META = {
    "pipeline": lambda: make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression()),
    "bagging": lambda: BaggingClassifier(DecisionTreeClassifier(), n_estimators=3),
    "bagging in parallel": lambda: BaggingClassifier(DecisionTreeClassifier(), n_estimators=3, n_jobs=2),
    "voting": lambda: VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())]),
    "stacking": lambda: StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())], cv=2),
    "one against the rest": lambda: OneVsRestClassifier(GaussianNB()),
    "calibrated": lambda: CalibratedClassifierCV(GaussianNB(), cv=2),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.process) if "parallel" in name else name for name in META],
)
def test_a_meta_estimator_leaves_one_run(name):
    model = META[name]()
    model.fit(X, y)
    (run,) = fitprint.runs()
    assert run.name == type(model).__name__
    assert run.metrics["training_score"] == pytest.approx(model.score(X, y))


def test_several_outputs_leave_one_run():
    MultiOutputClassifier(GaussianNB()).fit(X, np.c_[y, y[::-1]])
    assert [run.name for run in fitprint.runs()] == ["MultiOutputClassifier"]


PREPARING = {
    "preprocessing": lambda: StandardScaler().fit(X),
    "impute": lambda: SimpleImputer().fit_transform(X),
    "feature selection": lambda: SelectKBest(k=2).fit(X, y),
    "selection by a model": lambda: RFE(DecisionTreeClassifier()).fit(X, y),
    "columns": lambda: ColumnTransformer([("one", OneHotEncoder(), [0])]).fit_transform(X),
}


@pytest.mark.parametrize("name", PREPARING)
def test_what_only_prepares_data_leaves_no_run_and_is_counted(name):
    PREPARING[name]()
    assert fitprint.runs() == []
    assert fitprint.last_run() is None
    (status,) = [row for row in fitprint.status() if row.name == "sklearn"]
    assert status.runs == 0
    assert status.skips == {"exclude_estimators": 1}


def test_include_estimators_brings_a_preparing_class_back():
    fitprint.autolog(strict=True, include_estimators="sklearn.preprocessing.StandardScaler")
    StandardScaler().fit(X)
    OneHotEncoder().fit(X)
    assert [run.name for run in fitprint.runs()] == ["StandardScaler"]


def test_a_selection_by_a_model_brought_back_leaves_one_run():
    fitprint.autolog(strict=True, include_estimators="*.RFE")
    RFE(DecisionTreeClassifier()).fit(X, y)
    assert [run.name for run in fitprint.runs()] == ["RFE"]


def test_exclude_estimators_leaves_a_class_out():
    fitprint.autolog(strict=True, exclude_estimators="sklearn.tree.*")
    DecisionTreeClassifier().fit(X, y)
    GaussianNB().fit(X, y)
    assert [run.name for run in fitprint.runs()] == ["GaussianNB"]


def test_what_was_made_or_bound_before_autolog_is_recorded():
    made_before_autolog.fit(X, y)
    bound_before_autolog(GaussianNB(), X, y)
    assert [run.name for run in fitprint.runs()] == ["cross_val_score GaussianNB", "DecisionTreeClassifier"]


def test_a_fit_bound_before_autolog_off_is_recorded_no_more():
    bound = GaussianNB().fit
    fitprint.disable()
    bound(X, y)
    GaussianNB().fit(X, y)
    assert fitprint.runs() == []


def test_disable_puts_every_method_back():
    fitprint.disable()
    before = {cls: vars(cls)["fit"] for cls in (GaussianNB, LogisticRegression, Pipeline)}
    inherited = "fit" in vars(VotingClassifier)
    fitprint.autolog(strict=True)
    assert all(vars(cls)["fit"] is not method for cls, method in before.items())
    fitprint.disable()
    assert all(vars(cls)["fit"] is method for cls, method in before.items())
    assert ("fit" in vars(VotingClassifier)) == inherited
    assert {row.reason for row in fitprint.status()} == {""}


def test_autolog_before_the_import_records_too_and_is_undone_without_a_trace(run_python):
    done = run_python(
        """
        import fitprint
        fitprint.autolog(strict=True, log_code=False)
        from sklearn.datasets import load_iris
        from sklearn.decomposition import PCA
        X, y = load_iris(return_X_y=True)
        PCA(2).fit_transform(X)
        (run,) = fitprint.runs()
        print(run.artifacts, "signature:" in (run.model_path / "MLmodel").read_text())
        fitprint.disable()
        print([row.reason for row in fitprint.status() if row.name == "sklearn"])
        """
    )
    recorded, left = done.stdout.splitlines()
    assert recorded == "['explained_variance.json', 'dataset.json'] True"
    assert left == "['']"


def test_a_fit_inside_start_run_is_recorded_on_it_and_the_next_is_its_child():
    with fitprint.start_run("study") as study:
        GaussianNB().fit(X, y)
        PCA(2).fit(X)
    assert study.params["var_smoothing"] == 1e-9
    assert [child.name for child in study.children] == ["PCA"]


def test_an_outlier_detector_without_predict_says_why_it_has_no_signature():
    LocalOutlierFactor().fit_predict(X)
    (run,) = fitprint.runs()
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("signature", "flavor")]


def test_a_second_fit_costs_few_calls_and_hardly_more_for_a_wide_frame():
    """Calls of fitprint's own functions: a budget, because seconds depend on the machine."""
    fitprint.autolog(strict=True, quiet=True)
    calls = {columns: calls_of_second_fit(columns, fitprint, fitprint_sklearn) for columns in (30, 3000)}
    assert calls[30] < 1450
    assert calls[3000] - calls[30] < 100  # none for a column alone


def test_the_signature_does_not_make_scikit_learn_ask_each_column_again():
    fitprint.disable()
    bare = calls_of_second_fit(3000, sklearn)
    fitprint.autolog(strict=True, quiet=True, log_training_metrics=False)
    assert calls_of_second_fit(3000, sklearn) - bare < 300


def calls_of_second_fit(columns: int, *modules: Any) -> int:
    """How often functions of these modules are called, in the cheapest of three fits after the first.

    The others may clear the garbage of earlier tests, or take so long on a busy machine that more is done meanwhile.
    """
    rows = np.random.default_rng(0).normal(size=(100, columns))
    frame, target = pd.DataFrame(rows, columns=[f"c{i}" for i in range(columns)]), np.arange(100) % 2
    gc.collect()  # threads of earlier tests are looked at in each fit
    GaussianNB().fit(frame, target)
    own = tuple(str(Path(module.__file__).parent) for module in modules)
    count = 0

    def counted(frame: Any, event: str, _: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(own)

    def calls() -> int:
        nonlocal count
        count = 0
        sys.setprofile(counted)
        try:
            GaussianNB().fit(frame, target)
        finally:
            sys.setprofile(None)
        return count

    return min(calls() for _ in range(3))
