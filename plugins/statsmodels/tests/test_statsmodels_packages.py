"""Packages: what is written, that it predicts the same, and which rows of the data are in it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

pytest.importorskip("statsmodels", reason="needs statsmodels: run `make test-all`")

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
import statsmodels.formula.api as smf
import yaml
from kinds_of_statsmodels import ARRAYS, FORMULAS, SERIES, WITHOUT_PREDICT, design, fit
from statsmodels.iolib.smpickle import load_pickle

import fitprint
from fitprint.models import PackageError

NUMBERS = ["x", "z", "y", "time", "share"]
MLFLOW = Path(__file__).parent / "fixtures"
QUANTILES = {"GLMGam"}
"""The knots of splines are quantiles of the data."""


def document(package):
    return yaml.safe_load((package / "MLmodel").read_text())


def inputs_of(results, frame):
    exog = results.model.data.orig_exog
    return frame if hasattr(results.model, "formula") else exog


WITH_ROWS = [name for name in [*ARRAYS, *FORMULAS] if name not in ("ConditionalLogit",)]


@pytest.mark.parametrize("name", WITH_ROWS)
def test_it_predicts_the_same_and_holds_no_rows(recorded, frame, rows_in, name):
    results = fit({**ARRAYS, **FORMULAS}[name], frame)
    run = fitprint.last_run()
    rows = inputs_of(results, frame)
    expected = np.asarray(results.predict(rows))
    loaded = fitprint.load_model(run.model_path)
    rows_given = (
        rows if isinstance(rows, np.ndarray) else rows[[spec.name for spec in loaded.metadata.signature.inputs]]
    )
    np.testing.assert_allclose(np.asarray(loaded.predict(rows_given)), expected)
    np.testing.assert_allclose(np.asarray(load_pickle(run.model_path / "model.statsmodels").predict(rows)), expected)
    assert rows_in(run.model_path, frame[NUMBERS]) == ({"x"} if name in QUANTILES else set())
    assert run.skipped == []


def test_the_search_for_rows_finds_them(recorded, frame, rows_in, tmp_path):
    results = sm.OLS(frame.y, design(frame)).fit()
    fitprint.statsmodels.save_model(results, tmp_path / "whole", remove_data=False)
    assert rows_in(tmp_path / "whole", frame[NUMBERS]) == {"x", "z", "y"}
    assert load_pickle(tmp_path / "whole" / "model.statsmodels").resid.equals(results.resid)


def test_statistics_stay(recorded, frame):
    results = sm.OLS(frame.y, design(frame)).fit()
    loaded = fitprint.statsmodels.load_model(fitprint.last_run().model_path)
    for name in ("rsquared", "aic", "llf", "f_pvalue", "nobs", "condition_number"):
        assert getattr(loaded, name) == getattr(results, name)
    for name in ("params", "bse", "pvalues"):
        pd.testing.assert_series_equal(getattr(loaded, name), getattr(results, name))
    pd.testing.assert_frame_equal(loaded.conf_int(), results.conf_int())
    assert loaded.t_test("x = 0").pvalue == pytest.approx(float(results.t_test("x = 0").pvalue))
    with pytest.raises(TypeError):  # as after statsmodels' own remove_data
        loaded.resid  # noqa: B018


@pytest.mark.parametrize("name", SERIES)
def test_a_series_predicts_from_a_start_and_an_end(recorded, series, name):
    results = fit(SERIES[name], series)
    run = fitprint.last_run()
    assert [skip.what for skip in run.skipped] == ["the model without its training data"]
    loaded = fitprint.load_model(run.model_path)
    assert [(spec.name, str(spec.type)) for spec in loaded.metadata.signature.inputs] == [
        ("start", "DataType.datetime"),
        ("end", "DataType.datetime"),
    ] or [spec.name for spec in loaded.metadata.signature.inputs] == ["start", "end"]
    start, end = series.index[-4], series.index[-1] + pd.Timedelta(days=0 if name == "MarkovRegression" else 3)
    found = fit(lambda: loaded.predict(pd.DataFrame({"start": [start], "end": [end]})))
    expected = fit(lambda: results.predict(start=start, end=end))
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected))
    two_rows = pd.DataFrame({"start": [start, start], "end": [end, end]})
    with pytest.raises(ValueError, match="one row with the columns start and end"):
        loaded.predict(two_rows)


def test_a_series_without_dates_predicts_from_positions(recorded, series):
    results = sm.tsa.AutoReg(series.to_numpy(), 2).fit()
    loaded = fitprint.load_model(fitprint.last_run().model_path)
    found = loaded.predict(pd.DataFrame({"start": [55], "end": [64]}))
    np.testing.assert_allclose(found, results.predict(55, 64))


@pytest.mark.parametrize("name", WITHOUT_PREDICT)
def test_results_that_mlflow_cannot_predict_with(recorded, frame, series, name):
    fit(WITHOUT_PREDICT[name], frame, series)
    run = fitprint.last_run()
    assert "python_function" not in document(run.model_path)["flavors"]
    assert ("the package's predict", "statsmodels") in [(skip.what, skip.rule) for skip in run.skipped]
    assert fitprint.statsmodels.load_model(run.model_path) is not None


FORMS = {
    "stateless": ("y ~ x + np.log(x)", True),
    "a category": ("y ~ C(g) + x:g", True),
    "numbers as levels": ("y ~ C(group) + x", True),
    "a spaced name": ("y ~ Q('a name') + x", True),
    "centred, which remembers the mean": ("y ~ center(x) + z", True),
    "standardized, which remembers more": ("y ~ standardize(x) + z", False),
    "splines, which remember it": ("y ~ bs(x, df=4)", False),
}


@pytest.mark.parametrize("form", FORMS)
def test_formulas(recorded, frame, rows_in, form):
    formula, without_rows = FORMS[form]
    data = frame.assign(**{"a name": frame.time})
    results = smf.ols(formula, data).fit()
    run = fitprint.last_run()
    loaded = fitprint.load_model(run.model_path)
    columns = [spec.name for spec in loaded.metadata.signature.inputs]
    assert set(columns) <= {"x", "z", "g", "group", "a name"}
    expected = results.predict(data.iloc[::-1])
    np.testing.assert_allclose(loaded.predict(data[columns].iloc[::-1]), expected)
    assert (rows_in(run.model_path, data[NUMBERS]) == set()) is without_rows
    told = [skip.what for skip in run.skipped]
    assert told == ([] if without_rows else ["the model without its training data"])


def test_missing_values(recorded, frame, rows_in):
    data = frame.copy()
    data.loc[::9, "x"] = np.nan
    results = smf.ols("y ~ x + g", data).fit()
    run = fitprint.last_run()
    loaded = fitprint.load_model(run.model_path)
    np.testing.assert_allclose(loaded.predict(data[["x", "g"]]), results.predict(data))
    assert rows_in(run.model_path, data[NUMBERS].dropna()) == set()


def test_a_formula_that_names_what_the_script_defines(store, frame):
    """statsmodels itself cannot read such a pickle: the formula is evaluated again when it is read."""
    fitprint.autolog(quiet=True)

    def doubled(values):
        return 2 * values

    smf.ols("y ~ doubled(x)", frame).fit()
    run = fitprint.last_run()
    assert run.model_path is None
    (told,) = [skip for skip in run.skipped if skip.what == "model"]
    assert "doubled" in told.reason
    assert run.metrics["nobs"] == 120


def test_remove_data(frame, series, tmp_path):
    results = smf.ols("y ~ standardize(x)", frame).fit()
    with pytest.raises(ValueError, match="remove_data=True"):
        fitprint.statsmodels.save_model(results, tmp_path / "a", remove_data=True)
    with pytest.raises(ValueError, match="remove_data=True"):
        fitprint.statsmodels.save_model(fit(SERIES["AutoReg"], series), tmp_path / "b", remove_data=True)
    plain = sm.OLS(frame.y, design(frame)).fit()
    fitprint.statsmodels.save_model(plain, tmp_path / "c", remove_data=True)
    plain.remove_data()
    fitprint.statsmodels.save_model(plain, tmp_path / "d")  # the user has left nothing to remove
    for name in "cd":
        np.testing.assert_allclose(
            fitprint.load_model(tmp_path / name).predict(design(frame)), plain.predict(design(frame))
        )


def test_mlmodel(recorded, frame):
    fit(FORMULAS["ols"], frame)
    found = document(fitprint.last_run().model_path)["flavors"]
    assert found["statsmodels"] == {
        "code": None,
        "data": "model.statsmodels",
        "statsmodels_version": statsmodels.__version__,
    }
    assert found["python_function"]["loader_module"] == "mlflow.statsmodels"
    lines = (fitprint.last_run().model_path / "requirements.txt").read_text().split()
    assert {"statsmodels", "numpy", "pandas", "scipy"} <= {line.partition("==")[0] for line in lines}


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(3)[:-1]])
def test_a_broken_file(recorded, frame, content):
    fit(ARRAYS["OLS"], frame)
    package = fitprint.last_run().model_path
    (package / "model.statsmodels").write_bytes(content)
    with pytest.raises(PackageError, match="cannot be loaded"):
        fitprint.load_model(package)


@pytest.mark.mlflow
@pytest.mark.parametrize("name", ["OLS of arrays", "GLM", "MNLogit", "MixedLM", "ols", "glm"])
def test_stock_mlflow_predicts_the_same(recorded, frame, load_elsewhere, mlflow_python, name):
    results = fit({**ARRAYS, **FORMULAS}[name], frame)
    rows = inputs_of(results, frame)
    package = fitprint.last_run().model_path
    if hasattr(rows, "columns"):
        rows = rows[[spec.name for spec in fitprint.load_model(package).metadata.signature.inputs]]
    np.testing.assert_allclose(
        load_elsewhere(package, rows, mlflow_python), np.asarray(results.predict(rows)), rtol=1e-6
    )


@pytest.mark.mlflow
@pytest.mark.parametrize("name", ["ARIMA", "AutoReg", "ExponentialSmoothing"])
def test_stock_mlflow_predicts_a_series(recorded, series, load_elsewhere, mlflow_pythons, name):
    """MLflow 3's: dates in a pickle of pandas 3 are refused by pandas 2, which MLflow 2 needs."""
    results = fit(SERIES[name], series)
    steps = pd.DataFrame({"start": [series.index[50]], "end": [series.index[-1]]}).astype("datetime64[ns]")
    found = load_elsewhere(fitprint.last_run().model_path, steps, mlflow_pythons["mlflow3"])
    np.testing.assert_allclose(found, np.asarray(results.predict(series.index[50], series.index[-1])), rtol=1e-6)


WRITE = """
    import mlflow, numpy as np, statsmodels.api as sm
    data = np.load("data.npy")
    results = sm.OLS(data[:, 0], data[:, 1:]).fit()
    mlflow.statsmodels.save_model(results, "theirs")
    np.save("expected.npy", results.predict(data[:, 1:]))
"""


@pytest.mark.mlflow
def test_what_mlflow_writes_is_read(frame, run_python, mlflow_python, tmp_path):
    data = frame[["y", "x", "z"]].to_numpy()
    np.save(tmp_path / "data.npy", data)
    run_python(WRITE, python=mlflow_python)
    expected = np.load(tmp_path / "expected.npy")
    np.testing.assert_allclose(fitprint.load_model(tmp_path / "theirs").predict(data[:, 1:]), expected)
    assert fitprint.statsmodels.load_model(tmp_path / "theirs").nobs == 120
