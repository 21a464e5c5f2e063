"""Trainings that Spark distributes over its executors: the driver records them."""

from __future__ import annotations

from typing import Any

from fitprint.plugin import Params, TrainingCall, distributed_history
from fitprint_xgboost._packages import booster_of

MODULE = "xgboost.spark.core"


def is_by_spark(call: TrainingCall) -> bool:
    """Return whether Spark distributes a training that this process has begun."""
    return _is_of_spark(type(call.instance))


def params(call: TrainingCall) -> Params:
    """Return all params of an estimator of Spark's, of which some have their default values."""
    estimator = call.instance
    values = {param.name: value for param, value in estimator.extractParamMap().items()}
    return Params(values, {param.name for param in estimator.params if not estimator.isSet(param)} & {*values})


def trained(call: TrainingCall) -> Any:
    """Return the model without Spark; None before the training has ended."""
    return local_model(call.result)


def local_model(model: Any) -> Any:
    """Return the estimator of XGBoost's in a model of Spark's, or its booster; any other model itself."""
    if not _is_of_spark(type(model)):
        return model
    local = getattr(model, "_xgb_sklearn_model", None)
    return local if local is not None else model.get_booster()


def _is_of_spark(cls: type) -> bool:
    return any(base.__module__ == MODULE for base in cls.__mro__)


def emit_history(call: TrainingCall) -> None:
    """Emit the evaluation metrics of every round, which Spark returns when the training has ended."""
    summary: Any = getattr(call.result, "training_summary", None)
    history = {}
    if summary is not None:  # since XGBoost 3
        history = {"training": summary.train_objective_history, "validation": summary.validation_objective_history}
    distributed_history(call, history, "executors")


def row_like(model: Any) -> Any:
    """Return a row of zeros with the features of a model: the types of the columns are not known outside of Spark."""
    import numpy as np
    import pandas as pd

    booster = booster_of(model)
    row = np.zeros((1, booster.num_features()))
    return row if booster.feature_names is None else pd.DataFrame(row, columns=booster.feature_names)
