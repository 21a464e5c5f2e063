"""The rows that training metrics are taken from, as scikit-learn's calls name them."""

from __future__ import annotations

from typing import Any

from fitprint import TrainingCall
from fitprint.plugin.training_metrics import TrainingRows, rows_in_time
from fitprint_sklearn._arguments import inputs_of, target_of, weight_of


def training_rows(call: TrainingCall, model: Any, predictions: int) -> TrainingRows | None:
    """All rows, or a sample of them (see `rows_in_time`); None for inputs that have no rows to count."""
    rows = TrainingRows(inputs_of(call), target_of(call), weight_of(call))
    return rows_in_time(call, rows, getattr(model, "predict", None), predictions)
