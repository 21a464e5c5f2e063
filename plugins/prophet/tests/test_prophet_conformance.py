"""Prophet on the conformance kit."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("prophet", reason="needs prophet: run `make test-all`")

import prophet.serialize
import prophet.utilities  # noqa: F401
from prophet import Prophet
from prophet.diagnostics import cross_validation

import fitprint
from fitprint.testing import Budget, Case, FlavorConformance

logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)


def table() -> dict[str, Any]:
    generator, days = np.random.default_rng(0), np.arange(120)
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=120).astype("datetime64[ns]")})
    frame["rain"] = generator.random(120)
    frame["y"] = 3 + 0.05 * days + np.sin(2 * np.pi * days / 7) + frame["rain"] + generator.normal(size=120) / 10
    return {"frame": frame, "future": future(frame)}


def future(frame: pd.DataFrame) -> pd.DataFrame:
    days = pd.date_range(frame["ds"].iloc[-5], periods=12).astype("datetime64[ns]")
    return pd.DataFrame({"ds": days, "rain": 0.4})


def made(**changed: Any) -> Prophet:
    """Without intervals, which are drawn anew at each prediction."""
    model = Prophet(n_changepoints=4, uncertainty_samples=0, weekly_seasonality=True, **changed)
    return model.add_regressor("rain")


def of_fitted() -> dict[str, Any]:
    with fitprint.suppress():  # what is validated is trained before
        return {"model": made().fit(table()["frame"], seed=1)}


def validate(data: dict[str, Any]) -> Any:
    return cross_validation(data["model"], horizon="10 days", period="20 days", initial="60 days", disable_tqdm=True)


class TestProphet(FlavorConformance):
    flavor = "prophet"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.4)
    without = {  # noqa: RUF012
        "test_metrics_are_the_frameworks_own_history": "Stan optimizes as a whole and tells no iteration",
        "test_early_stopping_is_told": "Stan does not stop early by a score",
        "test_models_clone": "Prophet has no clone of its own that is public",
    }
    cases = (
        Case(
            "forecaster",
            data=table,
            train=lambda data: made().fit(data["frame"], seed=1),
            rows=lambda data: data["future"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda model: {"growth": "linear", "n_changepoints": 4, "seed": 1, "holidays": None},
            fails=lambda data: made().fit(data["frame"].drop(columns="rain")),
        ),
        Case(
            "cross-validation",
            data=of_fitted,
            train=validate,
            package=False,
            nested=validate,
            params=lambda table: {"horizon": "10 days", "period": "20 days", "initial": "60 days", "cutoffs": None},
        ),
    )
