"""Metrics on the training rows of an estimator that was given no evaluation set, which would have its own."""

from __future__ import annotations

from xgboost import XGBClassifier, XGBRegressor

from fitprint import TrainingCall
from fitprint.plugin.training_metrics import TrainingRows, training_metrics
from fitprint_xgboost._arguments import arguments


def metrics_of_estimator(call: TrainingCall) -> dict[str, float]:
    """Classification or regression metrics under scikit-learn's names, within ``max_metric_seconds``."""
    given, model = arguments(call), call.instance
    if given.get("eval_set") or not isinstance(model, (XGBClassifier, XGBRegressor)):
        return {}
    rows = TrainingRows(given.get("X"), given.get("y"), given.get("sample_weight"))
    probability = model.predict_proba if isinstance(model, XGBClassifier) else None
    return training_metrics(call, rows, model.predict, probability)
