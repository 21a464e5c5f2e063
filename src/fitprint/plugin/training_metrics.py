"""Metrics on the rows a model was trained on: all of them, or a sample that takes no longer than is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitprint._core.rows import row_count, take_rows
from fitprint.plugin.flavor import TrainingCall
from fitprint.plugin.metrics.classification import classification_facts
from fitprint.plugin.metrics.clustering import sampled_rows
from fitprint.plugin.metrics.regression import regression_facts

_PILOTS = (50, 500)
_TOO_FEW_TO_ASK = 500
_FEWEST = 100

Predict = Callable[[Any], Any]


@dataclass
class TrainingRows:
    """The rows that metrics are taken on: ``inputs`` (n, ...), ``target`` (n,) or (n, outputs), ``weight`` (n,)."""

    inputs: Any
    target: Any
    weight: Any = None
    sampled: int | None = None
    """How many rows were drawn; None when these are all of them."""


def rows_in_time(
    call: TrainingCall, rows: TrainingRows, predict: Predict | None, predictions: int
) -> TrainingRows | None:
    """All rows, or a fixed-seed sample when predicting all would take longer than ``max_metric_seconds``.

    ``predictions``: how many times the rows will be predicted. None for inputs that have no rows to count.
    """
    total = row_count(rows.inputs)
    if not total:
        return None
    wanted = _rows_within(call.settings.max_metric_seconds / max(predictions, 1), predict, rows.inputs, total)
    if wanted >= total:
        return rows
    chosen = sampled_rows(total, wanted, seed=0)
    inputs, target, weight = (
        None if part is None else take_rows(part, chosen) for part in (rows.inputs, rows.target, rows.weight)
    )
    call.skip("training metrics of all rows", "max_metric_seconds", f"taken on {wanted} of {total} rows, seed 0")
    return TrainingRows(inputs, target, weight, sampled=wanted)


def _rows_within(seconds: float, predict: Predict | None, inputs: Any, total: int) -> int:
    """How many rows can be predicted in a time, judged by predicting a few first."""
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


def training_metrics(
    call: TrainingCall, rows: TrainingRows, predict: Predict, predict_proba: Predict | None, classes: Any = None
) -> dict[str, float]:
    """Metrics of a regressor, or of a classifier, which ``predict_proba`` makes it: under scikit-learn's names.

    They stand as ``training_<name>``; why one is missing is told the call.
    """
    if not call.settings.log_training_metrics:
        call.skip("training metrics", "log_training_metrics", "turned off")
        return {}
    if rows.inputs is None or rows.target is None:
        return {}
    taken = rows_in_time(call, rows, predict, 1 if predict_proba is None else 2)
    if taken is None:
        return {}
    truth, predicted = np.asarray(taken.target), predict(taken.inputs)
    if predict_proba is None:
        found = regression_facts(truth, predicted, weight=taken.weight)
        return named(call, found.metrics, found.reasons)
    scores = predict_proba(taken.inputs)
    facts = classification_facts(truth, predicted, classes=classes, probability=scores, weight=taken.weight)
    return named(call, facts.metrics, facts.reasons)


def named(call: TrainingCall, metrics: dict[str, float], reasons: dict[str, str]) -> dict[str, float]:
    """Metrics as ``training_<name>``; the reasons of those that are missing are told the call."""
    for name, reason in reasons.items():
        call.skip(f"training_{name}", "metric", reason)
    return {f"training_{name}": value for name, value in metrics.items()}
