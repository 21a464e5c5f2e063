"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("prophet", reason="needs prophet: run `make test-all`")


def test_the_example(run_example):
    linear, _, flat, forecast = run_example()
    assert linear.startswith("linear: rmse 3.")
    assert flat.startswith("flat: rmse 3")
    assert len(forecast.split(",")) == 3
