"""What a fitted estimator itself keeps: per-iteration series, single numbers, importances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

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
MOST_FEATURES = 2_000


def final(model: Any) -> Any:
    """The last step of a pipeline, or the model itself: that is where these attributes are."""
    while hasattr(model, "steps") and model.steps:
        model = model.steps[-1][1]
    return model


def series(model: Any) -> Iterator[tuple[str, list[float]]]:
    """(name, values) of the series an estimator keeps, one value per iteration."""
    kept = _kept(final(model))
    for name in SERIES:
        values = kept.get(name)
        if values is not None and np.ndim(values) == 1 and len(values):
            yield name.rstrip("_"), [float(each) for each in values]


def numbers(model: Any) -> dict[str, float]:
    """The single numbers an estimator keeps; of several runs (``n_iter_`` per class) the largest."""
    estimator = final(model)
    kept = _kept(estimator)
    found = {}
    for name in NUMBERS:
        value = kept.get(name)
        if value is not None and np.size(value) and np.asarray(value).dtype.kind in "biuf":
            found[name.rstrip("_")] = float(np.max(value))
    ratio = kept.get("explained_variance_ratio_")
    if ratio is not None:
        found["explained_variance_ratio"] = float(np.sum(ratio))
    return found


def feature_importance(model: Any) -> dict[str, Any]:
    """Importances or coefficients by feature, under the name of the attribute they are from."""
    estimator = final(model)
    found: dict[str, Any] = {}
    importances = getattr(estimator, "feature_importances_", None)
    if importances is not None and np.ndim(importances) == 1:
        found["feature_importances"] = _by_name(estimator, np.asarray(importances))
    coefficients = _kept(estimator).get("coef_")
    if coefficients is not None and not hasattr(coefficients, "tocsr") and np.ndim(coefficients) in (1, 2):
        rows = np.atleast_2d(np.asarray(coefficients))
        if rows.dtype.kind == "f" and len(rows) <= 100:
            named = [_by_name(estimator, row) for row in rows]
            found["coefficients"] = named[0] if len(named) == 1 else named
    return found


def explained_variance(model: Any) -> list[float] | None:
    """The share of the variance that each component explains."""
    ratio = _kept(final(model)).get("explained_variance_ratio_")
    return None if ratio is None else [float(each) for each in np.ravel(ratio)]


def _by_name(estimator: Any, values: Any) -> dict[str, float]:
    """Features by name, at most 2000: the largest."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or len(names) != len(values):
        names = [f"feature_{position}" for position in range(len(values))]
    chosen = range(len(values))
    if len(values) > MOST_FEATURES:
        chosen = sorted(np.argsort(-np.abs(values), kind="stable")[:MOST_FEATURES].tolist())  # type: ignore[assignment]
    return {str(names[position]): float(values[position]) for position in chosen}


def _kept(estimator: Any) -> dict[str, Any]:
    """The instance's own attributes: a property may cost as much as the training."""
    return getattr(estimator, "__dict__", {})
