"""What a run of each kind of training has, compared with what H2O itself says."""

from __future__ import annotations

import csv
import json
import math

import h2o
import numpy as np
import pandas as pd
import pytest
from h2o.automl import H2OAutoML
from h2o.estimators import (
    H2ODeepLearningEstimator,
    H2OGeneralizedLinearEstimator,
    H2OGenericEstimator,
    H2OGradientBoostingEstimator,
    H2OKMeansEstimator,
    H2OPrincipalComponentAnalysisEstimator,
    H2OStackedEnsembleEstimator,
)
from h2o.grid import H2OGridSearch
from sklearn.metrics import roc_auc_score

import fitprint

SMALL = {"ntrees": 2, "max_depth": 2, "min_rows": 2, "seed": 1}


def table(rows=80):
    numbers = np.arange(rows)
    frame = pd.DataFrame({"a": np.random.default_rng(0).normal(size=rows).round(3), "n": numbers % 7})
    frame["kind"] = pd.Series(numbers % 3).map({0: "x", 1: "y", 2: "z"})
    frame["label"] = np.where(frame["a"] * 2 + frame["n"] > 3, "yes", "no")
    frame["number"] = frame["a"] * 3 + frame["n"]
    return frame


@pytest.fixture(scope="module")
def train():
    return h2o.H2OFrame(table(), destination_frame="train")


@pytest.fixture(scope="module")
def test():
    return h2o.H2OFrame(table(40), destination_frame="test")


INPUTS = ["a", "n", "kind"]


def artifact(run, name):
    text = (run.path / "artifacts" / name).read_text()
    return json.loads(text) if name.endswith(".json") else list(csv.DictReader(text.splitlines()))


def reasons(run):
    return [skip[:2] for skip in run.skipped]


def keys():
    return {model["model_id"]["name"] for model in h2o.api("GET /3/Models")["models"]}, {
        frame["frame_id"]["name"] for frame in h2o.api("GET /3/Frames")["frames"]
    }


def test_a_classifier(recorded, train, test):
    model = H2OGradientBoostingEstimator(**SMALL, nfolds=2, stopping_rounds=3, score_each_iteration=True)
    model.train(x=INPUTS, y="label", training_frame=train, validation_frame=test)
    run = fitprint.run_of(model)
    assert run.name == "H2OGradientBoostingEstimator"
    assert run.params["x"] == INPUTS
    assert (run.params["ntrees"], run.params["learn_rate"], run.params["model_id"]) == (2, 0.1, model.model_id)
    assert run.params["histogram_type"] == "UniformAdaptive"  # which H2O chose
    assert run.tags["algorithm"] == "gbm"
    for name in ("auc", "logloss", "mse", "mean_per_class_error"):
        of = getattr(model, name)
        found = [run.metrics[f"{part}_{name}"] for part in ("training", "validation", "cv")]
        expected = [of(train=True), of(valid=True), of(xval=True)]
        expected = [value[0][1] if isinstance(value, list) else value for value in expected]
        assert found == pytest.approx(expected)
    assert run.metric_history("training_logloss") == [
        (trees, pytest.approx(value)) for trees, value in enumerate(model.scoring_history()["training_logloss"])
    ]
    assert artifact(run, "feature_importance.json") == {row[0]: row[1] for row in model.varimp()}
    summary = model.cross_validation_metrics_summary()
    assert [row["metric"] for row in artifact(run, "cv_results.csv")] == [row[0] for row in summary.cell_values]
    facts = artifact(run, "dataset.json")
    assert facts["inputs"]["rows"] == 80
    assert {"name": "kind", "dtype": "enum", "missing": 0} in facts["inputs"]["columns"]
    assert facts["target"]["name"] == "label"
    assert not run.skipped


