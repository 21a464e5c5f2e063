"""Signatures, from whatever a model was trained on: that the package then predicts what the model predicts."""

from __future__ import annotations

import gc
import json

import numpy as np
import pandas as pd
import polars
import pytest
import xgboost
from scipy.sparse import csr_matrix

import fitprint
from fitprint._instrumentation import registry
from fitprint.models import ModelSignature, mlmodel

PARAMS = {"objective": "binary:logistic", "nthread": 1}
TABLE = pd.DataFrame(
    {
        "amount": np.linspace(0.0, 1.0, 60),
        "count": np.arange(60) % 7,
        "open": np.arange(60) % 3 == 0,
    }
)
LABEL = np.arange(60) % 2
NAMED = [("amount", "double"), ("count", "long"), ("open", "boolean")]


def trained(matrix):
    gc.collect()  # xgboost 2 keeps the data of a QuantileDMatrix in a cycle of references
    booster = xgboost.train(PARAMS, matrix, 3)
    run = fitprint.last_run()
    return booster, run, fitprint.load_model(run.model_path)


def columns(loaded):
    return [(spec.name, str(spec.type)) for spec in loaded.metadata.signature.inputs]


def facts(run):
    return json.loads((run.path / "artifacts/dataset.json").read_text())


@pytest.mark.parametrize("kind", ["DMatrix", "QuantileDMatrix"])
def test_a_frame(recorded, kind):
    booster, run, loaded = trained(getattr(xgboost, kind)(TABLE, LABEL))
    assert columns(loaded) == NAMED
    assert (loaded.predict(TABLE) == booster.predict(xgboost.DMatrix(TABLE))).all()
    assert facts(run)["inputs"]["rows"] == 60
    assert facts(run)["target"]["classes"] == {"0": 30, "1": 30}
    assert not run.skipped


@pytest.mark.parametrize("kind", ["DMatrix", "QuantileDMatrix"])
def test_a_frame_that_is_gone(recorded, kind):
    booster, run, loaded = trained(getattr(xgboost, kind)(TABLE.copy(), LABEL.copy()))
    assert columns(loaded) == NAMED
    assert (loaded.predict(TABLE) == booster.predict(xgboost.DMatrix(TABLE))).all()
    assert "inputs" not in facts(run)  # a few rows are not the data set
    assert facts(run)["target"]["rows"] == 60
    assert not run.skipped


def test_a_frame_from_before_the_recording(store):
    matrix = xgboost.DMatrix(TABLE, LABEL)
    fitprint.autolog(strict=True, quiet=True)
    _, run, loaded = trained(matrix)
    assert columns(loaded) == NAMED
    assert not run.skipped


def test_a_frame_that_was_changed_meanwhile(recorded):
    table = TABLE.copy()
    matrix = xgboost.DMatrix(table, LABEL)
    table["more"] = 1.0
    _, _, loaded = trained(matrix)
    assert columns(loaded) == NAMED


def test_an_example_of_a_frame_that_is_gone_has_its_rows(store):
    fitprint.autolog(strict=True, quiet=True, log_input_examples=True)
    _, run, _ = trained(xgboost.DMatrix(TABLE.copy(), LABEL))
    example = json.loads((run.model_path / "input_example.json").read_text())
    assert example["columns"] == list(TABLE.columns)
    assert np.allclose(np.array(example["data"], float), TABLE[:5].to_numpy(float))


def test_missing_values_of_a_frame_that_is_gone(recorded):
    table = TABLE.assign(amount=TABLE["amount"].where(TABLE["amount"] > 0.5)).drop(columns=["count", "open"])
    booster, _, loaded = trained(xgboost.DMatrix(table.copy(), LABEL))
    assert columns(loaded) == [("amount", "double")]
    assert (loaded.predict(table) == booster.predict(xgboost.DMatrix(table))).all()


