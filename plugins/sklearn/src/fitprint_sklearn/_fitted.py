"""What a fitted estimator keeps about its training: values of each iteration, single numbers, importances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from fitprint_sklearn._params import own_params

SERIES = ("train_score_", "validation_score_", "loss_curve_", "validation_scores_", "oob_scores_")
NUMBERS = (
    "inertia_",
    "n_iter_",
    "lower_bound_",
    "reconstruction_err_",
    "kl_divergence_",
    "stress_",
    "noise_variance_",
    "oob_score_",
    "best_loss_",
    "best_validation_score_",
    "alpha_",
    "log_marginal_likelihood_value_",
)
OF_LAST_BATCH = ("inertia", "n_iter")
"""Those of `NUMBERS` that say nothing of a loop of ``partial_fit``, because each call sets them anew."""
MOST_FEATURES = 2_000
_PLAIN = (bool, int, float, str)
_GIVE_CLASSES = (
    "LinearClassifierMixin.predict",
    "_BaseNB.predict",
    "BaseSVC.predict",
    "ForestClassifier.predict",
    "GradientBoostingClassifier.predict",
    "HistGradientBoostingClassifier.predict",
)
"""Methods that return elements of ``classes_``, one for each row, where these are an array."""


def final(model: Any) -> Any:
    """Return the last step of a pipeline, or the model itself: it has the attributes that are read here."""
    while hasattr(model, "steps") and model.steps:
        model = model.steps[-1][1]
    return model


def series(model: Any) -> Iterator[tuple[str, list[float]]]:
    """Yield (name, values) of the series that an estimator keeps, with one value per iteration."""
    attributes = _fitted_attributes(final(model))
    for name in SERIES:
        values = attributes.get(name)
        if values is not None and np.ndim(values) == 1 and len(values):
            yield name.rstrip("_"), [float(value) for value in values]


def numbers(model: Any) -> dict[str, float]:
    """Return the single numbers that an estimator keeps; of several (``n_iter_`` per class) the largest."""
    estimator = final(model)
    attributes = _fitted_attributes(estimator)
    metrics = {}
    for name in NUMBERS:
        value = attributes.get(name)
        if value is not None and np.size(value) and np.asarray(value).dtype.kind in "biuf":
            metrics[name.rstrip("_")] = float(np.max(value))
    ratio = attributes.get("explained_variance_ratio_")
    if ratio is not None:
        metrics["explained_variance_ratio"] = float(np.sum(ratio))
    return metrics


def outputs_like(model: Any) -> Any:
    """Return the classes of a classifier whose ``predict`` returns elements of these and nothing else; else None.

    The classifier, and in a pipeline each step before it, has to be scikit-learn's own, without a function or another
    estimator among its params: then nothing of the user's takes part in a prediction.
    """
    parts = [part for _, part in model.steps] if type(model) is Pipeline else [model]
    last = parts[-1]
    predict = getattr(getattr(type(last), "predict", None), "__qualname__", "")
    classes = _fitted_attributes(last).get("classes_")
    if predict not in _GIVE_CLASSES or type(classes) is not np.ndarray or classes.ndim != 1:
        return None
    return classes if classes.dtype.kind in "biufU" and all(map(_is_plain_part, parts)) else None


def _is_plain_part(part: Any) -> bool:
    """Return whether an estimator is scikit-learn's own, with plain values as params."""
    is_sklearns = type(part).__module__.partition(".")[0] == "sklearn"
    if not is_sklearns or type(part).get_params is not BaseEstimator.get_params:
        return False
    return all(isinstance(value, _PLAIN) or value is None for value in own_params(part).values())


def feature_importance(model: Any) -> dict[str, Any]:
    """Return importances or coefficients by feature, under the name of the attribute that has them."""
    estimator = final(model)
    facts: dict[str, Any] = {}
    importances = getattr(estimator, "feature_importances_", None)
    if importances is not None and np.ndim(importances) == 1:
        facts["feature_importances"] = _by_name(estimator, np.asarray(importances))
    coefficients = _fitted_attributes(estimator).get("coef_")
    if coefficients is not None and not hasattr(coefficients, "tocsr") and np.ndim(coefficients) in (1, 2):
        rows = np.atleast_2d(np.asarray(coefficients))
        if rows.dtype.kind == "f" and len(rows) <= 100:
            by_name = [_by_name(estimator, row) for row in rows]
            facts["coefficients"] = by_name[0] if len(by_name) == 1 else by_name
    return facts


def explained_variance(model: Any) -> list[float] | None:
    """Return the fraction of the variance that each component explains, or None."""
    ratio = _fitted_attributes(final(model)).get("explained_variance_ratio_")
    return None if ratio is None else [float(fraction) for fraction in np.ravel(ratio)]


def _by_name(estimator: Any, values: Any) -> dict[str, float]:
    """Return values by the name of the feature: at most 2000 of them, the largest."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or len(names) != len(values):
        names = [f"feature_{position}" for position in range(len(values))]
    chosen = range(len(values))
    if len(values) > MOST_FEATURES:
        chosen = sorted(np.argsort(-np.abs(values), kind="stable")[:MOST_FEATURES].tolist())  # type: ignore[assignment]
    return {str(names[position]): float(values[position]) for position in chosen}


def _fitted_attributes(estimator: Any) -> dict[str, Any]:
    """Return the instance's own attributes, because a property may take as long as the training."""
    return getattr(estimator, "__dict__", {})
