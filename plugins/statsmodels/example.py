"""Three models of one series with fitprint: what the runs say, and a forecast from a package."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.tsa.api import AutoReg

import fitprint

fitprint.autolog(quiet=True)

days = pd.date_range("2024-01-01", periods=120, freq="D", name="day")
level = 30 + 0.1 * np.arange(120) + np.random.default_rng(0).normal(0, 1, 120)
series = pd.Series(level, index=days, name="level")

for trend in ("n", "c", "ct"):
    AutoReg(series, lags=1, trend=trend).fit()

runs = fitprint.search_runs().sort_values("metrics.aic")
print(runs[["params.model", "params.trend", "metrics.aic"]].round(1).to_string(index=False))

best = fitprint.get_run(runs["run_id"].iloc[0])
week = pd.DataFrame({"start": [days[-1] + pd.Timedelta(days=1)], "end": [days[-1] + pd.Timedelta(days=7)]})
print(fitprint.load_model(best.model_path).predict(week.astype("datetime64[ns]")).round(1).to_string())
