"""`evaluate` with functions, packages and predictions of no framework: what it returns, and which run has it."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import fitprint

TRUTH = np.array([0, 1, 1, 0, 1, 0, 1, 1])
SCORES = np.array([0.2, 0.9, 0.4, 0.1, 0.8, 0.6, 0.7, 0.55])
TABLE = pd.DataFrame({"score": SCORES, "label": TRUTH, "guess": (SCORES > 0.5).astype(int)})


def scores_of(rows):
    return rows["score"].to_numpy()


def test_predictions_alone_leave_a_run_of_their_own(store):
    y_test = TRUTH.tolist()
    result = fitprint.evaluate(y=y_test, predictions=(SCORES > 0.5).tolist())
    assert result.problem == "binary classification"
    assert result.metrics["accuracy_score"] == 0.75
    (run,) = fitprint.runs()
    assert (run.run_id, run.status, run.name) == (result.run_id, "FINISHED", "evaluation")
    assert run.metrics["accuracy_score_y_test"] == 0.75
    assert "roc_auc_y_test" in {skip.what for skip in run.skipped}


def test_a_function_is_evaluated_by_the_names_of_columns(store):
    test_table = TABLE
    result = fitprint.evaluate(scores_of, test_table, "label")
    assert result.data_name == "test_table"
    assert result.metrics["accuracy_score"] == 0.75
    assert result.metrics["roc_auc"] == pytest.approx(13 / 15)
    assert result.run.name == "scores_of"


def test_mlflow_s_names_of_the_arguments_are_understood(store):
    ours = fitprint.evaluate(scores_of, TABLE, "label", pos_label=0, sample_weight=SCORES)
    theirs = fitprint.evaluate(
        model=scores_of,
        data=TABLE,
        targets="label",
        model_type="classifier",
        evaluators="default",
        evaluator_config={"pos_label": 0, "sample_weights": SCORES, "log_model_explainability": False},
    )
    assert theirs.metrics == ours.metrics
    assert ours.metrics != fitprint.evaluate(scores_of, TABLE, "label").metrics
    columns = fitprint.evaluate(data=TABLE, targets="label", predictions="guess", model_type="classifier")
    assert columns.metrics["accuracy_score"] == 0.75


def test_a_column_of_what_the_model_returns(store):
    def table_of(rows):
        return pd.DataFrame({"other": rows["score"] * 0, "guess": (rows["score"] > 0.5).astype(int)})

    result = fitprint.evaluate(table_of, TABLE, "label", predictions="guess")
    assert result.metrics["accuracy_score"] == 0.75


def test_the_active_run_gets_what_has_no_run_of_its_own(store):
    with fitprint.start_run() as run:
        result = fitprint.evaluate(scores_of, TABLE, "label", data_name="holdout")
        assert result.run is run
    (run,) = fitprint.runs()
    assert run.metrics["accuracy_score_holdout"] == 0.75
    facts = run.evaluations["accuracy_score_holdout"]
    assert (facts["metric"], facts["data"], facts["rows"]) == ("accuracy_score", "holdout", len(TABLE))


def test_artifacts_and_metrics_that_repeat_get_a_number(store):
    with fitprint.start_run():
        for _ in range(2):
            fitprint.evaluate(scores_of, TABLE, "label", data_name="holdout")
    (run,) = fitprint.runs()
    assert {"accuracy_score_holdout", "accuracy_score-2_holdout"} <= set(run.metrics)
    curves = {name for name in run.artifacts if name.startswith("roc_curve")}
    assert curves == {"roc_curve_holdout.json", "roc_curve-2_holdout.json"}
    curve = json.loads((run.path / "artifacts" / "roc_curve_holdout.json").read_text())
    assert curve["positive"] == 1
    assert curve["fpr"][-1] == curve["tpr"][-1] == 1


def test_the_result_is_a_table(store):
    result = fitprint.evaluate(scores_of, TABLE, "label", data_name="holdout")
    frame = result.to_frame()
    assert dict(zip(frame["metric"], frame["value"], strict=True)) == result.metrics
    assert repr(result).startswith("<EvaluationResult binary classification on holdout (8 rows): accuracy_score=0.75, ")
    shown = result._repr_html_()
    assert re.search(r">accuracy_score</td><td [^>]*>0.75</td>", shown)
    assert "true \\ predicted" in shown
    missing = fitprint.evaluate(y=TRUTH, predictions=TRUTH)._repr_html_()
    assert "there are no class probabilities" in missing


class Doubling(fitprint.pyfunc.PythonModel):
    """Predicts twice the first column."""

    def predict(self, context, model_input, params=None):
        return model_input.iloc[:, 0] * 2


def test_a_package_that_was_loaded_in_another_process_is_evaluated_on_its_run(store, run_python):
    rows = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    with fitprint.start_run() as run:
        info = fitprint.log_model(Doubling(), input_example=rows)
    script = f"""
    import fitprint, pandas as pd
    X_later = pd.DataFrame({{"a": [1.0, 2.0, 3.0]}})
    result = fitprint.evaluate({info.model_uri!r}, X_later, [2.0, 4.0, 7.0])
    assert result.run_id == {run.run_id!r}, result.run
    again = fitprint.evaluate(fitprint.load_model({str(info.path)!r}), X_later, [2.0, 4.0, 7.0])
    assert again.run_id == {run.run_id!r}, again.run
    assert fitprint.get_run({run.run_id!r}).status == "FINISHED"
    """
    run_python(script)
    (run,) = fitprint.runs()
    assert run.status == "FINISHED"
    assert run.metrics["max_error_X_later"] == run.metrics["max_error-2_X_later"] == 1
    assert run.evaluations["max_error_X_later"]["rows"] == 3


def test_a_package_in_a_store_that_is_not_the_configured_one_is_found_by_its_folder(store, tmp_path, run_python):
    with fitprint.start_run() as run:
        info = fitprint.log_model(Doubling(), signature=False)
    script = f"""
    import fitprint, pandas as pd
    fitprint.set_tracking_uri({str(tmp_path / "elsewhere")!r})
    result = fitprint.evaluate({str(info.path)!r}, pd.DataFrame({{"a": [1.0]}}), [2.5], data_name="other")
    assert result.run_id == {run.run_id!r}, result.run
    assert not fitprint.runs()
    """
    run_python(script)
    assert fitprint.get_run(run.run_id).metrics["max_error_other"] == 0.5


def test_a_package_in_no_store_gets_a_new_run(store, tmp_path):
    fitprint.save_model(Doubling(), tmp_path / "package")
    result = fitprint.evaluate(tmp_path / "package", pd.DataFrame({"a": [1.0, 2.0]}), [2.0, 4.5])
    assert result.metrics["max_error"] == 0.5
    (run,) = fitprint.runs()
    assert run.run_id == result.run_id


def test_a_store_that_cannot_be_written_costs_the_record_alone(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    fitprint.set_tracking_uri(tmp_path / "file")
    result = fitprint.evaluate(y=TRUTH, predictions=TRUTH)
    assert result.metrics["accuracy_score"] == 1
    assert result.run is result.run_id is None
    assert "the evaluation is returned, but not recorded" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, "needs a model and inputs, or predictions"),
        ({"model": scores_of}, TypeError, "needs a model and inputs, or predictions"),
        ({"model": scores_of, "X": TABLE}, TypeError, "needs the true values"),
        ({"model": scores_of, "X": TABLE, "y": "nothing"}, ValueError, "has no column 'nothing'"),
        ({"model": 3, "X": TABLE, "y": "label"}, TypeError, "cannot predict with an object of the class int"),
        ({"model": scores_of, "X": TABLE, "y": "label", "model_type": "retriever"}, ValueError, "model_type must be"),
        ({"model": scores_of, "X": TABLE, "y": "label", "extra_metrics": [1]}, TypeError, "has no extra_metrics"),
        ({"model": scores_of, "X": TABLE, "y": "label", "target": 1}, TypeError, "has no argument 'target'"),
        ({"y": TRUTH, "predictions": TRUTH[1:]}, ValueError, "7 predictions for 8 rows"),
        ({"y": np.arange(8) / 8, "predictions": np.ones(7)}, ValueError, "7 predictions for 8 rows"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_that_says_why(store, arguments, error, message):
    with pytest.raises(error, match=message):
        fitprint.evaluate(**arguments)
    assert not fitprint.runs()


def test_what_the_model_raises_reaches_the_user(store):
    def broken(rows):
        raise ZeroDivisionError("the user's own")

    with pytest.raises(ZeroDivisionError, match="the user's own"):
        fitprint.evaluate(broken, TABLE, "label")
