"""Packages and signatures: what is written, what is read, and what is refused."""

from __future__ import annotations

import gc

import catboost
import numpy as np
import pandas as pd
import pytest
import yaml

import fitprint
from fitprint.models.errors import PackageError
from fitprint.models.package import Package
from fitprint.plugin import SaveContext
from fitprint_catboost import CatBoostFlavor

FEW = {"iterations": 5, "thread_count": 1, "verbose": False, "allow_writing_files": False, "random_seed": 1}
CLASSES = ["CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker"]
LABEL = np.arange(60) % 2
TABLE = pd.DataFrame({"a": np.arange(60) / 7, "n": np.arange(60) % 7})
KINDS = {
    "categories of text": ({"kind": np.where(LABEL, "x", "y")}, {"cat_features": ["kind"]}, "string"),
    "categories of numbers": ({"kind": np.arange(60) % 4}, {"cat_features": ["kind"]}, "long"),
    "categories of pandas": (
        {"kind": pd.Categorical(np.where(LABEL, "x", "y"))},
        {"cat_features": ["kind"]},
        "string",
    ),
    "texts": ({"kind": ["one word", "other words here"] * 30}, {"text_features": ["kind"]}, "string"),
    "embeddings": ({"kind": [[0.0, 1.0], [1.0, 0.5]] * 30}, {"embedding_features": ["kind"]}, "array"),
}


def trained(name, X, y):
    groups = {"group_id": np.repeat(np.arange(20), 10)} if name == "CatBoostRanker" else {}
    return (
        getattr(catboost, name)(FEW).fit(X, y)
        if name == "CatBoost"
        else getattr(catboost, name)(**FEW).fit(X, y, **groups)
    )


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_kept_natively(recorded, frames, name):
    model = trained(name, frames.X, frames.y)
    run = fitprint.last_run()
    found = yaml.safe_load((run.model_path / "MLmodel").read_text())["flavors"]
    assert found["catboost"] == {
        "code": None,
        "data": "model.cb",
        "model_type": name,
        "save_format": "cbm",
        "catboost_version": catboost.__version__,
    }
    assert found["python_function"]["loader_module"] == "mlflow.catboost"
    loaded = fitprint.load_model(run.model_path, trust="no-pickle")
    assert type(loaded.unwrap()) is getattr(catboost, name)
    assert (loaded.predict(frames.X_test) == model.predict(frames.X_test)).all()


@pytest.mark.mlflow
@pytest.mark.parametrize("name", ["CatBoost", "CatBoostClassifier"])
def test_stock_mlflow_loads_it(recorded, frames, load_elsewhere, mlflow_python, name):
    model = trained(name, frames.X, np.array(["a", "b", "c"])[np.arange(200) % 3] if name != "CatBoost" else frames.y)
    found = load_elsewhere(fitprint.last_run().model_path, frames.X_test, mlflow_python)
    expected = model.predict(frames.X_test)
    assert (found == expected).all() if expected.dtype.kind in "OU" else np.allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_features_that_are_no_numbers(recorded, kind):
    column, given, expected = KINDS[kind]
    table = TABLE.assign(**column)
    model = catboost.CatBoostClassifier(**FEW).fit(table, LABEL, **given)
    run = fitprint.last_run()
    loaded = fitprint.load_model(run.model_path)
    types = {spec.name: str(spec.type) for spec in loaded.metadata.signature.inputs}
    assert (
        types["kind"].startswith(expected.capitalize() if expected == "array" else expected)
        or expected in types["kind"]
    )
    assert (loaded.predict(table) == model.predict(table)).all()
    assert [run.params[name] for name in given] == list(given.values())


@pytest.mark.mlflow
@pytest.mark.parametrize("kind", ["categories of text", "texts"])
def test_stock_mlflow_predicts_on_texts(recorded, load_elsewhere, mlflow_python, kind):
    column, given, _ = KINDS[kind]
    table = TABLE.assign(**column)
    model = catboost.CatBoostClassifier(**FEW).fit(table, LABEL, **given)
    assert (load_elsewhere(fitprint.last_run().model_path, table, mlflow_python) == model.predict(table)).all()


