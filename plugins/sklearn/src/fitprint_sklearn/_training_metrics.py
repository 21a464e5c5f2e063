"""Training metrics and artifacts of classifiers, regressors, clusterers and outlier detectors."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from fitprint.plugin import (
    TrainingCall,
    TrainingRows,
    accepted_kwargs,
    attempt,
    positional_names,
    row_count,
    rows_within_budget,
    skip_several_values,
    take_rows,
    with_training_prefix,
)
from fitprint.plugin.metrics.classification import (
    classification_facts,
    confusion_matrix,
    precision_recall_points,
    roc_points,
)
from fitprint.plugin.metrics.clustering import cluster_sizes, silhouette
from fitprint.plugin.metrics.regression import regression_facts
from fitprint_sklearn._arguments import inputs_of, target_of
from fitprint_sklearn._fitted import final
from fitprint_sklearn._predictions import training_rows

Facts = tuple[dict[str, float], dict[str, Any]]
"""Metrics by name, artifacts by file name."""
_STANDARD_SCORES = (
    "ClassifierMixin.score",
    "RegressorMixin.score",
    "MultiOutputClassifier.score",
    "KNeighborsClassifier.score",  # those of neighbors do what the mixin does where they are given data
    "RadiusNeighborsClassifier.score",
)
"""The methods ``score`` that return the accuracy or the R2 of what ``predict`` returns."""


def classifier_facts(call: TrainingCall, model: Any, inputs: Any) -> Facts:
    """Return MLflow's ``training_*`` metrics, the confusion matrix and, for two classes, the curves.

    Args:
        call: The call that has ended.
        model: The classifier to predict with.
        inputs: The training data, as `silent_copy_for` returns it.
    """
    classes = getattr(model, "classes_", None)
    scoring = _scoring_method(model, classes)
    rows = training_rows(call, model, inputs, 1 + bool(scoring) + _predicts_to_score(model))
    if rows is None or rows.target is None:
        return {}, {}
    predicted = _predicted(call, model, rows)
    scores = getattr(model, scoring)(rows.inputs) if scoring else None
    facts = classification_facts(
        np.asarray(rows.target), predicted, classes=classes, probability=scores, weight=_weight(rows)
    )
    metrics = with_training_prefix(call, facts.metrics, facts.reasons)
    _add_score(call, model, rows, metrics, "training_accuracy_score")
    artifacts: dict[str, Any] = {}
    if facts.confusion is not None:
        artifacts["confusion_matrix.json"] = confusion_matrix(facts)
    if facts.curve is not None:
        artifacts["roc_curve.json"] = roc_points(facts.curve)
        artifacts["precision_recall_curve.json"] = precision_recall_points(facts.curve)
    return metrics, artifacts


def _scoring_method(model: Any, classes: Any) -> str | None:
    """Return the method that gives probabilities, or for two classes decision values, for the curves; or None."""
    if hasattr(model, "predict_proba"):
        return "predict_proba"
    if hasattr(model, "decision_function") and classes is not None and len(classes) == 2:
        return "decision_function"
    return None


def regressor_facts(call: TrainingCall, model: Any, inputs: Any) -> Facts:
    """Return MLflow's ``training_*`` metrics of a regressor.

    Args:
        call: The call that has ended.
        model: The regressor to predict with.
        inputs: The training data, as `silent_copy_for` returns it.
    """
    rows = training_rows(call, model, inputs, 1 + _predicts_to_score(model))
    if rows is None or rows.target is None:
        return {}, {}
    target, predicted = np.asarray(rows.target), _predicted(call, model, rows)
    if skip_several_values(call, target, predicted):
        return {}, {}
    facts = regression_facts(target, predicted, weight=_weight(rows))
    metrics = with_training_prefix(call, facts.metrics, facts.reasons)
    _add_score(call, model, rows, metrics, "training_r2_score")
    return metrics, {}


def clusterer_facts(call: TrainingCall, model: Any, inputs: Any) -> Facts:
    """Return the number of clusters and their sizes, and the silhouette coefficient on a sample of the rows.

    Args:
        call: The call that has ended.
        model: The clusterer to predict with.
        inputs: The training data, as `silent_copy_for` returns it.
    """
    labels = getattr(model, "labels_", None)
    if labels is None and hasattr(model, "predict"):
        rows = training_rows(call, model, inputs, 1)
        if rows is None or rows.sampled is not None:
            return {}, {}
        labels = _predicted(call, model, rows)
    if labels is None:
        return {}, {}
    sizes = cluster_sizes(labels)
    metrics = {"n_clusters": float(len(set(sizes) - {"-1"}))}
    if "-1" in sizes:
        metrics["noise_fraction"] = sizes["-1"] / sum(sizes.values())
    if len(labels) != row_count(inputs):  # FeatureAgglomeration clusters columns
        return metrics, {"cluster_sizes.json": sizes}
    precomputed = "precomputed" in (getattr(model, "metric", None), getattr(model, "affinity", None))
    if not precomputed and _is_numeric(inputs):
        score = silhouette(inputs, labels)
        if score.value is not None:
            metrics["training_silhouette_score"] = score.value
        if score.rows < len(labels):
            call.skip("silhouette of all rows", "cost", f"taken on {score.rows} of {len(labels)} rows, seed 0")
    return metrics, {"cluster_sizes.json": sizes}


def outlier_facts(call: TrainingCall, model: Any, inputs: Any) -> Facts:
    """Return the fraction of the training rows that an outlier detector calls outliers.

    Args:
        call: The call that has ended.
        model: The detector to predict with.
        inputs: The training data, as `silent_copy_for` returns it.
    """
    labels = call.result if call.name == "fit_predict" else None
    if labels is None and hasattr(model, "predict"):
        rows = training_rows(call, model, inputs, 1)
        labels = _predicted(call, model, rows) if rows is not None else None
    if labels is None:
        return {}, {}
    return {"training_outlier_fraction": float(np.mean(np.asarray(labels) == -1))}, {}


def _predicted(call: TrainingCall, model: Any, rows: TrainingRows) -> Any:
    """What a model predicts, kept for the signature where these are all rows of its training."""
    predicted = model.predict(rows.inputs)
    if rows.sampled is None:
        call.predicted = inputs_of(call), predicted
    return predicted


def own_score(call: TrainingCall, model: Any, inputs: Any) -> dict[str, float]:
    """Return ``training_score`` of an estimator that is neither a classifier nor a regressor, such as a density.

    Some of these scores are sums over the rows, so that none is computed on a sample.

    Args:
        call: The call that has ended.
        model: The estimator whose ``score`` is called; it need not have one.
        inputs: The training data, as `silent_copy_for` returns it.
    """
    metrics: dict[str, float] = {}
    if hasattr(model, "score"):
        rows = TrainingRows(inputs, target_of(call))

        def score_first(few: Any) -> None:
            target = None if rows.target is None else take_rows(rows.target, slice(0, row_count(few)))
            attempt(_score, model, TrainingRows(few, target))

        whole = rows_within_budget(call, rows, score_first, 1, not_of_a_sample="training_score")
        if whole is not None:
            _add_score(call, model, whole, metrics)
    return metrics


def score_of(model: Any, data: Any, target: Any, weight: Any, metrics: Mapping[str, float]) -> float | None:
    """Return what an estimator's ``score`` returns for data, or None if it has none.

    Args:
        model: The estimator.
        data: The rows.
        target: The target, or None.
        weight: The weights of the rows, or None.
        metrics: The metrics of these rows, among which the usual scores are found.
    """
    if not hasattr(model, "score"):
        return None
    standard = next((name for name in ("accuracy_score", "r2_score") if name in metrics), None)
    if standard is not None and _has_standard_score(model):
        return metrics[standard]
    return _score(model, TrainingRows(data, target, weight))


def _add_score(
    call: TrainingCall, model: Any, rows: TrainingRows, metrics: dict[str, float], standard: str = ""
) -> None:
    """Add ``training_score``, which is what the estimator's own ``score`` returns: usually the standard metric."""
    if standard in metrics and _has_standard_score(model):
        metrics["training_score"] = metrics[standard]
    elif _calls_user_code(getattr(final(model), "scoring", None)):
        call.skip("training_score", "scorer", "it would call the scorer that was passed, which is code of yours")
    elif hasattr(model, "score"):
        succeeded, score = attempt(_score, model, rows)
        if succeeded and isfinite(score):
            metrics["training_score"] = score
        else:
            reason = "it is not a finite number" if succeeded else f"the estimator's score raised {score!r:.300}"
            call.skip("training_score", "score", reason)


