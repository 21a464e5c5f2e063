"""What the tests of the flavor share: a series, and quiet loggers."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

FRAMEWORK_WARNS = ("ignore::DeprecationWarning:prophet", "ignore::FutureWarning:prophet")
"""What Prophet uses of pandas that a later pandas will not have is Prophet's affair."""


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """300 days with a week in them, a regressor ``rain``, and the limits of a logistic growth."""
    rng = np.random.default_rng(0)
    days = np.arange(300)
    frame = pd.DataFrame(
        {"ds": pd.date_range("2023-01-01", periods=300).astype("datetime64[ns]"), "rain": rng.random(300)}
    )
    frame["y"] = 5 + 0.1 * days + np.sin(2 * np.pi * days / 7) + frame["rain"] + rng.normal(size=300) / 10
    return frame.assign(cap=60.0, floor=1.5, weekday=days % 7 < 5)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stan's progress, line by line."""
    monkeypatch.setattr(logging.getLogger("cmdstanpy"), "level", logging.CRITICAL)