def test_a_regression_and_its_missing_values(recorded):
    frame = table()
    frame.loc[[1, 50], "n"] = np.nan
    frame.loc[2, "a"] = np.nan
    model = H2OGeneralizedLinearEstimator(seed=1)
    model.train(x=["a", "n"], y="number", training_frame=h2o.H2OFrame(frame))
    run = fitprint.run_of(model)
    assert run.params["family"] == "gaussian"
    assert run.metrics["training_rmse"] == pytest.approx(model.rmse())
    inputs = {column["name"]: column for column in artifact(run, "dataset.json")["inputs"]["columns"]}
    assert (inputs["n"]["missing"], inputs["a"]["missing"]) == (2, 1)
    loaded = fitprint.load_model(run)
    predicted = model.predict(h2o.H2OFrame(frame)).as_data_frame()
    assert np.allclose(loaded.predict(frame[["a", "n"]])["predict"], predicted["predict"])


@pytest.mark.parametrize(
    "model",
    [H2OKMeansEstimator(k=2, seed=1), H2OPrincipalComponentAnalysisEstimator(k=2, seed=1, impute_missing=True)],
    ids=["clusters", "components"],
)
def test_without_a_target(recorded, train, model):
    model.train(x=["a", "n"], training_frame=train)
    run = fitprint.run_of(model)
    assert fitprint.load_model(run).metadata.signature.inputs.input_names() == ["a", "n"]
    assert "target" not in artifact(run, "dataset.json")
    assert fitprint.load_model(run).predict(table()[["a", "n"]]).shape[0] == 80


def test_the_history_of_a_network_ends_with_the_model_that_it_keeps(recorded, train, test):
    model = H2ODeepLearningEstimator(
        hidden=[3], epochs=20, seed=1, reproducible=True, rate=0.5, adaptive_rate=False, activation="tanh"
    )
    model.train(x=INPUTS, y="label", training_frame=train, validation_frame=test)
    run = fitprint.run_of(model)
    history = [value for value in model.scoring_history()["validation_logloss"] if not math.isnan(value)]
    assert [value for _, value in run.metric_history("validation_logloss")] == pytest.approx(history)
    assert run.metrics["validation_logloss"] == history[-1] == pytest.approx(model.logloss(valid=True))


def test_a_grid_is_one_run(recorded, train):
    grid = H2OGridSearch(H2OGradientBoostingEstimator(max_depth=2, min_rows=2, seed=1), {"ntrees": [1, 2, 4]})
    assert grid.train(x=INPUTS, y="label", training_frame=train) is grid
    run = fitprint.run_of(grid)
    best = grid.models[0]
    assert fitprint.run_of(best).run_id == run.run_id
    assert [run.name for run in fitprint.runs() if run.parent_id is None] == ["H2OGridSearch"]
    assert (run.params["best_ntrees"], run.params["hyper_params"], run.metrics["models"]) == (
        4,
        {"ntrees": [1, 2, 4]},
        3,
    )
    rows = artifact(run, "search_results.csv")
    assert [row["model_ids"] for row in rows] == grid.model_ids
    assert [child.params["ntrees"] for child in run.children] == [
        model.actual_params["ntrees"] for model in grid.models
    ]
    for child, model in zip(run.children, grid.models, strict=True):
        assert child.metrics["training_logloss"] == pytest.approx(model.logloss())
    predicted = best.predict(train).as_data_frame()
    assert np.allclose(fitprint.load_model(run).predict(table()[INPUTS])["yes"], predicted["yes"])


def test_what_fails_in_a_grid_is_said(recorded, train):
    grid = H2OGridSearch(H2OGradientBoostingEstimator(**SMALL), {"learn_rate": [0.1, 7.0]})
    grid.train(x=INPUTS, y="label", training_frame=train)
    run = fitprint.run_of(grid)
    assert (run.metrics["models"], run.metrics["failed_models"]) == (1, 1)
    assert any("learn_rate" in skip.reason for skip in run.skipped)


