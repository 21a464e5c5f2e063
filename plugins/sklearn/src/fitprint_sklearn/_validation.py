"""Cross-validation functions: the scores per fold, their mean and spread, and the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from fitprint import TrainingCall
from fitprint.plugin.metrics.classification import classification_facts
from fitprint.plugin.metrics.regression import regression_facts

Found = tuple[dict[str, float], dict[str, Any]]


def validation_facts(call: TrainingCall) -> Found:
    """Metrics and artifacts of a cross-validation's result; its series go through ``call.emit``."""
    return _OF[call.name](call)


def _cross_validate(call: TrainingCall) -> Found:
    folds = {name: values for name, values in call.result.items() if _is_numbers(values)}
    return _folds(call, folds), {"cv_results.csv": _table(folds)}


def _cross_val_score(call: TrainingCall) -> Found:
    folds = {"test_score": call.result}
    return _folds(call, folds), {"cv_results.csv": _table(folds)}


def _cross_val_predict(call: TrainingCall) -> Found:
    """The out-of-fold predictions scored against the target, where they are plain predictions."""
    target = call.argument("y")
    if target is None or call.argument("method", "predict") != "predict":
        call.skip("metrics", "method", "only plain predictions of a target can be scored")
        return {}, {}
    truth, predicted = np.asarray(target), call.result
    facts = classification_facts if is_classifier(call.argument("estimator")) else regression_facts
    return {f"cv_{name}": value for name, value in facts(truth, predicted).metrics.items()}, {}


def _learning_curve(call: TrainingCall) -> Found:
    sizes, train, test = call.result[:3]
    return _curve(call, "train_size", sizes, train, test, steps=sizes), {
        "learning_curve.csv": _curve_table("train_size", sizes, train, test)
    }


def _validation_curve(call: TrainingCall) -> Found:
    train, test = call.result[:2]
    name, values = str(call.argument("param_name")), list(call.argument("param_range"))
    return _curve(call, name, values, train, test, steps=range(len(values))), {
        "validation_curve.csv": _curve_table(name, values, train, test)
    }


def _permutation_test_score(call: TrainingCall) -> Found:
    score, permuted, p_value = call.result
    for step, value in enumerate(permuted):
        call.emit("permutation_score", float(value), step)
    spread = {
        "mean_permutation_score": float(np.mean(permuted)),
        "std_permutation_score": float(np.std(permuted)),
    }
    return {"score": float(score), "p_value": float(p_value), **spread}, {}


_OF = {
    "cross_validate": _cross_validate,
    "cross_val_score": _cross_val_score,
    "cross_val_predict": _cross_val_predict,
    "learning_curve": _learning_curve,
    "validation_curve": _validation_curve,
    "permutation_test_score": _permutation_test_score,
}


def _folds(call: TrainingCall, folds: Mapping[str, Any]) -> dict[str, float]:
    metrics = {}
    for name, values in folds.items():
        for fold, value in enumerate(values):
            call.emit(name, float(value), fold)
        metrics[f"mean_{name}"] = float(np.mean(values))
        metrics[f"std_{name}"] = float(np.std(values))
    return metrics


def _curve(
    call: TrainingCall, name: str, values: Iterable[Any], train: Any, test: Any, steps: Iterable[Any]
) -> dict[str, float]:
    """Mean and spread of the scores over the folds, a step per point of the curve; the best point as metrics."""
    for step, *scores in zip(steps, train, test, strict=True):
        for kind, of_folds in zip(("train", "test"), scores, strict=True):
            call.emit(f"mean_{kind}_score", float(np.mean(of_folds)), int(step))
            call.emit(f"std_{kind}_score", float(np.std(of_folds)), int(step))
    means = np.mean(test, axis=1)
    if not np.isfinite(means).any():
        return {}
    best = int(np.nanargmax(means))
    metrics = {"best_mean_test_score": float(means[best])}
    point = list(values)[best]
    if isinstance(point, (int, float, np.integer, np.floating)):
        metrics[f"best_{name}"] = float(point)
    return metrics


def _curve_table(name: str, values: Iterable[Any], train: Any, test: Any) -> str:
    table: dict[str, Any] = {name: list(values)}
    for kind, scores in (("train", train), ("test", test)):
        table |= {f"split{fold}_{kind}_score": column for fold, column in enumerate(np.transpose(scores))}
    return _table(table)


def _table(columns: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(str, values) for values in columns.values()), strict=True))
    return text.getvalue()


def _is_numbers(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "biuf"
