"""Predicting with an estimator of the user's while it is recorded, and the metrics on its training rows."""

from __future__ import annotations

from typing import Any

from lightgbm import LGBMClassifier, LGBMModel, LGBMRegressor

from fitprint._flavor import TrainingCall
from fitprint._training_metrics import TrainingRows, training_metrics
from fitprint_lightgbm._arguments import arguments, has_evaluation_sets


def stand_in(model: LGBMModel) -> Any:
    """A silent copy that shares what was learnt.

    Predicting prints what lightgbm thinks of the params, and draws from a random state that was given.
    """
    kind = type(model)
    if kind.__new__ is not object.__new__:
        return model  # made in a way of its own: nobody but itself can copy it
    made: Any = object.__new__(kind)
    vars(made).update(vars(model))
    made._other_params = dict(model._other_params)
    if not isinstance(model.random_state, int):
        made.random_state = None
    return made.set_params(**{"verbosity" if "verbosity" in made._other_params else "verbose": -1})


def metrics_of_estimator(call: TrainingCall) -> dict[str, float]:
    """Classification or regression metrics under scikit-learn's names, unless evaluation sets give others."""
    if not call.settings.log_training_metrics or has_evaluation_sets(call):
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
