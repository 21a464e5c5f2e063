"""Cross-validation functions: one run each, with the scores per fold, their mean and spread."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn import model_selection
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint

pytestmark = pytest.mark.usefixtures("recorded")

X, y = load_iris(return_X_y=True)
TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
SHUFFLED = model_selection.StratifiedKFold(4, shuffle=True, random_state=0)

CALLS = {
    "cross_validate": lambda **given: model_selection.cross_validate(TREE, X, y, cv=SHUFFLED, **given),
    "cross_val_score": lambda **given: model_selection.cross_val_score(TREE, X, y, cv=SHUFFLED, **given),
    "cross_val_predict": lambda **given: model_selection.cross_val_predict(TREE, X, y, cv=SHUFFLED, **given),
    "learning_curve": lambda **given: model_selection.learning_curve(TREE, X, y, cv=SHUFFLED, **given),
    "validation_curve": lambda **given: model_selection.validation_curve(
        TREE, X, y, param_name="max_depth", param_range=[1, 2], cv=SHUFFLED, **given
    ),
    "permutation_test_score": lambda **given: model_selection.permutation_test_score(
        TREE, X, y, cv=SHUFFLED, n_permutations=4, **given
    ),
}


@pytest.mark.parametrize("jobs", [None, pytest.param(2, marks=pytest.mark.process)])
@pytest.mark.parametrize("name", CALLS)
def test_each_leaves_one_run_with_the_data_and_no_package(name, jobs):
    CALLS[name](n_jobs=jobs)
    (run,) = fitprint.runs()
    assert run.name == f"{name} DecisionTreeClassifier"
    assert run.status == "FINISHED"
    assert run.params["max_depth"] == 2
    assert run.tags["estimator_class"] == "sklearn.tree._classes.DecisionTreeClassifier"
    assert "dataset.json" in run.artifacts
    assert run.models == {}
    assert ("model", "cross-validation") in [(skip.what, skip.rule) for skip in run.skipped]


def series(name):
    return [value for _, value in fitprint.last_run().metric_history(name)]


def test_cross_validate_keeps_every_score_of_every_fold(artifact):
    result = model_selection.cross_validate(
        TREE, X, y, cv=SHUFFLED, scoring=["accuracy", "f1_macro"], return_train_score=True, return_estimator=True
    )
    run = fitprint.last_run()
    for name in ("test_accuracy", "test_f1_macro", "train_accuracy", "train_f1_macro", "fit_time", "score_time"):
        assert series(name) == pytest.approx(list(result[name]))
        assert [step for step, _ in run.metric_history(name)] == [0, 1, 2, 3]
        assert run.metrics[f"mean_{name}"] == pytest.approx(np.mean(result[name]))
        assert run.metrics[f"std_{name}"] == pytest.approx(np.std(result[name]))
    table = artifact(run, "cv_results.csv")
    assert [float(row["test_accuracy"]) for row in table] == pytest.approx(list(result["test_accuracy"]))
    assert len(result["estimator"]) == 4
    assert run.params["scoring"] == ["accuracy", "f1_macro"]


def test_cross_val_score_keeps_its_scores():
    scores = CALLS["cross_val_score"]()
    run = fitprint.last_run()
    assert series("test_score") == pytest.approx(list(scores))
    assert run.metrics["mean_test_score"] == pytest.approx(scores.mean())
    assert run.metrics["std_test_score"] == pytest.approx(scores.std())


def test_cross_val_predict_is_scored_against_the_target():
    predicted = CALLS["cross_val_predict"]()
    assert fitprint.last_run().metrics["cv_accuracy_score"] == pytest.approx(reference.accuracy_score(y, predicted))
    diabetes, progress = load_diabetes(return_X_y=True)
    predicted = model_selection.cross_val_predict(Ridge(), diabetes, progress)
    assert fitprint.last_run().metrics["cv_r2_score"] == pytest.approx(reference.r2_score(progress, predicted))


def test_probabilities_out_of_cross_validation_are_not_scored_and_it_says_so():
    CALLS["cross_val_predict"](method="predict_proba")
    run = fitprint.last_run()
    assert run.metrics == {}
    assert ("metrics", "method") in [(skip.what, skip.rule) for skip in run.skipped]


def test_a_learning_curve_is_a_series_over_its_sizes(artifact):
    sizes, train, test = CALLS["learning_curve"]()
    run = fitprint.last_run()
    for name, scores in (("train", train), ("test", test)):
        means = list(zip(sizes, scores.mean(axis=1), strict=True))
        assert run.metric_history(f"mean_{name}_score") == [pytest.approx(mean) for mean in means]
        assert series(f"std_{name}_score") == pytest.approx(list(scores.std(axis=1)))
    assert run.metrics["best_mean_test_score"] == pytest.approx(test.mean(axis=1).max())
    table = artifact(run, "learning_curve.csv")
    assert [int(row["train_size"]) for row in table] == list(sizes)
    assert [float(row["split2_test_score"]) for row in table] == pytest.approx(list(test[:, 2]))


def test_a_validation_curve_is_a_series_over_its_values(artifact):
    _, test = CALLS["validation_curve"]()
    run = fitprint.last_run()
    assert series("mean_test_score") == pytest.approx(list(test.mean(axis=1)))
    assert run.metrics["best_max_depth"] == 2
    assert [row["max_depth"] for row in artifact(run, "validation_curve.csv")] == ["1", "2"]


def test_values_that_are_no_numbers_make_a_validation_curve_too(artifact):
    model_selection.validation_curve(TREE, X, y, param_name="criterion", param_range=["gini", "entropy"], cv=2)
    run = fitprint.last_run()
    assert [row["criterion"] for row in artifact(run, "validation_curve.csv")] == ["gini", "entropy"]
    assert "best_criterion" not in run.metrics


def test_a_permutation_test_keeps_score_p_value_and_permuted_scores():
    score, permuted, p_value = CALLS["permutation_test_score"](random_state=0)
    run = fitprint.last_run()
    assert run.metrics["score"] == pytest.approx(score)
    assert run.metrics["p_value"] == pytest.approx(p_value)
    assert series("permutation_score") == pytest.approx(list(permuted))
    assert run.metrics["mean_permutation_score"] == pytest.approx(permuted.mean())


def test_the_estimators_params_keep_their_values_beside_arguments_of_the_same_name():
    model_selection.learning_curve(TREE, X, y, cv=2, shuffle=True, random_state=7)
    params = fitprint.last_run().params
    assert params["random_state"] == 0
    assert params["learning_curve__random_state"] == 7
    assert params["shuffle"] is True


def test_results_are_those_without_recording():
    recorded = CALLS["cross_val_score"](), CALLS["learning_curve"](), CALLS["cross_val_predict"]()
    fitprint.disable()
    plain = CALLS["cross_val_score"](), CALLS["learning_curve"](), CALLS["cross_val_predict"]()
    assert (recorded[0] == plain[0]).all()
    assert all((left == right).all() for left, right in zip(recorded[1], plain[1], strict=True))
    assert (recorded[2] == plain[2]).all()


def test_a_pipeline_is_validated_in_one_run():
    model_selection.cross_validate(make_pipeline(StandardScaler(), GaussianNB()), X, y)
    assert [run.name for run in fitprint.runs()] == ["cross_validate Pipeline"]


def test_a_validation_that_fails_leaves_a_failed_run():
    with pytest.raises(ValueError, match="n_splits=400"):
        model_selection.cross_val_score(TREE, X, y, cv=400)
    (run,) = fitprint.runs()
    assert run.status == "FAILED"
