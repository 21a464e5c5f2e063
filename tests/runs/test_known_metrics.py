"""Which metric people decide by, and one vocabulary for the names that frameworks give to one thing."""

from __future__ import annotations

import math

import pytest

from fitprint._runs.known_metrics import deciding_metric, known_metric, known_metrics, number_text
from fitprint._runs.record import Record


def record(*names, evaluations=None, flavor="toy", **more):
    metrics = {name: 0.5 + place / 100 for place, name in enumerate(names)}
    return Record("0" * 32, "a", metrics=metrics, evaluations=evaluations or {}, flavor=flavor, **more)


def evaluated(metric, data, training_data=False):
    return {"metric": metric, "data": data, "rows": 10, "digest": "0", "training_data": training_data}


HELD_OUT = {"accuracy_score_X_test": evaluated("accuracy_score", "X_test")}
BETTER_AND_BETTER = (
    "training_accuracy_score", "accuracy", "best_cv_score", "validation_0-auc", "accuracy_score_X_test",
)  # fmt: skip


@pytest.mark.parametrize("count", range(1, len(BETTER_AND_BETTER) + 1))
def test_held_out_comes_before_validation_before_cross_validation_before_training(count):
    made = record(*BETTER_AND_BETTER[:count], evaluations=HELD_OUT)
    assert deciding_metric(made).name == BETTER_AND_BETTER[count - 1]
    assert [metric.name for metric in known_metrics(made)] == list(BETTER_AND_BETTER[count - 1 :: -1])


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (record("training_accuracy_score"), "training accuracy 0.5"),
        (record("training_mean_squared_error", "training_r2_score"), "training r2 0.51"),
        (record("mean_train_score", "learn-Logloss"), "training log loss 0.51"),
        (record("best_cv_score", tags={"scoring": "roc_auc"}), "best_cv_score (roc_auc) 0.5"),
        (record("best_cv_score"), "best_cv_score 0.5"),
        (record("validation_0-auc"), "validation_0-auc 0.5"),
        (record("training_x", "X_accuracy", evaluations={"X_accuracy": evaluated("acc", "X")}), "accuracy 0.51 on X"),
        (record("f", evaluations={"f": evaluated("f1_score", None)}), "f1 0.5 on held-out data"),
        (record("f", evaluations={"f": evaluated("f1_score", None, None)}), "f1 0.5 on unknown data"),
        (record("f", evaluations={"f": evaluated("f1_score", "X", True)}), "training f1 0.5"),
    ],
)
def test_a_number_never_goes_without_the_word_that_says_which_it_is(made, text):
    assert deciding_metric(made).text() == text


@pytest.mark.parametrize(
    ("measure", "names"),
    [
        ("auc", ["validation_0-auc", "valid_1-AUC", "val_roc_auc", "test-auc"]),
        ("log loss", ["validation-Logloss", "valid_0-binary_logloss", "eval-mlogloss", "val_log_loss"]),
        ("rmse", ["validation_0-rmse", "validation-RMSE", "val_root_mean_squared_error"]),
        ("mse", ["valid_0-l2", "val_mse"]),
        ("accuracy", ["val_acc", "validation-Accuracy", "val_accuracy_score"]),
    ],
)
def test_one_thing_has_one_name_in_all_frameworks(measure, names):
    assert {deciding_metric(record(name)).label for name in names} == {f"validation {measure}"}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("test-auc", "validation auc"),  # a set that was given to the training
        ("test-auc-mean", "cv auc"),
        ("train-auc-mean", "training auc"),
        ("my own set-auc", "validation auc"),
        ("test_accuracy", "held-out accuracy"),
        ("mean_test_f1_macro", "cv f1_macro"),
        ("cv_accuracy_score", "cv accuracy"),
        ("inertia", "inertia"),
        ("rsquared", "training r2"),
        ("oob_score", "oob score"),
    ],
)
def test_the_name_of_a_metric_tells_its_data(name, label):
    assert deciding_metric(record(name)).label == label


def test_a_name_that_a_user_gave_is_not_taken_for_that_of_an_evaluation_set():
    assert deciding_metric(record("my-auc", flavor=None)).label == "my-auc"


@pytest.mark.parametrize(
    "name",
    [
        "fit_time",
        "std_test_score",
        "best_index",
        "best_rank_test_score",
        "n_iter",
        "test-auc-std",
        "candidates",
        "nobs",
    ],
)
def test_numbers_that_say_nothing_of_the_model_are_left_out(name):
    assert deciding_metric(record(name)) is None


