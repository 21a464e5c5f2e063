"""Packages and signatures: what is written, what is read, and what is refused."""

from __future__ import annotations

import gc

import lightgbm
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.sparse import csr_matrix

import fitprint
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.package import Package
from fitprint.plugin import SaveContext
from fitprint_lightgbm import LightGBMFlavor

PARAMS = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 3}
FEW = {"n_estimators": 4, "n_jobs": 1, "verbose": -1}
NAMED = [("a", "double"), ("n", "long"), ("open", "boolean")]


def table(rows=60):
    numbers = np.arange(rows)
    return pd.DataFrame({"a": numbers / 7, "n": numbers % 7, "open": numbers % 3 == 0}), numbers % 2


def columns(run):
    inputs = fitprint.load_model(run.model_path).metadata.signature.inputs
    return None if inputs is None else [(spec.name, str(spec.type)) for spec in inputs]


def flavors(run):
    return yaml.safe_load((run.model_path / "MLmodel").read_text())["flavors"]


def test_a_booster_is_lightgbms_own_text(recorded, frames):
    booster = lightgbm.train(PARAMS, lightgbm.Dataset(frames.X, frames.y), 5)
    run = fitprint.last_run()
    assert flavors(run)["lightgbm"] == {
        "code": None,
        "data": "model.lgb",
        "model_class": "lightgbm.basic.Booster",
        "lgb_version": lightgbm.__version__,
    }
    assert flavors(run)["python_function"]["loader_module"] == "mlflow.lightgbm"
    loaded = fitprint.load_model(run.model_path, trust="no-pickle")
    assert (loaded.predict(frames.X_test) == booster.predict(frames.X_test)).all()
    assert (loaded.predict(frames.X_test, {"raw_score": True}) == booster.predict(frames.X_test)).all()


def test_the_best_iteration_is_what_is_kept(recorded, frames):
    train = lightgbm.Dataset(frames.X, frames.y)
    valid = lightgbm.Dataset(frames.X_test, frames.y_test, reference=train)
    params = {**PARAMS, "early_stopping_round": 2, "learning_rate": 1.0}
    booster = lightgbm.train(params, train, 50, valid_sets=[valid], keep_training_booster=True)
    loaded = fitprint.load_model(fitprint.last_run().model_path)
    assert loaded.unwrap().num_trees() == booster.best_iteration < booster.num_trees()
    assert (loaded.predict(frames.X_test) == booster.predict(frames.X_test)).all()


def test_an_estimator_is_a_pickle_that_mlflows_layout_names(recorded, frames):
    lightgbm.LGBMClassifier(**FEW).fit(frames.X, frames.y)
    run = fitprint.last_run()
    found = flavors(run)["lightgbm"]
    assert (found["data"], found["serialization_format"]) == ("model.pkl", "pickle")
    assert found["model_class"] == "lightgbm.sklearn.LGBMClassifier"
    with pytest.raises(PackageError, match="pickle"):
        fitprint.load_model(run.model_path, trust="no-pickle")


@pytest.mark.mlflow
@pytest.mark.parametrize("name", ["train", "LGBMClassifier", "LGBMRegressor"])
def test_stock_mlflow_loads_it(recorded, frames, load_elsewhere, mlflow_python, name):
    if name == "train":
        model = lightgbm.train(PARAMS, lightgbm.Dataset(frames.X, frames.y), 5)
    else:
        model = getattr(lightgbm, name)(**FEW).fit(
            frames.X, frames.y.map({0: "no", 1: "yes"}) if name == "LGBMClassifier" else frames.y
        )
    found = load_elsewhere(fitprint.last_run().model_path, frames.X_test, mlflow_python)
    expected = model.predict(frames.X_test)
    assert (found == expected).all() if expected.dtype.kind in "OU" else np.allclose(found, expected, rtol=1e-9)


def test_the_format_skops(recorded, frames, tmp_path):
    pytest.importorskip("skops")
    model = lightgbm.LGBMRegressor(**FEW).fit(frames.X, frames.y)
    fitprint.lightgbm.save_model(model, tmp_path / "package", serialization_format="skops")
    loaded = fitprint.load_model(tmp_path / "package", trust="no-pickle")
    assert type(loaded.unwrap()) is lightgbm.LGBMRegressor
    assert (loaded.predict(frames.X) == model.predict(frames.X)).all()