@pytest.mark.slow
def test_automl_is_one_run(recorded, train):
    fitprint.autolog(strict=True, quiet=True, max_child_runs=2)
    aml = H2OAutoML(max_models=2, nfolds=2, seed=1, include_algos=["GLM", "GBM", "StackedEnsemble"], verbosity=None)
    leader = aml.train(x=INPUTS, y="label", training_frame=train)
    run = fitprint.run_of(aml)
    assert fitprint.run_of(leader).run_id == run.run_id
    assert [run.name for run in fitprint.runs() if run.parent_id is None] == ["H2OAutoML"]
    assert (run.params["max_models"], run.params["best_model_id"]) == (2, leader.model_id)
    board = artifact(run, "leaderboard.csv")
    assert [row["model_id"] for row in board] == aml.leaderboard["model_id"].as_data_frame()["model_id"].tolist()
    assert [child.params["model_id"] for child in run.children] == [row["model_id"] for row in board[:2]]
    assert run.tags["scoring"] == "auc"
    predicted = leader.predict(train).as_data_frame()
    assert np.allclose(fitprint.load_model(run).predict(table()[INPUTS])["yes"], predicted["yes"])
    aml.leader.model_performance(train)  # another object of the same model
    assert run.metrics["auc_train"] == pytest.approx(aml.leader.model_performance(train).auc())


def test_a_stacked_ensemble(recorded, train):
    given = {**SMALL, "nfolds": 2, "keep_cross_validation_predictions": True}
    bases = [H2OGradientBoostingEstimator(**given), H2OGradientBoostingEstimator(**{**given, "max_depth": 3})]
    for base in bases:
        base.train(x=INPUTS, y="label", training_frame=train)
    model = H2OStackedEnsembleEstimator(base_models=bases, seed=1)
    model.train(x=INPUTS, y="label", training_frame=train)
    run = fitprint.run_of(model)
    assert run.params["base_models"] == [base.model_id for base in bases]
    assert len(fitprint.runs()) == 3
    predicted = model.predict(train).as_data_frame()
    assert np.allclose(fitprint.load_model(run).predict(table()[INPUTS])["yes"], predicted["yes"])


def test_a_training_in_the_background_is_recorded_when_it_is_joined(recorded, train):
    model = H2OGradientBoostingEstimator(**SMALL)
    model.start(x=INPUTS, y="label", training_frame=train)
    assert not fitprint.runs()
    model.join()
    run = fitprint.run_of(model)
    assert run.params["ntrees"] == 2
    assert fitprint.load_model(run).metadata.signature.inputs.input_names() == INPUTS


def test_a_model_that_is_imported_is_no_training(recorded, train, tmp_path):
    with fitprint.suppress():
        model = H2OGradientBoostingEstimator(**SMALL)
        model.train(x=INPUTS, y="label", training_frame=train)
        path = model.download_mojo(str(tmp_path))
    H2OGenericEstimator.from_file(path)
    assert not fitprint.runs()
    (row,) = [row for row in fitprint.status() if row.name == "h2o"]
    assert row.skips == {"imported": 1}


def test_held_out_numbers(recorded, train, test):
    model = H2OGradientBoostingEstimator(**SMALL)
    model.train(x=INPUTS, y="label", training_frame=train)
    run = fitprint.run_of(model)
    performance = h2o.get_model(model.model_id).model_performance(test)  # another object of the same model
    assert run.metrics["auc_test"] == performance.auc()
    assert run.metrics["logloss_test"] == performance.logloss()
    before = dict(run.metrics)
    model.model_performance(valid=True)
    model.model_performance()
    assert run.metrics == before  # nothing was predicted
    predicted = model.predict(test).as_data_frame()
    area = roc_auc_score(table(40)["label"], predicted["yes"])
    assert area in {value for name, value in run.metrics.items() if name.startswith("roc_auc_score")}


def test_nothing_stays_in_the_cluster(store, train):
    def left():
        before = keys()
        H2OGradientBoostingEstimator(**SMALL, model_id="mine").train(x=INPUTS, y="label", training_frame=train)
        after = keys()
        h2o.remove("mine")
        return [sorted(now - then) for now, then in zip(after, before, strict=True)]

    plain = left()
    fitprint.autolog(strict=True, quiet=True)
    assert left() == plain == [["mine"], []]
    pd.testing.assert_frame_equal(train.as_data_frame(), table(), check_dtype=False)