def test_whole_numbers_with_missing_ones_that_are_gone_have_no_signature(recorded):
    table = TABLE.assign(count=TABLE["count"].astype("Int64").where(TABLE["count"] > 2))
    booster, run, loaded = trained(xgboost.DMatrix(table.copy(), LABEL))
    assert loaded.metadata.signature.inputs is None
    assert (loaded.predict(table) == booster.predict(xgboost.DMatrix(table))).all()
    assert ("signature inputs", "data") in [skip[:2] for skip in run.skipped]


def test_an_array(recorded):
    values = TABLE.to_numpy(np.float32)
    booster, run, loaded = trained(xgboost.DMatrix(values, LABEL))
    assert str(loaded.metadata.signature.inputs) == "Schema([tensor float32 [-1, 3]])"
    assert (loaded.predict(values) == booster.predict(xgboost.DMatrix(values))).all()
    assert not run.skipped


@pytest.mark.parametrize("kind", ["DMatrix", "QuantileDMatrix"])
def test_an_array_that_is_gone_has_outputs_only(recorded, kind):
    values = TABLE.to_numpy(float)
    booster, run, loaded = trained(getattr(xgboost, kind)(values.copy(), LABEL))
    assert loaded.metadata.signature.inputs is None
    assert str(loaded.metadata.signature.outputs) == "Schema([tensor float32 [-1]])"
    assert (loaded.predict(values) == booster.predict(xgboost.DMatrix(values))).all()
    assert ("signature inputs", "data") in [skip[:2] for skip in run.skipped]


def test_names_given_to_an_array(recorded):
    values, names = TABLE.to_numpy(float), list("abc")
    booster, _, loaded = trained(xgboost.DMatrix(values, LABEL, feature_names=names))
    assert columns(loaded) == [(name, "double") for name in names]
    frame = pd.DataFrame(values, columns=names)
    assert (loaded.predict(frame) == booster.predict(xgboost.DMatrix(frame))).all()


def test_other_names_given_to_a_frame(recorded):
    names = list("abc")
    _, _, loaded = trained(xgboost.DMatrix(TABLE, LABEL, feature_names=names))
    assert columns(loaded) == list(zip(names, ["double", "long", "boolean"], strict=True))


@pytest.mark.parametrize("names", [None, list("abc")])
def test_a_sparse_matrix(recorded, names):
    values = csr_matrix(TABLE.to_numpy(float))
    booster, run, loaded = trained(xgboost.DMatrix(values, LABEL, feature_names=names))
    if names is None:
        assert (loaded.predict(values) == booster.predict(xgboost.DMatrix(values))).all()
    else:
        assert columns(loaded) == [(name, "double") for name in names]
    assert not run.skipped


def test_columns_that_are_numbers(recorded):
    table = TABLE.set_axis([3, 4, 5], axis=1)
    booster, _, loaded = trained(xgboost.DMatrix(table, LABEL))
    assert (loaded.predict(table) == booster.predict(xgboost.DMatrix(table))).all()


def test_lists(recorded):
    matrix = xgboost.DMatrix(TABLE.to_numpy(float).tolist(), LABEL.tolist())
    _, run, loaded = trained(matrix)
    assert loaded.metadata.signature.inputs is None
    assert facts(run)["target"]["rows"] == 60


CATEGORIES = TABLE.assign(kind=pd.Categorical(np.array(["a", "b", "c"])[np.arange(60) % 3]))


AS_TEXT = CATEGORIES.assign(kind=CATEGORIES["kind"].astype(str))
"""The rows as a CSV file or JSON gives them."""


@pytest.mark.parametrize("gone", [False, True])
def test_categories(recorded, gone):
    matrix = xgboost.DMatrix(CATEGORIES.copy() if gone else CATEGORIES, LABEL, enable_categorical=True)
    booster, run, loaded = trained(matrix)
    assert columns(loaded) == [*NAMED, ("kind", "string")]
    for_mlflow = ModelSignature.from_dict(mlmodel.read(run.model_path)["signature"])
    assert for_mlflow.inputs is None  # its enforcement would turn them into text
    assert for_mlflow.outputs == loaded.metadata.signature.outputs
    expected = booster.predict(xgboost.DMatrix(CATEGORIES, enable_categorical=True))
    assert (loaded.predict(CATEGORIES) == expected).all()
    assert (loaded.predict(AS_TEXT) == expected).all()
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("inputs in MLflow's signature", "mlflow")]