def test_a_value_that_is_not_finite_decides_nothing():
    made = record("training_accuracy_score", "best_cv_score")
    made.metrics["best_cv_score"] = math.nan
    assert deciding_metric(made).name == "training_accuracy_score"


def test_of_several_sets_the_last_one_and_of_several_evaluations_the_latest():
    assert deciding_metric(record("validation_0-auc", "validation_1-auc")).name == "validation_1-auc"
    assert deciding_metric(record("valid_0-auc", "best_valid_0-auc")).name == "best_valid_0-auc"
    both = {f"accuracy_{data}": evaluated("accuracy", data) for data in ("X_val", "X_test")}
    made = record(*both, evaluations=both)
    assert deciding_metric(made).of == "X_test"
    assert len(known_metrics(made)) == 1


def test_data_that_is_called_training_data_is_not_held_out():
    both = {f"accuracy_{data}": evaluated("accuracy", data) for data in ("X_test", "X_train")}
    made = record(*both, evaluations=both)  # trained on a part of X_train, and evaluated on all of it
    assert [metric.label for metric in known_metrics(made)] == ["held-out accuracy", "evaluated accuracy"]
    assert deciding_metric(made).of == "X_test"


def test_the_value_of_the_last_fold_is_not_the_cross_validation_s():
    made = record("test_accuracy", "mean_test_accuracy")
    assert [metric.name for metric in known_metrics(made)] == ["mean_test_accuracy"]


def test_a_search_is_told_by_what_it_chose_by():
    made = record("best_mean_test_accuracy", "best_cv_score", tags={"scoring": "f1"})
    assert deciding_metric(made).text() == "best_cv_score (f1) 0.51"
    assert deciding_metric(made).label == "cv f1"


def test_the_best_value_of_a_study_comes_before_that_of_its_last_trial():
    made = record("value", "best_value", "n_trials")
    assert deciding_metric(made).text() == "best_value 0.51"
    assert [metric.name for metric in known_metrics(made)] == ["best_value"]


def test_the_best_score_of_a_curve_comes_before_that_of_its_last_value():
    made = record("mean_test_score", "best_mean_test_score", tags={"scoring": "r2"})
    assert deciding_metric(made).text() == "best_mean_test_score (r2) 0.51"
    made.metrics["best_cv_score"] = 0.9
    assert deciding_metric(made).name == "best_cv_score"


def test_the_score_of_a_search_is_what_it_scores_by():
    names = ("Search_score_X", "Ridge_score_X", "score_X")
    evaluations = {name: evaluated(name.removesuffix("_X"), "X") for name in names}
    made = record(*names, evaluations=evaluations, tags={"scoring": "roc_auc", "class": "a.Search"})
    assert known_metric(made, "Search_score_X").text() == "auc 0.5 on X"
    assert known_metric(made, "Ridge_score_X").measure == "score"  # such as that of its best estimator
    made.tags["scoring"] = "neg_mean_squared_error"
    assert known_metric(made, "Search_score_X").text() == "neg_mean_squared_error 0.5 on X"
    made.tags["scoring"] = "profit of <lambda>"
    assert known_metric(made, "Search_score_X").text() == "score 0.5 on X"


@pytest.mark.parametrize(
    ("training", "measure"), [("training_accuracy_score", "accuracy"), ("training_r2_score", "r2")]
)
def test_the_score_of_a_model_is_the_measure_that_it_has_in_the_training_metrics(training, measure):
    made = record("Ridge_score_X", evaluations={"Ridge_score_X": evaluated("Ridge_score", "X")})
    assert deciding_metric(made).measure == "score"
    made.metrics |= {training: 0.9, "training_score": 0.9}
    assert deciding_metric(made).label == f"held-out {measure}"
    made.metrics["training_score"] = 0.8
    assert deciding_metric(made).measure == "score"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.99996, "0.99996"),
        (0.9999999, "0.9999999"),
        (-0.99998, "-0.99998"),
        (0.99994, "0.9999"),
        (1.00004, "1"),
        (0.00001234567, "1.235e-05"),
        (123456.7, "123457"),
    ],
)
def test_what_is_nearly_perfect_does_not_look_perfect(value, text):
    assert number_text(value) == text
