"""Metrics that the user makes of a fitted model's predictions: on the run of the model, named after the data."""

from __future__ import annotations

import inspect
import json
import pickle
import sys
import threading
from types import ModuleType
from unittest import mock

import numpy as np
import pandas
import pytest
import sklearn.metrics
from sklearn import metrics as bound_before
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import IsolationForest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer, r2_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import fitprint

X_train, X_test, y_train, y_test = train_test_split(*load_breast_cancer(return_X_y=True, as_frame=True), random_state=0)


@pytest.fixture
def model(recorded):
    return GaussianNB().fit(X_train, y_train)


def evaluations(model):
    return fitprint.run_of(model).evaluations


def value(model, name):
    return fitprint.run_of(model).metrics[name]


def test_predictions_scores_and_probabilities(model):
    labels = model.predict(X_test)
    accuracy = accuracy_score(y_test, labels)
    area = roc_auc_score(y_test, y_score=model.predict_proba(X_test)[:, 1])
    loss = log_loss(y_test, model.predict_proba(X_test))
    assert value(model, "accuracy_score_X_test") == accuracy == model.score(X_test, y_test)
    assert value(model, "roc_auc_score_X_test") == area
    assert value(model, "log_loss_X_test") == loss
    assert value(model, "GaussianNB_score_X_test") == accuracy
    assert {facts["training_data"] for facts in evaluations(model).values()} == {False}
    assert {facts["rows"] for facts in evaluations(model).values()} == {143}
    run = fitprint.run_of(model)
    calls = json.loads((run.path / "artifacts" / "metric_info.json").read_text("utf-8"))
    assert calls["accuracy_score_X_test"] == "accuracy_score(y_true=y_test, y_pred=labels)"
    assert calls["GaussianNB_score_X_test"] == "GaussianNB.score(X=X_test, y=y_test)"
    assert run.skipped == []


def test_the_training_data_is_told_from_other_data(model):
    model.score(X_train, y_train)
    accuracy_score(y_train, model.predict(X_train.copy()))
    training = {name: facts["training_data"] for name, facts in evaluations(model).items()}
    assert training == {"GaussianNB_score_X_train": True, "accuracy_score_unknown_dataset": None}


def test_a_part_of_the_training_data_is_told_from_other_data(model):
    sample, as_array = X_train.sample(50, random_state=0), X_train.iloc[:100].to_numpy()
    both = pandas.concat([X_train, X_test])
    model.score(sample, y_train[sample.index])
    with pytest.warns(UserWarning, match="feature names"):
        accuracy_score(y_train[:100], model.predict(as_array))
    accuracy_score([0] * len(both), model.predict(both))
    accuracy_score(y_test, model.predict(X_test))
    told = {facts["data"]: (facts["training_rows"], facts["training_data"]) for facts in evaluations(model).values()}
    assert told == {"sample": (50, True), "as_array": (100, True), "both": (426, None), "X_test": (0, False)}


def test_files_for_data_whose_names_differ_in_case_alone(model):
    x_test = X_test.iloc[:50]
    bound_before.confusion_matrix(y_test, model.predict(X_test))
    bound_before.confusion_matrix(y_test[:50], model.predict(x_test))
    files = [name for name in fitprint.run_of(model).artifacts if name.lower().endswith("_x_test.json")]
    assert files == ["confusion_matrix_X_test.json", "confusion_matrix-2_x_test.json"]


def test_data_that_is_gone_and_had_another_number_of_rows_is_other_data(model):
    labels = model.predict(X_test.iloc[:100])  # as a loop over the folds of a cross-validation does
    accuracy_score(y_test.iloc[:100], labels)
    facts = evaluations(model)["accuracy_score_unknown_dataset"]
    assert (facts["rows"], facts["training_data"]) == (None, False)


