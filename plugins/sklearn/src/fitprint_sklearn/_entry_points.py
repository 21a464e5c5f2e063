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

PATCHES = (
    *(
        Patch("sklearn.base", f"BaseEstimator.{name}", subclasses=True)
        for name in ("fit", "fit_transform", "fit_predict")
    ),
    Patch("sklearn.base", "BaseEstimator.partial_fit", subclasses=True, role=Role.STEP),
    *(Patch(_VALIDATION, name) for name in CROSS_VALIDATION),
)

ONLY_PREPARES_DATA = (
    "sklearn.preprocessing.*",
    "sklearn.impute.*",
    "sklearn.feature_extraction.*",
    "sklearn.feature_selection.*",
    "sklearn.compose.ColumnTransformer",
)
"""The default of ``exclude_estimators``, as in MLflow. Within a pipeline they are part of its run."""