def _score(model: Any, rows: TrainingRows) -> float:
    """Return what an estimator's ``score`` returns; one that takes only inputs is given no target."""
    takes_target = rows.target is not None and len(positional_names(model.score)) > 1
    weight = {} if rows.weight is None or hasattr(model, "steps") else {"sample_weight": rows.weight}
    parts = (rows.inputs, rows.target) if takes_target else (rows.inputs,)
    return float(model.score(*parts, **accepted_kwargs(model.score, weight)))


def _has_standard_score(model: Any) -> bool:
    """Return whether an estimator's ``score`` is that of the mixins, looking inside pipelines and searches."""
    for _ in range(10):
        if hasattr(model, "steps"):
            model = model.steps[-1][1]
        elif getattr(model, "scoring", "") is None and hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            break
    return getattr(getattr(type(model), "score", None), "__qualname__", "") in _STANDARD_SCORES


def _predicts_to_score(model: Any) -> bool:
    """Return whether ``training_score`` takes one more prediction of the rows, by the estimator's own ``score``."""
    return hasattr(model, "score") and not _has_standard_score(model)


def _calls_user_code(scoring: Any) -> bool:
    """Return whether scoring calls a function that is not scikit-learn's, whose side effects cannot be undone."""
    if isinstance(scoring, Mapping):
        return any(_calls_user_code(scorer) for scorer in scoring.values())
    function = getattr(scoring, "_score_func", scoring)
    module = str(getattr(function, "__module__", ""))
    return callable(function) and (not module.startswith("sklearn.metrics.") or ".tests." in module)


def _weight(rows: TrainingRows) -> Any:
    return None if rows.weight is None else np.asarray(rows.weight, dtype=float)


def _is_numeric(inputs: Any) -> bool:
    dtype = getattr(inputs, "dtype", None)
    if dtype is not None:
        return dtype.kind in "biuf" and len(inputs.shape) == 2
    if hasattr(inputs, "iloc"):
        return all(getattr(dtype, "kind", "O") in "biuf" for dtype in inputs.dtypes)
    return isinstance(inputs, list)