def test_a_decision_function_and_a_pipeline(recorded):
    model = make_pipeline(StandardScaler(), LinearSVC()).fit(X_train, y_train)
    roc_auc_score(y_test, model.decision_function(X_test))
    model.score(X_test, y_test)
    assert list(evaluations(model)) == ["roc_auc_score_X_test", "Pipeline_score_X_test"]


def test_models_without_a_target(recorded):
    clusters = KMeans(2, n_init=1).fit(X_train)
    bound_before.silhouette_score(X_test, clusters.predict(X_test))
    clusters.score(X_test)
    mixture = GaussianMixture(2).fit(X_train)
    mixture.score(X_test)
    forest = IsolationForest(n_estimators=5).fit(X_train)
    roc_auc_score(y_test, forest.score_samples(X_test))
    assert list(evaluations(clusters)) == ["silhouette_score_X_test", "KMeans_score_X_test"]
    assert list(evaluations(mixture)) == ["GaussianMixture_score_X_test"]
    assert list(evaluations(forest)) == ["roc_auc_score_X_test"]


def test_a_regressor(recorded):
    model = LinearRegression().fit(X_train, y_train)
    score = r2_score(y_test, model.predict(X_test))
    assert value(model, "r2_score_X_test") == score


def test_a_search_and_its_best_estimator_are_one_run(recorded):
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=2).fit(X_train, y_train)
    search.score(X_test, y_test)
    accuracy_score(y_test, search.predict(X_test))
    search.best_estimator_.score(X_test, y_test)
    names = ["GridSearchCV_score_X_test", "accuracy_score_X_test", "GaussianNB_score_X_test"]
    assert list(evaluations(search)) == names


def test_scorers(model):
    areas = sklearn.metrics.get_scorer("roc_auc")(model, X_test, y_test)
    loss = sklearn.metrics.get_scorer("neg_log_loss")(model, X_test, y_true=y_test)
    weighted = make_scorer(f1_score, average="weighted")(model, X_test, y_test)
    assert value(model, "roc_auc_score_X_test") == areas
    assert value(model, "neg_log_loss_X_test") == loss < 0
    assert value(model, "f1_score_X_test") == weighted


def test_a_scorer_of_the_users_own(model):
    def share(y_true, y_pred):
        return float(np.mean(y_true == y_pred))

    assert value_of_scorer(model, make_scorer(share)) == value(model, "share_X_test")


def value_of_scorer(model, scorer):
    return scorer(model, X_test, y_test)


def test_a_validation_counts_for_the_model_whose_copies_it_trains(model):
    scores = cross_val_score(model, X_test, y_test, cv=3)
    found = cross_validate(model, X_test, y_test, cv=3, scoring=["accuracy", "roc_auc"])
    assert value(model, "cross_val_score_X_test") == pytest.approx(np.mean(scores))
    assert value(model, "cross_validate_test_roc_auc_X_test") == pytest.approx(np.mean(found["test_roc_auc"]))
    assert len(fitprint.runs()) == 3
    assert fitprint.last_run().metrics["mean_test_accuracy"] == pytest.approx(np.mean(found["test_accuracy"]))


def test_an_unfitted_model_has_no_run_of_its_own(recorded):
    cross_val_score(GaussianNB(), X_test, y_test, cv=3)
    (run,) = fitprint.runs()
    assert run.evaluations == {}


