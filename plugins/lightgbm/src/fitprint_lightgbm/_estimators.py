"""Predicting with an estimator of the user's while it is recorded, and the metrics on its training rows."""

from __future__ import annotations

from typing import Any

from lightgbm import LGBMClassifier, LGBMModel, LGBMRegressor

from fitprint import TrainingCall
from fitprint.plugin.training_metrics import TrainingRows, training_metrics
from fitprint_lightgbm._arguments import arguments, has_evaluation_sets


def stand_in(model: LGBMModel) -> Any:
    """A copy that shares what was learnt, and hands nothing but what predicting needs to the booster.

    Predicting with all params prints what lightgbm thinks of them, and draws from a random state that was given; a
    lower verbosity would hold for all that the process does with lightgbm afterwards.
    """
    kind = type(model)
    if kind.__new__ is not object.__new__:
        return model  # made in a way of its own: nobody but itself can copy it
    made: Any = object.__new__(kind)
    vars(made).update(vars(model))
    needed = {name: value for name, value in model._other_params.items() if name.startswith("pred")}
    made._process_params = lambda stage: dict(needed)
    return made


def metrics_of_estimator(call: TrainingCall) -> dict[str, float]:
    """Classification or regression metrics under scikit-learn's names, unless evaluation sets give others."""
    if has_evaluation_sets(call):
        return {}
    given, model = arguments(call), stand_in(call.instance)
    rows = TrainingRows(given.get("X"), given.get("y"), given.get("sample_weight"))
    if isinstance(model, LGBMRegressor):
        return training_metrics(call, rows, model.predict, None)
    if not isinstance(model, LGBMClassifier):
        return {}
    if callable(model.objective_):
        call.skip("training metrics", "objective", "with an objective of the user's own it predicts no labels")
        return {}
    return training_metrics(call, rows, model.predict, model.predict_proba, model.classes_)
