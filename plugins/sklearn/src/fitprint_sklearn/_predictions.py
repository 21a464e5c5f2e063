"""The predictions that training metrics are taken from: each made once, on all rows or on a sample of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from fitprint._flavor import TrainingCall
from fitprint._scores.clustering import sampled_rows
from fitprint.models.rows import row_count, take_rows
from fitprint_sklearn._arguments import inputs_of, target_of, weight_of

_PILOTS = (50, 500)
_TOO_FEW_TO_ASK = 500
_FEWEST = 100


@dataclass
class TrainingRows:
    """The rows that metrics are taken on: ``inputs`` (n, ...), ``target`` (n,) or (n, outputs), ``weight`` (n,)."""

    inputs: Any
    target: Any
    weight: Any
    sampled: int | None
    """How many rows were drawn; None when these are all of them."""


def training_rows(call: TrainingCall, model: Any, predictions: int) -> TrainingRows | None:
    """All rows, or a fixed-seed sample when predicting all would take longer than ``max_metric_seconds``.

    ``predictions``: how many times the rows will be predicted. None for inputs that have no rows to count.
    """
    inputs = inputs_of(call)
    total = row_count(inputs)
    if not total:
        return None
    rows = TrainingRows(inputs, target_of(call), weight_of(call), None)
    wanted = _rows_within(call.settings.max_metric_seconds / max(predictions, 1), model, inputs, total)
    if wanted >= total:
        return rows
    chosen = sampled_rows(total, wanted, seed=0)
    rows.inputs = take_rows(inputs, chosen)
    rows.target = take_rows(rows.target, chosen) if rows.target is not None else None
    rows.weight = take_rows(rows.weight, chosen) if rows.weight is not None else None
    rows.sampled = wanted
    call.skip("training metrics of all rows", "max_metric_seconds", f"taken on {wanted} of {total} rows, seed 0")
    return rows


def _rows_within(seconds: float, model: Any, inputs: Any, total: int) -> int:
    """How many rows can be predicted in a time, judged by predicting a few first."""
    predict = getattr(model, "predict", None)
    if predict is None or total <= _TOO_FEW_TO_ASK:
        return total
    wanted = total
    for pilot in _PILOTS:
        if pilot * 2 > total:
            return total
        few = take_rows(inputs, slice(0, pilot))
        began = time.perf_counter()
        predict(few)
        each = (time.perf_counter() - began) / pilot
        wanted = int(seconds / each) if each > 0 else total
        if wanted >= total:
            return total  # the pilot is slower per row than the whole: if it says there is time, there is
    return max(wanted, _FEWEST)
