"""Two growths of a Prophet with fitprint: their cross-validations compared, and a forecast from a package."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.diagnostics import cross_validation

import fitprint

logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
fitprint.autolog(quiet=True)

days = np.arange(300)
visitors = 100 + 0.3 * days + 10 * np.sin(2 * np.pi * days / 7) + np.random.default_rng(0).normal(0, 3, 300)
data = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=300), "y": visitors})

for growth in ("linear", "flat"):
    model = Prophet(growth=growth, uncertainty_samples=0).fit(data)
    package = fitprint.last_run().model_path
    cross_validation(model, horizon="20 days", period="60 days", initial="150 days", disable_tqdm=True)
    error = fitprint.last_run().metrics["rmse"]
    print(f"{growth}: rmse {error:.1f}")
    forecast = fitprint.load_model(package).predict(model.make_future_dataframe(3, include_history=False))
    print(forecast["yhat"].round().tolist())
