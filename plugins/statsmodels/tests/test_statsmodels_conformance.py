"""statsmodels on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("statsmodels", reason="needs statsmodels: run `make test-all`")

import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.tsa.ar_model import AutoReg

from fitprint.testing import Budget, Case, FlavorConformance


def table() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(80, 2)), columns=["x", "z"])
    frame["place"] = np.array(["north", "south", "west", "east"])[np.arange(80) % 4]
    frame["count"] = generator.poisson(np.exp(0.3 * frame["x"]))
    frame["y"] = frame["x"] - 0.5 * frame["z"] + generator.normal(size=80)
    return {"frame": frame, "exog": sm.add_constant(frame[["x", "z"]])}


def series() -> dict[str, Any]:
    values = np.cumsum(np.random.default_rng(0).normal(size=60)) + 20
    return {"series": pd.Series(values, name="level")}  # without dates: a pickle of pandas 3 has some that 2 refuses


def steps(data: dict[str, Any]) -> pd.DataFrame:
    count = len(data["series"])
    return pd.DataFrame({"start": [count - 3], "end": [count + 4]})


def of_penalized(data: dict[str, Any]) -> Any:
    """A fit that fits the same model without constraints first."""
    return sm.Poisson(data["frame"]["count"], data["exog"]).fit_constrained("x = 0.2", disp=False)


class TestStatsmodels(FlavorConformance):
    flavor = "statsmodels"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.3)
    without = {  # noqa: RUF012
        "test_early_stopping_is_told": "no fit of statsmodels ends early by a score",
        "test_models_clone": "results have no clone",
    }
    cases = (
        Case(
            "ols",
            data=table,
            train=lambda data: sm.OLS(data["frame"]["y"], data["exog"]).fit(cov_type="HC1"),
            rows=lambda data: data["exog"],
            predict=lambda results, rows: results.predict(rows),
            params=lambda results: {
                "model": "OLS",
                "endog": "y",
                "exog": ["const", "x", "z"],
                "method": "pinv",
                "cov_type": "HC1",
                "cov_kwds": None,
                "use_t": None,
            },
            fails=lambda data: sm.OLS(data["frame"]["y"], data["exog"]).fit(method="no such method"),
        ),
        Case(
            "glm",
            data=table,
            train=lambda data: sm.GLM(data["frame"]["count"], data["exog"], family=sm.families.Poisson()).fit(),
            rows=lambda data: data["exog"],
            predict=lambda results, rows: results.predict(rows),
            params=lambda results: {"model": "GLM", "family": "Poisson(link=Log)", "maxiter": 100},
            history=lambda results: {"iteration_deviance": results.fit_history["deviance"][1:]},
            nested=of_penalized,
        ),
        Case(
            "formula",
            data=table,
            train=lambda data: smf.ols("y ~ x + C(place) + np.abs(z)", data["frame"]).fit(),
            rows=lambda data: data["frame"],
            predict=lambda results, rows: results.predict(rows),
            params=lambda results: {"formula": "y ~ x + C(place) + np.abs(z)"},
        ),
        Case(
            "series",
            data=series,
            train=lambda data: AutoReg(data["series"], lags=2, trend="ct").fit(),
            rows=steps,
            predict=lambda results, rows: results.predict(start=rows["start"].iloc[0], end=rows["end"].iloc[0]),
            params=lambda results: {"model": "AutoReg", "endog": "level", "trend": "ct", "lags": [1, 2]},
        ),
    )
