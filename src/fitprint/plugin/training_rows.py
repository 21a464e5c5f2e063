"""Metrics on the rows that a model was trained on: on all of them, or on a sample that fits the time allowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitprint._core.rows import row_count, take_rows
from fitprint.plugin.contract import TrainingCall
from fitprint.plugin.metrics.classification import classification_facts
from fitprint.plugin.metrics.clustering import sampled_rows
from fitprint.plugin.metrics.regression import regression_facts

_PILOT_ROWS = (50, 500)
_ALWAYS_ALL = 500
_SMALLEST_SAMPLE = 100

Predict = Callable[[Any], Any]


@dataclass
class TrainingRows:
    """The rows that metrics are computed on."""

    __module__ = "fitprint.plugin"

    inputs: Any
    """The inputs, with a shape of (n, ...)."""
    target: Any
    """What is to be predicted, with a shape of (n,) or (n, outputs)."""
    weight: Any = None
    """The weights of the rows, with a shape of (n,); None for equal weights."""
    sampled: int | None = None
    """The number of rows in the sample; None when these are all rows."""


def rows_within_budget(
    call: TrainingCall,
    rows: TrainingRows,
    predict: Predict | None,
    predictions: int,
    *,
    not_of_a_sample: str | None = None,
) -> TrainingRows | None:
    """Return all rows, or a sample with a fixed seed when predicting all would exceed ``max_metric_seconds``.

    Args:
        call: The call; its run says so when only a sample is used.
        rows: All rows.
        predict: The model's prediction, to measure how long it takes; None to take all rows.
        predictions: How many times the rows will be predicted.
        not_of_a_sample: The name of a metric that a sample does not tell, such as a sum over the rows. If not all rows
            can be predicted in time, the result is None, and the run says why it lacks this metric.

    Returns:
        The rows; None when the inputs have no rows that can be counted.
    """
    total = row_count(rows.inputs)
    if not total:
        return None
    count = _affordable_rows(call.settings.max_metric_seconds / max(predictions, 1), predict, rows.inputs, total)
    if count >= total:
        return rows
    if not_of_a_sample is not None:
        reason = f"it would take longer than {call.settings.max_metric_seconds:g} s on all {total} rows"
        call.skip(not_of_a_sample, "max_metric_seconds", reason)
        return None
    chosen = sampled_rows(total, count, seed=0)
    inputs, target, weight = (
        None if part is None else take_rows(part, chosen) for part in (rows.inputs, rows.target, rows.weight)
    )
    call.skip("training metrics of all rows", "max_metric_seconds", f"taken on {count} of {total} rows, seed 0")
    return TrainingRows(inputs, target, weight, sampled=count)


def _affordable_rows(seconds: float, predict: Predict | None, inputs: Any, total: int) -> int:
    """Return how many rows can be predicted within a time, measured by predicting a few of them."""
    if predict is None or total <= _ALWAYS_ALL:
        return total
    count = total
    for pilot in _PILOT_ROWS:
        if pilot * 2 > total:
            return total
        few = take_rows(inputs, slice(0, pilot))
        began = time.perf_counter()
        predict(few)
        seconds_per_row = (time.perf_counter() - began) / pilot
        count = int(seconds / seconds_per_row) if seconds_per_row > 0 else total
        if count >= total:
            return total  # a few rows take longer per row than all: if they say that there is time, there is
    return max(count, _SMALLEST_SAMPLE)


def training_metrics(
    call: TrainingCall,
    rows: TrainingRows,
    predict: Predict,
    predict_proba: Predict | None,
    classes: Any = None,
    *,
    for_signature: bool = False,
) -> dict[str, float]:
    """Compute the metrics of a regressor or a classifier on its training rows, with scikit-learn's names and values.

    Args:
        call: The call; its run says why a metric is missing.
        rows: The rows; a sample of them is used when predicting all would take too long.
        predict: Predicts the target.
        predict_proba: Predicts the probabilities of the classes; None for a regressor.
        classes: The classes in the order of the probabilities; None to take them from the target.
        for_signature: Whether `predict` gives what the package will predict, so that the signature may be inferred from
            these predictions.

    Returns:
        The metrics, as ``training_<name>``.
    """
    if not call.settings.log_training_metrics:
        call.skip("training metrics", "log_training_metrics", "turned off")
        return {}
    if rows.inputs is None or rows.target is None:
        return {}
    used = rows_within_budget(call, rows, predict, 1 if predict_proba is None else 2)
    if used is None:
        return {}
    target, predicted = np.asarray(used.target), predict(used.inputs)
    if for_signature and used.sampled is None:
        call.predicted = rows.inputs, predicted
    if predict_proba is None:
        if skip_several_values(call, target, predicted):
            return {}
        regression = regression_facts(target, predicted, weight=used.weight)
        return with_training_prefix(call, regression.metrics, regression.reasons)
    probability = predict_proba(used.inputs)
    facts = classification_facts(target, predicted, classes=classes, probability=probability, weight=used.weight)
    return with_training_prefix(call, facts.metrics, facts.reasons)


def skip_several_values(call: TrainingCall, target: Any, predicted: Any) -> bool:
    """Return whether a regressor predicts several values of one target, such as quantiles, and tell the run.

    Args:
        call: The call; its run says that there are no training metrics, which compare one value with another.
        target: The target.
        predicted: What the model predicts.
    """
    values = np.shape(predicted)[1] if np.ndim(predicted) == 2 else 1
    if values == 1 or np.size(target) != np.shape(predicted)[0]:
        return False
    reason = f"the model predicts {values} values of each row, such as quantiles, and the target has one"
    call.skip("training metrics", "several values", reason)
    return True


def with_training_prefix(call: TrainingCall, metrics: dict[str, float], reasons: dict[str, str]) -> dict[str, float]:
    """Return metrics as ``training_<name>``.

    Args:
        call: The call; its run gets the reasons.
        metrics: The metrics by name.
        reasons: Why other metrics are missing, by name.
    """
    for name, reason in reasons.items():
        call.skip(f"training_{name}", "metric", reason)
    return {f"training_{name}": value for name, value in metrics.items()}