def test_reports_matrices_and_curves_are_artifacts(model, artifact):
    labels, probability = model.predict(X_test), model.predict_proba(X_test)[:, 1]
    report = sklearn.metrics.classification_report(y_test, labels)
    table = sklearn.metrics.classification_report(y_test, labels, output_dict=True)
    matrix = sklearn.metrics.confusion_matrix(y_test, labels)
    fpr, tpr, _ = sklearn.metrics.roc_curve(y_test, probability)
    precision, recall, thresholds = sklearn.metrics.precision_recall_curve(y_test, probability)
    run = fitprint.run_of(model)
    assert (run.path / "artifacts" / "classification_report_X_test.txt").read_text("utf-8") == report
    assert artifact(run, "classification_report_X_test.json") == table
    written = artifact(run, "confusion_matrix_X_test.json")
    assert (written["labels"], written["matrix"]) == ([0, 1], matrix.tolist())
    curve = artifact(run, "roc_curve_X_test.json")
    assert (curve["fpr"], curve["tpr"], curve["thresholds"][0]) == (fpr.tolist(), tpr.tolist(), "Infinity")
    curve = artifact(run, "precision_recall_curve_X_test.json")
    assert (curve["precision"], curve["recall"]) == (precision.tolist(), recall.tolist())
    assert curve["thresholds"] == thresholds.tolist()
    assert curve["positive"] == 1
    assert run.evaluations == {}


def test_names_of_labels_and_normalized_matrices(recorded, artifact):
    data, target = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[target]
    model = GaussianNB().fit(data, names)
    sklearn.metrics.confusion_matrix(names, model.predict(data), normalize="true")
    sklearn.metrics.confusion_matrix(names, model.predict(data), labels=["c", "a"])
    run = fitprint.run_of(model)
    first, second = (artifact(run, f"confusion_matrix{number}_data.json") for number in ("", "-2"))
    assert (first["labels"], first["normalized"]) == (["a", "b", "c"], "true")
    assert (second["labels"], np.shape(second["matrix"])) == (["c", "a"], (2, 2))


def test_what_has_no_single_value_has_a_reason(model):
    f1_score(y_test, model.predict(X_test), average=None)
    sklearn.metrics.precision_recall_fscore_support(y_test, model.predict(X_test))
    assert evaluations(model) == {}
    assert [skip[:2] for skip in fitprint.run_of(model).skipped] == [
        ("f1_score after the training", "metric"),
        ("precision_recall_fscore_support after the training", "metric"),
    ]


def test_nothing_is_guessed(model):
    labels, probabilities = model.predict(X_test), model.predict_proba(X_test)
    accuracy_score(y_test, probabilities.argmax(axis=1))
    accuracy_score(y_test, probabilities[:, 1] > 0.5)
    accuracy_score(y_test, labels.tolist())
    accuracy_score(y_test, y_test)
    assert evaluations(model) == {}


def test_the_sum_of_a_framework_s_own_calls_is_no_metric(model):
    permutation_importance(model, X_test, y_test, n_repeats=1, max_samples=10)
    permutation_importance(model, X_test, y_test, n_repeats=1, max_samples=10, scoring="accuracy")
    assert evaluations(model) == {}