@pytest.mark.parametrize("alive", [True, False])
def test_the_signature_of_a_pool(recorded, alive):
    pool = catboost.Pool(TABLE if alive else TABLE.copy(), LABEL)
    gc.collect()
    catboost.CatBoostClassifier(**FEW).fit(pool)
    run = fitprint.last_run()
    inputs = fitprint.load_model(run.model_path).metadata.signature.inputs
    assert [(spec.name, str(spec.type)) for spec in inputs] == [("a", "double"), ("n", "long")]
    assert not run.skipped or not alive


def test_a_pool_from_before_the_recording_has_outputs_only(store):
    pool = catboost.Pool(TABLE, LABEL)
    fitprint.autolog(strict=True, quiet=True)
    model = catboost.CatBoostClassifier(**FEW).fit(pool)
    run = fitprint.last_run()
    loaded = fitprint.load_model(run.model_path)
    assert loaded.metadata.signature.inputs is None
    assert (loaded.predict(TABLE) == model.predict(TABLE)).all()
    assert ("signature inputs", "data") in [skip[:2] for skip in run.skipped]


class Shouting(catboost.CatBoostClassifier):
    def predict(self, data, **options):
        return np.char.upper(super().predict(data, **options).astype(str))


class Remembering(catboost.CatBoostRegressor):
    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return super().fit(X, y)


def test_a_class_of_the_user_s_own_is_pickled_for_scikit_learns_loaders(recorded, frames):
    model = Shouting(**FEW).fit(frames.X, frames.y.map({0: "no", 1: "yes"}))
    run = fitprint.last_run()
    assert set(yaml.safe_load((run.model_path / "MLmodel").read_text())["flavors"]) == {"sklearn", "python_function"}
    loaded = fitprint.load_model(run.model_path)
    assert (loaded.predict(frames.X) == model.predict(frames.X)).all()
    assert set(loaded.predict(frames.X)) <= {"NO", "YES"}
    with pytest.raises(PackageError, match="pickle"):
        fitprint.load_model(run.model_path, trust="no-pickle")


def test_what_no_pickle_of_catboosts_keeps_is_said(recorded, frames, tmp_path):
    model = Remembering(**FEW).fit(frames.X, frames.y)
    run = fitprint.last_run()
    assert not run.models
    assert any("mean_" in skip.reason for skip in run.skipped)
    with pytest.raises(ValueError, match="mean_"):
        fitprint.catboost.save_model(model, tmp_path / "package")


@pytest.mark.parametrize("form", ["json", "cbm"])
def test_the_formats(frames, tmp_path, form):
    model = trained("CatBoostClassifier", frames.X, frames.y)
    fitprint.catboost.save_model(model, tmp_path / "package", format=form)
    assert (fitprint.load_model(tmp_path / "package").predict(frames.X) == model.predict(frames.X)).all()
    with pytest.raises(ValueError, match="format has to be one of cbm, json"):
        fitprint.catboost.save_model(model, tmp_path / "other", format="coreml")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"CBM1" + bytes(300), "half"])
def test_a_broken_file_is_refused(frames, tmp_path, content):
    trained("CatBoostRegressor", frames.X, frames.y).save_model(str(tmp_path / "model.cb"))
    whole = (tmp_path / "model.cb").read_bytes()
    (tmp_path / "model.cb").write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(PackageError, match="cannot be loaded") as caught:
        CatBoostFlavor().load(tmp_path, {"data": "model.cb", "model_type": "CatBoostRegressor"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Pool", "core.os", "os.system", ""])
def test_a_class_that_is_no_model_is_refused(tmp_path, name):
    (tmp_path / "model.cb").write_bytes(b"")
    with pytest.raises(PackageError, match="is not a model class of CatBoost"):
        CatBoostFlavor().load(tmp_path, {"data": "model.cb", "model_type": name})


@pytest.mark.parametrize("more", [{}, {"grow_policy": "Lossguide"}, {"cat_features": ["n"]}])
@pytest.mark.parametrize("iterations", [3, 200])
def test_the_size_is_estimated(tmp_path, iterations, more):
    model = catboost.CatBoostRegressor(**{**FEW, "iterations": iterations}, **more).fit(TABLE, LABEL)
    package = Package(tmp_path / "package")
    CatBoostFlavor().save(model, package, SaveContext())
    package.settle()
    assert CatBoostFlavor().size(model) == pytest.approx(package.size, rel=0.25)
