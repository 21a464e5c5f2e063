"""The rows on which training metrics are computed."""

from __future__ import annotations

from typing import Any

from fitprint.plugin import TrainingCall, TrainingRows, rows_within_budget
from fitprint_sklearn._arguments import target_of, weight_of


def training_rows(call: TrainingCall, model: Any, inputs: Any, predictions: int) -> TrainingRows | None:
    """Return all training rows, or a sample of them; see `fitprint.plugin.rows_within_budget`.

    Args:
        call: The call that has ended.
        model: The model that will predict them.
        inputs: The training data, as `silent_copy_for` returns it.
        predictions: How many times it will predict them.
    """
    rows = TrainingRows(inputs, target_of(call), weight_of(call))
    return rows_within_budget(call, rows, getattr(model, "predict", None), predictions)
