"""Metrics on the training rows of an estimator that was given no evaluation set, which would have its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from xgboost import XGBClassifier, XGBRegressor

from fitprint._flavor import TrainingCall
from fitprint._scores.classification import classification_facts
from fitprint._scores.regression import regression_facts
from fitprint.models.rows import first_rows, row_count, take_rows
from fitprint_xgboost._arguments import arguments

_PILOT = 1_000
"""Rows that are predicted first, to know what predicting all of them would cost."""
_SEED = 0


def training_metrics(call: TrainingCall) -> dict[str, float]:
    """Classification or regression metrics under scikit-learn's names, within ``max_metric_seconds``."""
    given, model = arguments(call), call.instance
    if given.get("eval_set") or not isinstance(model, (XGBClassifier, XGBRegressor)):
        return {}
    if not call.settings.log_training_metrics:
        call.skip("training metrics", "log_training_metrics", "turned off")
        return {}
    inputs, target, weight = _rows(call, given)
    if inputs is None or target is None:
        return {}
    truth, predicted = np.asarray(target), model.predict(inputs)
    if isinstance(model, XGBClassifier):
        probability = model.predict_proba(inputs)
        metrics = classification_facts(truth, predicted, probability=probability, weight=weight).metrics
    else:
        metrics = regression_facts(truth, predicted, weight=weight).metrics
    return {f"training_{name}": value for name, value in metrics.items()}


def _rows(call: TrainingCall, given: Mapping[str, Any]) -> list[Any]:
    """Inputs, target and weight: all rows, or a sample of them, which the run then says."""
    parts = [given.get(name) for name in ("X", "y", "sample_weight")]
    total = row_count(parts[0])
    if total is None:
        return [None, None, None]
    wanted = _rows_within(call.settings.max_metric_seconds, call.instance, parts[0], total)
    if wanted >= total:
        return parts
    chosen = np.sort(np.random.default_rng(_SEED).choice(total, wanted, replace=False))
    reason = f"taken on {wanted} of {total} rows, seed {_SEED}"
    call.skip("training metrics of all rows", "max_metric_seconds", reason)
    return [None if part is None else take_rows(part, chosen) for part in parts]


def _rows_within(seconds: float, model: Any, inputs: Any, total: int) -> int:
    if total <= 2 * _PILOT:
        return total
    few = first_rows(inputs, _PILOT)
    model.predict(few)  # the first prediction of a model also prepares it
    began = time.perf_counter()
    model.predict(few)
    per_row = 2 * (time.perf_counter() - began) / _PILOT  # labels and probabilities
    return max(_PILOT, int(seconds / per_row))