def test_categories_of_an_estimator(recorded):
    model = xgboost.XGBClassifier(n_estimators=3, enable_categorical=True, n_jobs=1).fit(CATEGORIES, LABEL)
    loaded = fitprint.load_model(fitprint.last_run().model_path)
    expected = model.predict_proba(CATEGORIES)[:, 1] > 0.5
    for rows in (CATEGORIES, AS_TEXT, AS_TEXT.to_dict(orient="records"), AS_TEXT[::-1][::-1]):
        assert (loaded.predict(rows) == expected).all()
    assert (loaded.predict(AS_TEXT[AS_TEXT["kind"] == "c"]) == expected[CATEGORIES["kind"] == "c"]).all()


LIBRARIES = ["pyarrow", "polars"] if xgboost.__version__ >= "3" else ["pyarrow"]
"""Libraries whose tables XGBoost takes: those of polars since version 3."""


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", ["estimator", "DMatrix"])
def test_tables_of_other_libraries(recorded, library, kind):
    table = polars.from_pandas(CATEGORIES[["amount", "count"]])
    table = table if library == "polars" else table.to_arrow()
    if kind == "DMatrix":
        model, run, loaded = trained(xgboost.DMatrix(table, LABEL))
        expected = model.predict(xgboost.DMatrix(table))
    else:
        expected = xgboost.XGBRegressor(n_estimators=3, n_jobs=1).fit(table, LABEL).predict(table)
        run = fitprint.last_run()
        loaded = fitprint.load_model(run.model_path)
    assert columns(loaded) == NAMED[:2]
    assert (loaded.predict(table) == expected).all()
    assert (loaded.predict(CATEGORIES[["amount", "count"]]) == expected).all()
    assert not run.skipped


@pytest.mark.parametrize("kind", ["DMatrix", "QuantileDMatrix"])
def test_an_iterator(recorded, tmp_path, kind):
    class Batches(xgboost.DataIter):
        def __init__(self):
            self.given = 0
            super().__init__(cache_prefix=str(tmp_path / "cache") if kind == "DMatrix" else None)

        def next(self, input_data):
            if self.given == 2:
                return False
            half = slice(30 * self.given, 30 * self.given + 30)
            input_data(data=TABLE[half], label=LABEL[half])
            self.given += 1
            return True

        def reset(self):
            self.given = 0

    booster, _, loaded = trained(getattr(xgboost, kind)(Batches()))
    assert columns(loaded) == NAMED
    assert (loaded.predict(TABLE) == booster.predict(xgboost.DMatrix(TABLE))).all()


def test_groups(recorded):
    matrix = xgboost.DMatrix(TABLE.copy(), LABEL, group=[20, 40])
    xgboost.train({"objective": "rank:ndcg", "nthread": 1}, matrix, 2)
    assert columns(fitprint.load_model(fitprint.last_run().model_path)) == NAMED


@pytest.mark.parametrize("X", [TABLE, TABLE.to_numpy(float), csr_matrix(TABLE.to_numpy(float))], ids=type)
def test_what_an_estimator_is_fitted_on(recorded, X):
    model = xgboost.XGBRegressor(n_estimators=3, n_jobs=1).fit(X, LABEL)
    run = fitprint.last_run()
    loaded = fitprint.load_model(run.model_path)
    assert loaded.metadata.signature.inputs is not None
    assert (loaded.predict(X) == model.predict(X)).all()
    assert facts(run)["inputs"]["rows"] == 60
    assert not run.skipped


def test_params_of_predict(recorded):
    booster, _, _ = trained(xgboost.DMatrix(TABLE, LABEL))
    flavor = registry.entries()["xgboost"].flavor()
    margin = flavor.predict(booster, TABLE, {"output_margin": True, "no_such_param": 1})
    assert (margin == booster.predict(xgboost.DMatrix(TABLE), output_margin=True)).all()
    assert (flavor.predict(booster, xgboost.DMatrix(TABLE), {"output_margin": True}) == margin).all()
