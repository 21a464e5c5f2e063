"""Packages: what is written, that it predicts the same, and which rows of the data are in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("prophet", reason="needs prophet: run `make test-all`")

import numpy as np
import pandas as pd
import prophet
import yaml
from prophet import Prophet
from prophet.serialize import model_from_json

import fitprint
from fitprint.models import PackageError


def document(package):
    return yaml.safe_load((package / "MLmodel").read_text())


def linear():
    return Prophet(n_changepoints=5)


def logistic():
    model = Prophet(growth="logistic", n_changepoints=5)
    model.add_seasonality("workdays", 7, 2, condition_name="weekday")
    return model.add_regressor("rain")


def flat():
    return Prophet(growth="flat", mcmc_samples=0, uncertainty_samples=0)


KINDS = {"linear": linear, "logistic": logistic, "flat": flat}
COLUMNS = {"linear": ["ds"], "logistic": ["ds", "cap", "floor", "rain", "weekday"], "flat": ["ds"]}


def future(frame, columns, days=20):
    start = frame["ds"].iloc[-3]
    found = frame.iloc[:days].assign(ds=pd.date_range(start, periods=days).astype("datetime64[ns]"))
    return found[columns].reset_index(drop=True)


def drawn(predict, rows):
    np.random.seed(1)
    return predict(rows)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("days", [20, 4])  # 4: one day after the last, for which Prophet looks at its history
def test_it_predicts_the_same_intervals_included(recorded, frame, kind, days):
    model = KINDS[kind]().fit(frame)
    run = fitprint.last_run()
    assert run.skipped == []
    rows = future(frame, COLUMNS[kind], days)
    expected = drawn(model.predict, rows)
    loaded = fitprint.load_model(run.model_path)
    assert [spec.name for spec in loaded.metadata.signature.inputs] == COLUMNS[kind]
    assert [spec.name for spec in loaded.metadata.signature.outputs] == list(expected.columns)
    pd.testing.assert_frame_equal(drawn(loaded.predict, rows), expected, rtol=1e-6)
    native = fitprint.prophet.load_model(run.model_path)
    pd.testing.assert_frame_equal(native.make_future_dataframe(3), model.make_future_dataframe(3), check_dtype=False)


def test_no_row_of_the_data_is_in_it(recorded, frame):
    logistic().fit(frame)
    package = fitprint.last_run().model_path
    text = json.loads((package / "model.pr").read_text())
    assert len(model_from_json(text).history_dates) == len(frame)  # make_future_dataframe needs them
    history = json.loads(json.loads(text)["history"])["data"]
    assert [sorted(columns) for columns in history] == [["ds", "t"]] * 2
    for column in ("y", "rain"):
        assert not [value for value in frame[column] if f"{value:.8f}" in text or f"{value:.6f}" in text]


def test_mlmodel(recorded, frame):
    linear().fit(frame)
    package = fitprint.last_run().model_path
    found = document(package)["flavors"]
    version = prophet.__version__
    assert found["prophet"] == {"code": None, "data": "model.pr", "model_type": "Prophet", "prophet_version": version}
    assert found["python_function"]["loader_module"] == "mlflow.prophet"
    lines = (package / "requirements.txt").read_text().split()
    assert f"prophet=={version}" in lines


class Shifted(Prophet):
    """State that Prophet's own format does not hold."""

    def fit(self, df, **options):
        self.shift = 100.0
        return super().fit(df, **options)

    def predict(self, df=None, **options):
        found = super().predict(df, **options)
        return found.assign(yhat=found["yhat"] + self.shift)


def test_a_class_of_the_users_is_pickled(recorded, frame):
    model = Shifted(n_changepoints=3, uncertainty_samples=0).fit(frame)
    package = fitprint.last_run().model_path
    found = document(package)["flavors"]
    assert set(found) == {"sklearn", "python_function"}
    assert found["python_function"]["loader_module"] == "mlflow.sklearn"
    rows = future(frame, ["ds"])
    pd.testing.assert_frame_equal(fitprint.load_model(package).predict(rows), model.predict(rows))
    assert model.stan_backend is not None
    with pytest.raises(PackageError):
        fitprint.load_model(package, trust="no-pickle")


def test_the_file_loads_under_no_pickle(recorded, frame):
    linear().fit(frame)
    rows = future(frame, ["ds"])
    assert len(fitprint.load_model(fitprint.last_run().model_path, trust="no-pickle").predict(rows)) == len(rows)


def test_dates_of_any_kind(recorded, frame):
    for dates in (frame["ds"].astype(str), frame["ds"].dt.date, frame["ds"].astype("datetime64[s]")):
        linear().fit(frame[["y"]].assign(ds=dates))
        run = fitprint.last_run()
        assert run.skipped == []
        loaded = fitprint.load_model(run.model_path)
        assert str(loaded.metadata.signature.inputs.inputs[0].type).endswith("datetime")
        assert len(loaded.predict(future(frame, ["ds"]))) == 20


def test_a_model_that_was_not_fitted(tmp_path):
    with pytest.raises(ValueError, match="has not been fitted"):
        fitprint.prophet.save_model(Prophet(), tmp_path / "a")


@pytest.mark.parametrize("content", ["", "3", '"3"', '"{}"', "{"])
def test_a_broken_file(recorded, frame, content):
    linear().fit(frame)
    package = fitprint.last_run().model_path
    (package / "model.pr").write_text(content)
    with pytest.raises(PackageError, match="cannot be loaded"):
        fitprint.load_model(package)


READ = """
    import sys, numpy as np, pandas as pd
    from mlflow.pyfunc import load_model
    model, rows = load_model(sys.argv[1]), pd.read_csv("rows.csv", parse_dates=["ds"]).astype({"ds": "datetime64[ns]"})
    np.random.seed(1)
    model.predict(rows).drop(columns="ds").to_csv("predicted.csv", index=False)
"""


@pytest.mark.mlflow
@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_stock_mlflow_predicts_the_same(recorded, frame, run_python, mlflow_python, tmp_path, kind):
    model = KINDS[kind]().fit(frame)
    rows = future(frame, COLUMNS[kind])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    run_python(READ, fitprint.last_run().model_path, python=mlflow_python)
    expected = drawn(model.predict, rows).drop(columns="ds")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "predicted.csv"), expected, rtol=1e-6, check_dtype=False)


WRITE = """
    import mlflow, numpy as np, pandas as pd
    from prophet import Prophet
    model = Prophet(n_changepoints=3, uncertainty_samples=0).fit(pd.read_csv("frame.csv"))
    mlflow.prophet.save_model(model, "theirs")
    np.save("expected.npy", model.predict(pd.read_csv("rows.csv"))["yhat"])
"""


@pytest.mark.mlflow
def test_what_mlflow_writes_is_read(frame, run_python, mlflow_python, tmp_path):
    frame[["ds", "y"]].to_csv(tmp_path / "frame.csv", index=False)
    rows = future(frame, ["ds"])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    run_python(WRITE, python=mlflow_python)
    found = fitprint.load_model(Path(tmp_path / "theirs")).predict(rows)["yhat"]
    np.testing.assert_allclose(found, np.load(tmp_path / "expected.npy"), rtol=1e-6)
