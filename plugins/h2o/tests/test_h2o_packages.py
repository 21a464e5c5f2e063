"""Packages: formats, what is refused, and the dtypes of signatures."""

from __future__ import annotations

import h2o
import numpy as np
import pandas as pd
import pytest
import yaml
from h2o.estimators import H2OGradientBoostingEstimator, H2OWord2vecEstimator

import fitprint
from fitprint.plugin import PackageError

SMALL = {"ntrees": 2, "max_depth": 2, "min_rows": 2, "seed": 1}


def table(rows=60):
    numbers = np.arange(rows)
    frame = pd.DataFrame({"whole": numbers % 7 * 1.0, "small": (numbers % 5).astype("int32"), "open": numbers % 2 == 0})
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers, unit="D")
    frame["code"] = pd.Series(numbers % 3).map({0: "01", 1: "02", 2: "1"})
    frame["label"] = np.where(numbers % 7 + numbers % 3 > 4, "yes", "no")
    return frame


INPUTS = ["whole", "small", "open", "day"]


def trained(frame, inputs):
    model = H2OGradientBoostingEstimator(**SMALL)
    model.train(x=inputs, y="label", training_frame=frame)
    return model


def columns(package):
    inputs = fitprint.load_model(package).metadata.signature.inputs
    return [(spec.name, str(spec.type)) for spec in inputs]


def test_the_signature_has_the_dtypes_of_the_table(recorded):
    known = [("whole", "double"), ("small", "integer"), ("open", "boolean"), ("day", "datetime")]
    frame = h2o.H2OFrame(table())
    for part in (frame, *frame.split_frame([0.8], seed=1)[:1]):
        model = trained(part, INPUTS)
        run = fitprint.run_of(model)
        assert columns(run.model_path) == known
        predicted = fitprint.load_model(run).predict(table()[INPUTS])
        assert np.allclose(predicted["yes"], model.predict(frame).as_data_frame()["yes"])


def test_levels_that_look_like_numbers_are_not_mixed_up(recorded):
    frame = h2o.H2OFrame(table(), column_types={"code": "enum"})
    model = trained(frame, ["whole", "code"])
    found = fitprint.load_model(fitprint.run_of(model)).predict(table()[["whole", "code"]].astype({"code": "str"}))
    assert np.allclose(found["yes"], model.predict(frame).as_data_frame()["yes"])


def test_the_format_mojo(recorded, tmp_path, load_elsewhere):
    frame = h2o.H2OFrame(table())
    model = trained(frame, INPUTS)
    fitprint.h2o.save_model(model, tmp_path / "package", format="mojo", input_example=table()[INPUTS][:3])
    flavors = yaml.safe_load((tmp_path / "package" / "MLmodel").read_text())["flavors"]
    assert flavors["h2o"]["format"] == "mojo"
    assert flavors["python_function"]["loader_module"] == "fitprint_h2o_loader_copy"
    expected = model.predict(frame).as_data_frame()["yes"]
    found = fitprint.load_model(tmp_path / "package").predict(table()[INPUTS])
    assert np.allclose(found["yes"], expected, atol=1e-6)
    with pytest.raises(ValueError, match="format has to be one of binary, mojo"):
        fitprint.h2o.save_model(model, tmp_path / "other", format="pojo")


@pytest.mark.mlflow
def test_stock_mlflow_loads_a_mojo(recorded, tmp_path, load_elsewhere, mlflow_python):
    frame = h2o.H2OFrame(table())
    model = trained(frame, ["whole", "small"])
    fitprint.h2o.save_model(model, tmp_path / "package", format="mojo")
    found = load_elsewhere(tmp_path / "package", table()[["whole", "small"]], mlflow_python)
    expected = model.predict(frame).as_data_frame()
    assert np.allclose(found[:, 2].astype(float), expected["yes"], atol=1e-6)


@pytest.mark.mlflow
def test_what_stock_mlflow_writes_is_read(recorded, run_python, mlflow_python, tmp_path):
    table().to_csv(tmp_path / "rows.csv", index=False)
    run_python(
        """
        import h2o, mlflow.h2o, numpy as np
        from h2o.estimators import H2OGradientBoostingEstimator
        h2o.init()
        frame = h2o.import_file("rows.csv")
        model = H2OGradientBoostingEstimator(ntrees=2, max_depth=2, min_rows=2, seed=1)
        model.train(x=["whole", "small"], y="label", training_frame=frame)
        mlflow.h2o.save_model(model, "package", pip_requirements=["h2o"])
        rows = model.predict(frame).as_data_frame(use_pandas=False, header=False)
        np.save("predicted.npy", [float(row[2]) for row in rows])
        """,
        python=mlflow_python,
    )
    found = fitprint.load_model(tmp_path / "package").predict(table()[["whole", "small"]])
    assert np.allclose(found["yes"], np.load(tmp_path / "predicted.npy"))


def test_a_model_that_predicts_nothing_for_rows(recorded):
    words = h2o.H2OFrame({"words": ["a", "b", "c", "a", "b"] * 20}, column_types=["string"])
    model = H2OWord2vecEstimator(vec_size=2, epochs=1, min_word_freq=1)
    model.train(training_frame=words)
    run = fitprint.run_of(model)
    assert "python_function" not in yaml.safe_load((run.model_path / "MLmodel").read_text())["flavors"]
    assert fitprint.h2o.load_model(run.model_path).model_id == model.model_id


@pytest.mark.parametrize("damage", ["half", "no yaml", "outside"])
def test_a_broken_package_is_refused(recorded, damage):
    run = fitprint.run_of(trained(h2o.H2OFrame(table()), INPUTS))
    folder = run.model_path / "model.h2o"
    if damage == "half":
        (folder / "model").write_bytes((folder / "model").read_bytes()[:1000])
    else:
        (folder / "h2o.yaml").write_text("a: [" if damage == "no yaml" else "model_file: ../../../secret")
    with pytest.raises(PackageError):
        fitprint.h2o.load_model(run.model_path)


def test_without_trust_it_is_not_loaded(recorded):
    run = fitprint.run_of(trained(h2o.H2OFrame(table()), INPUTS))
    with pytest.raises(PackageError, match="Java objects"):
        fitprint.load_model(run, trust="no-pickle")
