"""What a list of runs shows: columns that the runs share, and names that tell the candidates of a search apart."""

from __future__ import annotations

from fitprint._runs.comparison import Comparison, params_text
from fitprint._runs.record import Record


def record(number, metrics, name="Model", **more):
    return Record(f"{number:032x}", name, metrics=metrics, flavor="toy", **more)


def test_a_metric_that_all_runs_decide_by_is_named_once():
    runs = [record(i, {"training_accuracy_score": i / 10, "training_roc_auc": 0.5, "fit_time": 3.0}) for i in range(3)]
    compared = Comparison(runs)
    assert compared.head == ["training accuracy", "training auc"]
    assert [compared.cells(run) for run in runs] == [["0", "0.5"], ["0.1", "0.5"], ["0.2", "0.5"]]


def test_otherwise_each_cell_says_which_number_it_is():
    held_out = {"metric": "accuracy_score", "data": "X", "training_data": False}
    tested = record(1, {"training_accuracy_score": 1.0, "a": 0.8}, evaluations={"a": held_out})
    fitted, boosted = record(2, {"training_accuracy_score": 0.9}), record(3, {"validation_0-auc": 0.7})
    runs = [tested, fitted, boosted, record(4, {})]
    compared = Comparison(runs)
    assert compared.head == ["metric"]
    assert [compared.cells(run)[0] for run in runs] == [
        "held-out accuracy 0.8", "training accuracy 0.9", "validation auc 0.7", "",
    ]  # fmt: skip


def test_frameworks_share_a_column_where_they_mean_the_same():
    runs = [record(1, {"validation_0-auc": 0.7}), record(2, {"valid_0-auc": 0.8}), record(3, {"validation-AUC": 0.9})]
    compared = Comparison(runs)
    assert compared.head == ["validation auc"]
    assert [compared.cells(run) for run in runs] == [["0.7"], ["0.8"], ["0.9"]]


def test_what_few_runs_have_makes_no_column():
    runs = [record(i, {"training_accuracy_score": 0.5}) for i in range(4)]
    runs[0].metrics["training_f1_score"] = 0.5
    assert Comparison(runs).head == ["training accuracy"]
    runs[1].metrics["training_f1_score"] = 0.5
    assert Comparison(runs).head == ["training accuracy", "training f1"]


def test_candidates_do_not_outvote_their_search():
    search = record(1, {"best_cv_score": 0.9}, tags={"scoring": "roc_auc"})
    candidates = [record(2 + i, {"mean_test_score": 0.5}, parent_id=search.run_id) for i in range(9)]
    assert Comparison([search, *candidates]).head == ["cv auc"]
    assert Comparison(candidates).head == ["cv score"]


def test_runs_without_metrics_have_no_column():
    assert Comparison([record(1, {})]).head == []
    assert Comparison([]).head == []


def test_candidates_are_told_apart_by_what_was_varied():
    params = [{"model__C": value, "model__l1": 0.5, "other": None} for value in (0.1, 1, 10)]
    runs = [record(i, {}, parent_id="parent", params=given) for i, given in enumerate(params)]
    compared = Comparison(runs)
    assert [compared.name(run) for run in runs] == ["C=0.1", "C=1", "C=10"]
    others = record(9, {}, name="Other", parent_id="parent")
    compared = Comparison([*runs, others])
    assert [compared.name(run) for run in (*runs, others)] == ["Model C=0.1", "Model C=1", "Model C=10", "Other"]


def test_other_runs_of_one_name_are_told_apart_by_what_was_set():
    runs = [record(1, {}, params={"C": 1.0, "tol": 1}, default_params={"C": None, "tol": None})]
    runs.append(record(2, {}, params={"C": 5, "tol": 1}, default_params={"tol": None}))
    compared = Comparison(runs)
    assert [compared.name(run) for run in runs] == ["Model", "Model C=5"]


def test_a_param_has_its_short_name_unless_two_have_the_same():
    assert params_text([("a__b__C", 1), ("tol", "x")]) == "C=1, tol=x"
    assert params_text([("a__C", 1), ("b__C", None)]) == "a__C=1, b__C=None"
    assert params_text([("layers", [1] * 50)]) == "layers=[1, 1, 1, 1, 1, 1, 1, 1…"
