"""Bundles of scikit-learn's models: what is kept of them, where, and what MLeap reads back."""

from __future__ import annotations

import json

import mleap.sklearn.base
import mleap.sklearn.logistic
import mleap.sklearn.pipeline
import mleap.sklearn.preprocessing.data
import mleap.sklearn.tree.tree  # noqa: F401  all of these add serialize_to_bundle to scikit-learn's classes
import numpy as np
import pandas as pd
import pytest
import yaml
from mleap.sklearn.preprocessing.data import FeatureExtractor
from sklearn.linear_model import LinearRegression, LogisticRegression, LogisticRegressionCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

import fitprint
from fitprint.plugin import PackageError

ROWS = np.random.default_rng(0).normal(size=(40, 3))
NUMBER = ROWS[:, :1] * 2 + 1
CLASS = np.arange(40) % 3


def named(model, rows=ROWS, target=CLASS):
    model.fit(rows, target)
    model.mlinit(input_features="features", prediction_column="prediction")
    return model


def written(model, folder):
    model.serialize_to_bundle(str(folder), model.name)
    return model


def flavors(package):
    return yaml.safe_load((package / "MLmodel").read_text())["flavors"]


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (LinearRegression(), NUMBER),
        (LogisticRegression(), CLASS),
        (LogisticRegression(), CLASS % 2),
        (LogisticRegressionCV(cv=2, l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False), CLASS),
    ],
    ids=["linear", "three classes", "two classes", "cv"],
)
def test_from_fit_over_the_bundle_to_predict(recorded, tmp_path, model, target):
    written(named(model, target=target), tmp_path)
    run = fitprint.run_of(model)
    assert sorted(run.models) == ["mleap", "model"]  # the training's own package, and the bundle
    package = run.models["mleap"]
    loaded = fitprint.load_model(package, trust="no-pickle")
    assert np.allclose(loaded.predict(ROWS), model.predict(ROWS), rtol=1e-12)
    assert loaded.metadata.signature.inputs.to_dict() == [
        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}
    ]
    (node,) = tmp_path.glob("*.node")
    for file in ("model.json", "node.json"):
        assert (package / "mleap" / "model" / file).read_bytes() == (node / file).read_bytes()
    assert flavors(package)["mleap"] == {"code": "code", "mleap_version": "0.25.3", "model_data": "mleap/model"}


def test_a_model_that_nobody_recorded_gets_a_run_of_its_own(store, tmp_path):
    model = named(LogisticRegression())
    fitprint.mleap.autolog(strict=True, quiet=True)
    written(model, tmp_path)
    run = fitprint.last_run()
    assert (run.name, run.flavor, [*run.models]) == ("LogisticRegression", "mleap", ["model"])
    assert (fitprint.load_model(run).predict(ROWS) == model.predict(ROWS)).all()


def test_labels_are_numbers_in_a_bundle(recorded, tmp_path):
    model = written(named(LogisticRegression(), target=np.array(["no", "yes", "why"])[CLASS]), tmp_path)
    run = fitprint.run_of(model)
    numbers = fitprint.load_model(run.models["mleap"]).predict(ROWS)
    assert (model.classes_[numbers] == model.predict(ROWS)).all()
    assert ("the labels", "mleap") in [skip[:2] for skip in run.skipped]


def test_a_table_has_no_types_in_a_model(recorded, tmp_path):
    table = pd.DataFrame(ROWS, columns=list("abc"))
    model = written(named(LogisticRegression(), table), tmp_path)
    run = fitprint.run_of(model)
    loaded = fitprint.load_model(run.models["mleap"])
    assert loaded.metadata.signature.inputs is None
    assert (loaded.predict(table) == model.predict(table)).all()
    assert ("signature inputs", "data") in [skip[:2] for skip in run.skipped]


def pipeline():
    extractor = FeatureExtractor(
        input_scalars=["a", "b", "c"], output_vector="raw", output_vector_items=["a_", "b_", "c_"]
    )
    scaler, model = StandardScaler(), LinearRegression()
    scaler.mlinit(prior_tf=extractor, output_features="features")
    model.mlinit(input_features="features", prediction_column="prediction")
    whole = Pipeline([(extractor.name, extractor), (scaler.name, scaler), (model.name, model)])
    whole.mlinit()
    return whole


def test_a_pipeline_is_one_bundle_that_only_the_jvm_runs(recorded, tmp_path):
    whole = pipeline().fit(pd.DataFrame(ROWS, columns=list("abc")), NUMBER)
    whole.serialize_to_bundle(str(tmp_path), "whole", init=True)
    run = fitprint.run_of(whole)
    package = run.models["mleap"]
    bundle = package / "mleap" / "model"
    assert json.loads((bundle / "bundle.json").read_text())["format"] == "json"
    assert json.loads((bundle / "root" / "model.json").read_text())["op"] == "pipeline"
    assert "python_function" not in flavors(package)
    assert ("predictions in Python", "mleap") in [skip[:2] for skip in run.skipped]
    with pytest.raises(PackageError, match="only in the JVM"):
        fitprint.mleap.load_model(package)
    assert len(fitprint.runs()) == 1  # the bundles inside are parts of it


def test_a_tree_has_no_reader_in_python(recorded, tmp_path):
    model = DecisionTreeRegressor(max_depth=2).fit(ROWS, NUMBER)
    model.mlinit(input_features="features", prediction_column="prediction", feature_names=["a", "b", "c"])
    written(model, tmp_path)
    package = fitprint.run_of(model).models["mleap"]
    assert (package / "mleap" / "model" / "model.json").exists()
    assert "python_function" not in flavors(package)


def test_by_hand_the_user_s_model_stays_without_names(store, tmp_path):
    model = LogisticRegression().fit(ROWS, CLASS)
    before = dict(vars(model))
    fitprint.mleap.save_model(model, tmp_path / "package")
    assert vars(model) == before
    assert (fitprint.load_model(tmp_path / "package").predict(ROWS) == model.predict(ROWS)).all()
    with pytest.raises(ValueError, match="call mlinit"):
        fitprint.mleap.save_model(StandardScaler().fit(ROWS), tmp_path / "scaler")


def test_a_bundle_that_fails_leaves_nothing(recorded, tmp_path):
    model = named(LinearRegression(), target=NUMBER[:, 0])  # MLeap writes no model with one number as its intercept
    with pytest.raises(TypeError, match="not subscriptable"):
        written(model, tmp_path)
    assert [*fitprint.run_of(model).models] == ["model"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"op": "logistic_regression"}'])
def test_a_broken_bundle_is_refused(store, tmp_path, content):
    fitprint.mleap.save_model(LogisticRegression().fit(ROWS, CLASS), tmp_path / "package")
    (tmp_path / "package" / "mleap" / "model" / "model.json").write_text(content)
    with pytest.raises(PackageError):
        fitprint.mleap.load_model(tmp_path / "package")
