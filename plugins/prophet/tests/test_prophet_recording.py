"""Which calls leave runs, and what these say."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("prophet", reason="needs prophet: run `make test-all`")

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.diagnostics import cross_validation, performance_metrics

import fitprint

WINDOW = {"horizon": "20 days", "period": "40 days", "initial": "150 days"}


def made(**params):
    return Prophet(**{"n_changepoints": 5, "uncertainty_samples": 50, **params})


def test_params(recorded, frame):
    holidays = pd.DataFrame({"holiday": "fair", "ds": pd.to_datetime(["2023-03-03", "2023-09-09"])})
    model = made(holidays=holidays, seasonality_mode="multiplicative", yearly_seasonality=False)
    model.add_seasonality("monthly", 30.5, 3, condition_name="weekday")
    model.add_regressor("rain", mode="additive", standardize=False)
    model.add_country_holidays("FR")
    model.fit(frame, seed=3)
    (run,) = fitprint.runs()
    assert run.name == "Prophet"
    assert run.params["holidays"] == ["fair"]
    assert run.params["country_holidays"] == "FR"
    assert run.params["changepoints"] is None
    assert (run.params["growth"], run.params["seasonality_mode"]) == ("linear", "multiplicative")
    assert (run.params["seed"], run.params["n_changepoints"]) == (3, 5)
    assert run.params["regressors"]["rain"]["mode"] == "additive"
    assert set(run.params["seasonalities"]) == {"monthly", "weekly"}
    assert run.params["seasonalities"]["monthly"]["condition_name"] == "weekday"
    assert run.skipped == []


def test_changepoints_that_were_given(recorded, frame):
    dates = ["2023-03-01", "2023-06-01"]
    made(changepoints=dates).fit(frame)
    run = fitprint.last_run()
    assert run.params["changepoints"] == [f"{date} 00:00:00" for date in dates]
    table = pd.read_csv(io.StringIO((run.path / "artifacts" / "changepoints.csv").read_text()))
    assert list(table["ds"]) == dates


def test_training_metrics_are_those_of_the_training_rows(recorded, frame):
    rows = frame.sample(frac=1, random_state=0).astype({"ds": str})
    rows.iloc[3, rows.columns.get_loc("y")] = np.nan
    model = made().fit(rows)
    known = rows.dropna()
    error = model.predict(known).sort_values("ds")["yhat"].to_numpy() - known.sort_values("ds")["y"].to_numpy()
    metrics = fitprint.last_run().metrics
    assert metrics["training_mean_squared_error"] == pytest.approx(float(np.mean(error**2)))
    assert metrics["training_mean_absolute_error"] == pytest.approx(float(np.mean(np.abs(error))))
    assert metrics["sigma_obs"] == pytest.approx(float(model.params["sigma_obs"].mean()))
    fitprint.autolog(strict=True, quiet=True, log_training_metrics=False)
    made().fit(frame)
    assert not [name for name in fitprint.last_run().metrics if name.startswith("training_")]


def test_metrics_of_many_rows_are_of_a_sample(store):
    fitprint.autolog(strict=True, quiet=True, max_metric_seconds=1e-9)
    days = pd.date_range("2000-01-01", periods=2500)
    made(uncertainty_samples=0, n_changepoints=0).fit(pd.DataFrame({"ds": days, "y": np.sin(np.arange(2500) / 9)}))
    run = fitprint.last_run()
    assert [skip.rule for skip in run.skipped] == ["max_metric_seconds"]
    assert "of 2500 rows" in run.skipped[0].reason
    assert "training_r2_score" in run.metrics


def test_coefficients_of_regressors(recorded, frame):
    model = made()
    model.add_regressor("rain").fit(frame)
    text = (fitprint.last_run().path / "artifacts" / "regressor_coefficients.csv").read_text()
    assert pd.read_csv(io.StringIO(text))["regressor"].tolist() == ["rain"]


@pytest.fixture
def fitted(frame):
    return made().fit(frame[["ds", "y"]])


@pytest.mark.parametrize("parallel", [None, "threads"])
def test_cross_validation_is_one_run(recorded, fitted, parallel):
    found = cross_validation(fitted, **WINDOW, parallel=parallel, disable_tqdm=True)
    run, _ = fitprint.runs()  # and that of the model itself
    assert run.name == "prophet.cross_validation"
    assert {name: run.params[name] for name in WINDOW} == WINDOW
    assert (run.params["parallel"], run.params["growth"]) == (parallel, "linear")
    overall = performance_metrics(found, rolling_window=1).iloc[-1]
    for name in ("mse", "rmse", "mae", "mape", "mdape", "smape", "coverage"):
        assert run.metrics[name] == pytest.approx(float(overall[name]))
    table = pd.read_csv(io.StringIO((run.path / "artifacts" / "performance_metrics.csv").read_text()))
    assert len(table) == len(performance_metrics(found))
    cutoffs = pd.read_csv(io.StringIO((run.path / "artifacts" / "cutoffs.csv").read_text()))
    assert cutoffs["forecasts"].sum() == len(found)
    assert cutoffs["mse"].to_numpy() @ cutoffs["forecasts"].to_numpy() / len(found) == pytest.approx(run.metrics["mse"])
    assert [skip.what for skip in run.skipped] == ["model"]


def test_cross_validation_in_processes_is_one_run(store, run_python, frame, tmp_path):
    frame[["ds", "y"]].to_pickle(tmp_path / "frame")
    done = run_python(f"""
import logging, pandas as pd, fitprint
from prophet import Prophet
from prophet.diagnostics import cross_validation

if __name__ == "__main__":
    logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
    fitprint.autolog(strict=True, quiet=True)
    model = Prophet(n_changepoints=5, uncertainty_samples=0).fit(pd.read_pickle("frame"))
    cross_validation(model, **{WINDOW}, parallel="processes")
    print([run.name for run in fitprint.runs()])
    print("coverage" in fitprint.last_run().metrics)
""")
    assert done.stdout.split("\n")[:2] == ["['prophet.cross_validation', 'Prophet']", "False"]


def test_cross_validation_that_fails(store, fitted):
    fitprint.autolog(quiet=True)
    with pytest.raises(ValueError, match="Less data than horizon"):
        cross_validation(fitted, horizon="900 days")
    (run,) = fitprint.runs()
    assert (run.status, run.models) == ("FAILED", {})


def test_a_class_of_the_users(recorded, frame):
    class Mine(Prophet):
        def fit(self, df, **options):
            Prophet(n_changepoints=1).fit(df[:100])
            return super().fit(df, **options)

    model = Mine(n_changepoints=5)
    assert model.fit(frame) is model
    (run,) = fitprint.runs()
    assert run.name == "Mine"
    assert fitprint.run_of(model).run_id == run.run_id


@pytest.mark.parametrize(
    "order", ["import prophet, fitprint; fitprint.autolog()", "import fitprint; fitprint.autolog()"]
)
def test_imports_in_both_orders(store, run_python, frame, tmp_path, order):
    frame[["ds", "y"]].to_pickle(tmp_path / "frame")
    done = run_python(f"""
{order}
fitprint.autolog(strict=True)
import pandas as pd
from prophet import Prophet
Prophet(n_changepoints=2).fit(pd.read_pickle("frame"))
fitprint.disable()
Prophet(n_changepoints=2).fit(pd.read_pickle("frame"))
print(len(fitprint.runs()))
""")
    assert done.stdout.strip() == "1"
