"""Which of scikit-learn's own tests are run, by part: files and folders below the package."""

from __future__ import annotations

PARTS: dict[str, tuple[str, ...]] = {
    "estimator checks": ("tests/test_common.py",),
    "base and clone": ("tests/test_base.py", "tests/test_dummy.py", "utils/tests/test_tags.py"),
    "pipeline": ("tests/test_pipeline.py", "compose", "feature_selection"),
    "metadata routing": (
        "tests/test_metaestimators.py",
        "tests/test_metaestimators_metadata_routing.py",
        "tests/test_metadata_routing.py",
    ),
    "multiclass": ("tests/test_multiclass.py", "tests/test_multioutput.py", "semi_supervised"),
    "calibration": ("tests/test_calibration.py", "frozen"),
    "model selection": ("model_selection",),
    "ensemble": ("ensemble",),
    "linear models": ("linear_model",),
    "metrics": ("metrics/tests/test_score_objects.py", "metrics/tests/test_classification.py", "metrics/_plot"),
    "cluster": ("cluster",),
}

SMALL: tuple[str, ...] = (
    "tests/test_base.py",
    "tests/test_pipeline.py",
    "tests/test_multiclass.py",
    "tests/test_metadata_routing.py",
)

COUNTING: tuple[str, ...] = (
    "test_iforest_chunks_works",  # counts the chunks that are predicted
    "test_multimetric_scorer_calls_method_once",  # a `predict` counts its calls
    "test_early_stopping_with_sample_weights",  # counts the calls of `_raw_predict`
    "test_raw_predict_is_called_with_custom_scorer",  # the same
    "test_stacking_prefit",  # a mock's last call of `predict` has to be that of `fit`
)
"""Tests, by the beginning of their names, that count the calls of a model's `predict` or of what it uses.

They fail when fitprint predicts too, for training metrics and the signature, and are named apart: docs/guarantees.md.
"""
