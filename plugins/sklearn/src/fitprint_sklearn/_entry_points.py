"""The entry points of scikit-learn that are recorded, and the classes that make no run when they are fitted alone."""

from __future__ import annotations

from fitprint.plugin import Patch, Role

_VALIDATION = "sklearn.model_selection._validation"

CROSS_VALIDATION = (
    "cross_validate",
    "cross_val_score",
    "cross_val_predict",
    "learning_curve",
    "validation_curve",
    "permutation_test_score",
)

PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples")

NO_METRICS = (
    *("check_scoring", "get_scorer", "get_scorer_names", "make_scorer"),
    *("euclidean_distances", "nan_euclidean_distances", "pairwise_distances", "pairwise_distances_argmin"),
    *("pairwise_distances_argmin_min", "pairwise_distances_chunked", "pairwise_kernels"),
)
"""Public functions of ``sklearn.metrics`` that make no metric. Estimators call some of them many times."""

PATCHES = (
    *(
        Patch("sklearn.base", f"BaseEstimator.{name}", subclasses=True)
        for name in ("fit", "fit_transform", "fit_predict")
    ),
    Patch("sklearn.base", "BaseEstimator.partial_fit", subclasses=True, role=Role.STEP),
    *(Patch(_VALIDATION, name) for name in CROSS_VALIDATION),
    *(Patch("sklearn.base", f"BaseEstimator.{name}", subclasses=True, role=Role.PREDICTS) for name in PREDICTIONS),
    Patch("sklearn.base", "BaseEstimator.score", subclasses=True, role=Role.SCORES),
    Patch("sklearn.metrics", "*", role=Role.SCORES, besides=NO_METRICS),
    Patch("sklearn.metrics._scorer", "_BaseScorer.__call__", role=Role.SCORES),
)

ONLY_PREPARES_DATA = (
    "sklearn.preprocessing.*",
    "sklearn.impute.*",
    "sklearn.feature_extraction.*",
    "sklearn.feature_selection.*",
    "sklearn.compose.ColumnTransformer",
)
"""The default of ``exclude_estimators``, as in MLflow. Within a pipeline they are part of its run."""