def test_metrics_inside_a_training_are_not_recorded(model):
    known = model.predict(X_test)

    class Compares(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            accuracy_score(y_test, known)
            model.score(X_test, y_test)
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.zeros(len(X))

    compares = Compares().fit(X_train, y_train)
    assert evaluations(model) == evaluations(compares) == {}


def test_a_metric_in_a_block_and_in_a_thread(recorded):
    with fitprint.start_run() as run:
        model = GaussianNB().fit(X_train, y_train)
        accuracy_score(y_test, model.predict(X_test))
        assert "accuracy_score_X_test" in run.metrics
    thread = threading.Thread(target=lambda: f1_score(y_test, model.predict(X_test)))
    thread.start()
    thread.join()
    assert list(fitprint.get_run(run.run_id).evaluations) == ["accuracy_score_X_test", "f1_score_X_test"]


def test_a_model_that_was_loaded_from_its_package(model):
    run = fitprint.run_of(model)
    accuracy_score(y_test, fitprint.load_model(run.model_path).predict(X_test))
    native = fitprint.sklearn.load_model(run.model_path)
    native.score(X_test, y_test)
    f1_score(y_test, native.predict(X_test))
    assert list(run.evaluations) == ["accuracy_score_X_test", "GaussianNB_score_X_test", "f1_score_X_test"]


def test_turned_off(recorded):
    fitprint.autolog(log_post_training_metrics=False)
    model = GaussianNB().fit(X_train, y_train)
    accuracy_score(y_test, model.predict(X_test))
    model.score(X_test, y_test)
    cross_val_score(model, X_test, y_test, cv=2)
    assert evaluations(model) == {}
    assert "metric_info.json" not in fitprint.run_of(model).artifacts


def test_a_model_whose_training_was_not_recorded(recorded):
    with fitprint.suppress():
        model = GaussianNB().fit(X_train, y_train)
    accuracy_score(y_test, model.predict(X_test))
    model.score(X_test, y_test)
    assert fitprint.runs() == []


def test_functions_are_patched_under_every_name_and_restored(store):
    before = bound_before.accuracy_score
    held = {"accuracy": accuracy_score}
    fitprint.autolog(quiet=True)
    assert accuracy_score is bound_before.accuracy_score is sklearn.metrics.accuracy_score is not before
    assert inspect.signature(accuracy_score) == inspect.signature(before)
    for value in (accuracy_score, held["accuracy"], sklearn.metrics.get_scorer("accuracy")._score_func):
        stream = pickle.dumps(value)
        assert b"fitprint" not in stream
        assert pickle.loads(stream) is before
    assert pickle.loads(pickle.dumps(sklearn.metrics.get_scorer("roc_auc")))._sign == 1
    assert type(sklearn.metrics.pairwise_distances) is type(sklearn.metrics.make_scorer) is type(evaluations)
    fitprint.disable()
    assert accuracy_score is before is sklearn.metrics.accuracy_score


def test_names_that_are_bound_while_recording_is_on_are_restored_too(store):
    before = sklearn.metrics.accuracy_score
    module = ModuleType("bound_meanwhile")
    sys.modules[module.__name__] = module
    try:
        fitprint.autolog(quiet=True)
        exec("from sklearn.metrics import accuracy_score", vars(module))
        assert module.accuracy_score is not before
        fitprint.disable()
        assert module.accuracy_score is before
    finally:
        del sys.modules[module.__name__]


def test_a_function_that_a_mock_stood_for_is_restored(store):
    before = sklearn.metrics.accuracy_score
    fitprint.autolog(quiet=True)
    with mock.patch("sklearn.metrics.accuracy_score", return_value=42):
        assert sklearn.metrics.accuracy_score([1], [1]) == 42
        fitprint.disable()
    assert sklearn.metrics.accuracy_score([1], [1]) == 1
    fitprint.autolog(quiet=True)
    assert sklearn.metrics.accuracy_score.__wrapped__ is before
    fitprint.disable()
    assert sklearn.metrics.accuracy_score is before


@pytest.mark.process
def test_functions_that_are_imported_after_autolog(store, run_python):
    ended = run_python(
        """
        import fitprint
        fitprint.autolog(quiet=True)
        import sklearn
        from sklearn.naive_bayes import GaussianNB
        from sklearn.metrics import accuracy_score
        model = GaussianNB().fit([[0.0], [1.0]], [0, 1])
        rows = [[0.0], [1.0]]
        print(sklearn.metrics.accuracy_score is accuracy_score, accuracy_score([0, 1], model.predict(rows)))
        model.score(rows, [0, 1])
        """
    )
    (run,) = fitprint.runs()
    assert ended.stdout.split() == ["True", "1.0"]
    assert list(run.evaluations) == ["accuracy_score_rows", "GaussianNB_score_rows"]


def test_a_logistic_regression_in_a_loop_has_a_run_for_each(recorded):
    runs = []
    for C in (0.1, 1.0):
        model = LogisticRegression(C=C, max_iter=5000).fit(X_train, y_train)
        model.score(X_test, y_test)
        runs.append(fitprint.run_of(model))
    assert [list(run.evaluations) for run in runs] == [["LogisticRegression_score_X_test"]] * 2
