"""MLeap on the conformance kit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("mleap.sklearn.base", reason="needs mleap: run `make test-jvm`")
pytest.importorskip("mleap.sklearn.logistic", reason="needs mleap: run `make test-jvm`")

from sklearn.linear_model import LinearRegression, LogisticRegression

from fitprint.testing import Budget, Case, FlavorConformance

ROWS = np.random.default_rng(0).normal(size=(40, 3))


def fitted(model: Any, rows: Any, target: Any) -> dict[str, Any]:
    model.fit(rows, target)
    model.mlinit(input_features="features", prediction_column="prediction")
    return {"model": model, "rows": rows}


def on_a_table() -> dict[str, Any]:
    rows = pd.DataFrame(ROWS, columns=list("abc"))
    return fitted(LogisticRegression(), rows, np.arange(40) % 3)


def bundle(given: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        given["model"].serialize_to_bundle(folder, given["model"].name)
    return given["model"]


def predict(model: Any, rows: Any) -> Any:
    """The model that was trained knows the names of its columns, the one from the bundle does not."""
    return model.predict(rows if hasattr(model, "feature_names_in_") else np.asarray(rows))


class TestMLeap(FlavorConformance):
    flavor = "mleap"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.1)
    without = {  # noqa: RUF012
        "test_models_clone": "nothing is trained",
        "test_metrics_are_the_frameworks_own_history": "nothing is trained",
        "test_early_stopping_is_told": "nothing is trained",
        "test_params_are_complete": "nothing is trained",
        "test_training_inside_training_is_one_run": "nothing is trained; bundles in bundles: test_mleap_bundles.py",
        "test_a_failed_training_is_a_failed_run": "a conversion that fails leaves nothing: test_mleap_bundles.py",
        "test_the_exception_is_as_without_recording": "tested in test_mleap_bundles.py",
        "test_packages_of_the_oldest_version_load": "0.25.3 is the only version that is supported",
        "test_the_run_is_found_by_its_model": "the model has the run of its training: test_mleap_bundles.py",
    }
    cases = (
        Case(
            "regressor",
            data=lambda: fitted(LinearRegression(), ROWS, ROWS[:, :1] * 2 + 1),
            train=bundle,
            rows=lambda given: given["rows"],
            predict=predict,
        ),
        Case(
            "classifier",
            data=on_a_table,
            train=bundle,
            rows=lambda given: given["rows"],
            predict=predict,
        ),
    )
