"""Each call of `calls.py` gives with fitprint what it gives with MLflow; fitprint accepts a few things more."""

from __future__ import annotations

from pathlib import Path

import pytest

CALLS = Path(__file__).with_name("calls.py").read_text("utf-8")
ACCEPTED_BEYOND_MLFLOW = {
    "columns: whole numbers",
    "tensor: float32",
    "tensor: list of rows",
    "tensor: whole numbers",
}
"""What MLflow refuses although it can be converted without changing a value: docs/signatures.md."""


@pytest.mark.mlflow
@pytest.mark.slow
def test_calls_give_what_they_give_in_mlflow(run_as_mlflow):
    expected, found = run_as_mlflow(CALLS)
    assert {name for name in expected if found[name] != expected[name]} == ACCEPTED_BEYOND_MLFLOW
    assert {expected[name] for name in ACCEPTED_BEYOND_MLFLOW} == {"raises"}
