"""Metrics of a model's predictions, made by the user after the training: their names, and what is not a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fitprint.plugin import TrainingCall
from fitprint.plugin.metrics.probability import MOST_POINTS, thinned

SCORER = "__call__"
"""The method by which a scorer is called: ``get_scorer("accuracy")(model, X, y)``."""


def scorer_name(call: TrainingCall) -> str:
    """Return the name of the metric that a scorer makes: that of its function, with ``neg_`` if it is the negative."""
    function = getattr(call.instance, "_score_func", None)
    name = str(getattr(function, "__name__", None) or type(function or call.instance).__name__)
    return f"neg_{name}" if getattr(call.instance, "_sign", 1) < 0 else name


def predicted_data(call: TrainingCall) -> Any:
    """Return the ``X`` of a call that predicts by itself: a scorer is given the estimator before it."""
    return call.argument("X", next(iter(call.args), None))


def validation_scores(call: TrainingCall) -> dict[str, float]:
    """Return the means of a cross-validation's test scores, by names that begin with that of the function."""
    if call.name == "cross_val_score":
        return {"cross_val_score": float(np.mean(call.result))}
    if call.name != "cross_validate":
        return {}
    scores = {name: values for name, values in call.result.items() if name.startswith("test_")}
    return {f"cross_validate_{name}": float(np.mean(values)) for name, values in scores.items()}


def artifacts_of(call: TrainingCall) -> Mapping[str, Any]:
    """Return a report, a confusion matrix or a curve as an artifact, by its file name."""
    describe = _ARTIFACTS.get(call.name)
    return {} if describe is None else describe(call)


def skip_others(call: TrainingCall) -> None:
    """Say of a metric that has several values, such as one for each class, that it is not recorded."""
    if isinstance(call.result, (np.ndarray, tuple)) and call.name not in _ARTIFACTS:
        call.skip(f"{call.name} after the training", "metric", "its result is not one number")


def _report(call: TrainingCall) -> Mapping[str, Any]:
    return {f"classification_report.{'txt' if isinstance(call.result, str) else 'json'}": call.result}


def _confusion_matrix(call: TrainingCall) -> Mapping[str, Any]:
    labels = call.argument("labels")
    if labels is None:
        labels = np.unique(np.concatenate([np.ravel(call.argument("y_true")), np.ravel(call.argument("y_pred"))]))
    document = {
        "labels": np.asarray(labels).tolist(),
        "matrix": call.result.tolist(),
        "rows": "true",
        "columns": "predicted",
        "weighted": call.argument("sample_weight") is not None,
    }
    normalized = call.argument("normalize")
    return {"confusion_matrix.json": document | ({"normalized": normalized} if normalized is not None else {})}


def _roc_curve(call: TrainingCall) -> Mapping[str, Any]:
    fpr, tpr, thresholds = call.result
    points = thinned(fpr, tpr, MOST_POINTS)
    curve = {"fpr": fpr[points].tolist(), "tpr": tpr[points].tolist(), "thresholds": thresholds[points].tolist()}
    return {"roc_curve.json": curve | _positive(call)}


def _precision_recall_curve(call: TrainingCall) -> Mapping[str, Any]:
    precision, recall, thresholds = call.result
    points = thinned(recall, precision, MOST_POINTS)
    curve = {
        "precision": precision[points].tolist(),
        "recall": recall[points].tolist(),
        "thresholds": thresholds[points[:-1]].tolist(),
    }
    return {"precision_recall_curve.json": curve | _positive(call)}


def _positive(call: TrainingCall) -> dict[str, Any]:
    label = call.argument("pos_label")
    return {"positive": 1 if label is None else label}


_ARTIFACTS: dict[str, Callable[[TrainingCall], Mapping[str, Any]]] = {
    "classification_report": _report,
    "confusion_matrix": _confusion_matrix,
    "roc_curve": _roc_curve,
    "precision_recall_curve": _precision_recall_curve,
}