@pytest.mark.mlflow
def test_what_stock_mlflow_writes_is_read(frames, run_python, mlflow_python, tmp_path):
    frames.X.assign(y=frames.y).to_json(tmp_path / "data.json", orient="split", double_precision=15)
    run_python(
        """
        import lightgbm, mlflow.lightgbm, numpy as np, pandas as pd
        data = pd.read_json("data.json", orient="split", precise_float=True)
        X, y = data.drop(columns="y"), data["y"]
        booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(X, y), 3)
        model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, y)
        for trained, name in ((booster, "booster"), (model, "model")):
            mlflow.lightgbm.save_model(trained, name, pip_requirements=["lightgbm"])
            np.save(f"{name}.npy", trained.predict(X))
        """,
        python=mlflow_python,
    )
    for name in ("booster", "model"):
        assert np.allclose(fitprint.load_model(tmp_path / name).predict(frames.X), np.load(tmp_path / f"{name}.npy"))


@pytest.mark.parametrize("alive", [True, False])
def test_the_signature_of_a_frame(recorded, alive):
    frame, label = table()
    data = lightgbm.Dataset(frame if alive else frame.copy(), label)
    gc.collect()
    booster = lightgbm.train(PARAMS, data, 3)
    run = fitprint.last_run()
    assert columns(run) == NAMED
    assert (fitprint.load_model(run.model_path).predict(frame) == booster.predict(frame)).all()
    assert not run.skipped


def test_a_dataset_that_is_trained_on_twice(recorded):
    frame, label = table()
    data = lightgbm.Dataset(frame.copy(), label)
    for _ in range(2):
        lightgbm.train(PARAMS, data, 1)
        assert columns(fitprint.last_run()) == NAMED


def test_a_dataset_from_before_the_recording(store):
    frame, label = table()
    fresh, constructed = lightgbm.Dataset(frame, label), lightgbm.Dataset(frame, label, params=PARAMS).construct()
    fitprint.autolog(strict=True, quiet=True)
    lightgbm.train(PARAMS, fresh, 1)
    assert columns(fitprint.last_run()) == NAMED
    lightgbm.train(PARAMS, constructed, 1)
    run = fitprint.last_run()
    assert columns(run) is None
    assert run.models
    assert ("signature inputs", "data") in [skip[:2] for skip in run.skipped]


@pytest.mark.parametrize("make", [lambda X: X.to_numpy(float), lambda X: csr_matrix(X.to_numpy(float))])
def test_arrays(recorded, make):
    frame, label = table()
    values = make(frame)
    booster = lightgbm.train(PARAMS, lightgbm.Dataset(values, label), 3)
    run = fitprint.last_run()
    assert fitprint.load_model(run.model_path).metadata.signature.inputs is not None
    assert (fitprint.load_model(run.model_path).predict(values) == booster.predict(values)).all()


@pytest.mark.parametrize("estimator", [True, False])
def test_categories(recorded, estimator):
    frame, label = table()
    frame["kind"] = pd.Categorical(np.where(label > 0, "x", "y"))
    frame["code"] = np.arange(60) % 4
    if estimator:
        model = lightgbm.LGBMClassifier(**FEW, min_child_samples=3).fit(
            frame, label, categorical_feature=["kind", "code"]
        )
    else:
        data = lightgbm.Dataset(frame, label, categorical_feature=["kind", "code"])
        model = lightgbm.train(PARAMS, data, 3)
    run = fitprint.last_run()
    loaded = fitprint.load_model(run.model_path)
    for rows in (frame, frame.astype({"kind": str})):
        assert (loaded.predict(rows) == model.predict(frame)).all()
    assert columns(run)[-2:] == [("kind", "string"), ("code", "long")]
    assert mlmodel.read(run.model_path)["signature"]["inputs"] is None  # MLflow would make texts of the categories
    assert any("because of: kind (category);" in skip.reason for skip in run.skipped)
    if estimator:
        assert run.params["categorical_feature"] == ["kind", "code"]


@pytest.mark.parametrize("content", [b"", b"nonsense", "half"])
def test_a_broken_file_is_refused(frames, tmp_path, content):
    booster = lightgbm.train(PARAMS, lightgbm.Dataset(frames.X, frames.y), 3)
    whole = booster.model_to_string().encode()
    (tmp_path / "model.lgb").write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(PackageError, match="cannot be loaded"):
        LightGBMFlavor().load(tmp_path, {"data": "model.lgb"})


@pytest.mark.parametrize("params", [PARAMS, {**PARAMS, "objective": "multiclass", "num_class": 3, "metric": "none"}])
@pytest.mark.parametrize("rounds", [1, 30, 200])
def test_the_size_is_estimated(frames, tmp_path, params, rounds):
    label = np.arange(200) % params.get("num_class", 2)
    booster = lightgbm.train(params, lightgbm.Dataset(frames.X, label), rounds)
    package = Package(tmp_path / "package")
    LightGBMFlavor().save(booster, package, SaveContext())
    package.settle()
    assert LightGBMFlavor().size(booster) == pytest.approx(package.size, rel=0.15)
