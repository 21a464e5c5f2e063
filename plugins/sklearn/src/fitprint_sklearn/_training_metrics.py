"""Training metrics and facts of estimators that predict: classifiers, regressors, clusterers, outlier detectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fitprint import TrainingCall
from fitprint._core.rows import row_count
from fitprint.plugin.metrics.classification import (
    classification_facts,
    confusion_matrix,
    precision_recall_points,
    roc_points,
)
from fitprint.plugin.metrics.clustering import cluster_sizes, silhouette
from fitprint.plugin.metrics.regression import regression_facts
from fitprint.plugin.training_metrics import TrainingRows, named
from fitprint_sklearn._arguments import inputs_of
from fitprint_sklearn._fitted import final
from fitprint_sklearn._predictions import training_rows

Found = tuple[dict[str, float], dict[str, Any]]
"""Metrics by name, artifacts by file name."""


def classifier_facts(call: TrainingCall, model: Any) -> Found:
    """MLflow's ``training_*`` metrics, the confusion matrix and, for two classes, the curves."""
    classes = getattr(model, "classes_", None)
    scoring = _scoring_method(model, classes)
    rows = training_rows(call, model, predictions=2 if scoring else 1)
    if rows is None or rows.target is None:
        return {}, {}
    predicted = model.predict(rows.inputs)
    scores = getattr(model, scoring)(rows.inputs) if scoring else None
    facts = classification_facts(
        np.asarray(rows.target), predicted, classes=classes, probability=scores, weight=_weight(rows)
    )
    metrics = named(call, facts.metrics, facts.reasons)
    _add_score(call, model, rows, metrics, "training_accuracy_score")
    artifacts: dict[str, Any] = {}
    if facts.confusion is not None:
        artifacts["confusion_matrix.json"] = confusion_matrix(facts)
    if facts.curve is not None:
        artifacts["roc_curve.json"] = roc_points(facts.curve)
        artifacts["precision_recall_curve.json"] = precision_recall_points(facts.curve)
    return metrics, artifacts


def _scoring_method(model: Any, classes: Any) -> str | None:
    """What gives probabilities, or for two classes decision values, from which the curves are taken."""
    if hasattr(model, "predict_proba"):
        return "predict_proba"
    if hasattr(model, "decision_function") and classes is not None and len(classes) == 2:
        return "decision_function"
    return None


def regressor_facts(call: TrainingCall, model: Any) -> Found:
    """MLflow's ``training_*`` metrics of a regressor."""
    rows = training_rows(call, model, 1)
    if rows is None or rows.target is None:
        return {}, {}
    facts = regression_facts(np.asarray(rows.target), model.predict(rows.inputs), weight=_weight(rows))
    metrics = named(call, facts.metrics, facts.reasons)
    _add_score(call, model, rows, metrics, "training_r2_score")
    return metrics, {}


def clusterer_facts(call: TrainingCall, model: Any) -> Found:
    """The number of clusters and their sizes, and the silhouette coefficient on a sample of the rows."""
    labels = getattr(model, "labels_", None)
    if labels is None and hasattr(model, "predict"):
        rows = training_rows(call, model, 1)
        if rows is None or rows.sampled is not None:
            return {}, {}
        labels = model.predict(rows.inputs)
    if labels is None:
        return {}, {}
    sizes = cluster_sizes(labels)
    metrics = {"n_clusters": float(len(set(sizes) - {"-1"}))}
    if "-1" in sizes:
        metrics["noise_fraction"] = sizes["-1"] / sum(sizes.values())
    inputs = inputs_of(call)
    if len(labels) != row_count(inputs):  # FeatureAgglomeration clusters columns
        return metrics, {"cluster_sizes.json": sizes}
    precomputed = "precomputed" in (getattr(model, "metric", None), getattr(model, "affinity", None))
    if not precomputed and _is_numeric(inputs):
        found = silhouette(inputs, labels)
        if found.value is not None:
            metrics["training_silhouette_score"] = found.value
        if found.rows < len(labels):
            call.skip("silhouette of all rows", "cost", f"taken on {found.rows} of {len(labels)} rows, seed 0")
    return metrics, {"cluster_sizes.json": sizes}


def outlier_facts(call: TrainingCall, model: Any) -> Found:
    """The fraction of the training rows that an outlier detector calls outliers."""
    labels = call.result if call.name == "fit_predict" else None
    if labels is None and hasattr(model, "predict"):
        rows = training_rows(call, model, 1)
        labels = model.predict(rows.inputs) if rows is not None else None
    if labels is None:
        return {}, {}
    return {"training_outlier_fraction": float(np.mean(np.asarray(labels) == -1))}, {}


def _add_score(call: TrainingCall, model: Any, rows: TrainingRows, metrics: dict[str, float], standard: str) -> None:
    """``training_score`` is what the estimator's own ``score`` says: the standard metric unless it has another."""
    if standard in metrics and _scores_as_usual(model):
        metrics["training_score"] = metrics[standard]
    elif _calls_code_of_the_user(getattr(final(model), "scoring", None)):
        call.skip(
            "training_score", "scorer", "it would take a call of the scorer that was given, which is the user's own"
        )
    elif hasattr(model, "score"):
        weighted = {"sample_weight": rows.weight} if rows.weight is not None and not hasattr(model, "steps") else {}
        metrics["training_score"] = float(model.score(rows.inputs, rows.target, **weighted))


def _scores_as_usual(model: Any) -> bool:
    """Whether an estimator's ``score`` is the mixins' own, looking through pipelines and searches."""
    for _ in range(10):
        if hasattr(model, "steps"):
            model = model.steps[-1][1]
        elif getattr(model, "scoring", "") is None and hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            break
    qualified = getattr(getattr(type(model), "score", None), "__qualname__", "")
    return qualified in ("ClassifierMixin.score", "RegressorMixin.score", "MultiOutputClassifier.score")


def _calls_code_of_the_user(scoring: Any) -> bool:
    """Whether scoring calls a function that is not scikit-learn's. What that changes besides nobody could put back."""
    if isinstance(scoring, Mapping):
        return any(_calls_code_of_the_user(each) for each in scoring.values())
    function = getattr(scoring, "_score_func", scoring)
    module = str(getattr(function, "__module__", ""))
    return callable(function) and (not module.startswith("sklearn.metrics.") or ".tests." in module)


def _weight(rows: TrainingRows) -> Any:
    return None if rows.weight is None else np.asarray(rows.weight, dtype=float)


def _is_numeric(inputs: Any) -> bool:
    dtype = getattr(inputs, "dtype", None)
    if dtype is not None:
        return dtype.kind in "biuf" and len(inputs.shape) == 2
    if hasattr(inputs, "dtypes"):
        return all(getattr(each, "kind", "O") in "biuf" for each in inputs.dtypes)
    return isinstance(inputs, list)
