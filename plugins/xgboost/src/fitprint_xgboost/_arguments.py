"""The arguments of a recorded call by name, and the params among them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from xgboost import XGBModel
from xgboost.callback import EarlyStopping

from fitprint import TrainingCall

_OF_TRAINING = ("num_boost_round", "early_stopping_rounds", "verbose_eval", "maximize", "custom_metric")
"""Recorded under these names by MLflow too."""
_OF_VALIDATION = ("nfold", "stratified", "shuffle", "seed", "metrics")


def arguments(call: TrainingCall) -> dict[str, Any]:
    """All named arguments, defaults included."""
    return call.arguments("X", "y") if call.instance is not None else call.arguments()


def stops_early(given: Mapping[str, Any]) -> bool:
    """Whether the arguments of a training ask for early stopping."""
    callbacks = given.get("callbacks") or ()
    return bool(given.get("early_stopping_rounds")) or any(isinstance(each, EarlyStopping) for each in callbacks)


def training_params(call: TrainingCall) -> dict[str, Any]:
    """The params of ``xgboost.train`` or ``xgboost.cv``: the booster's, and those of the call itself."""
    given = arguments(call)
    found = {name: given[name] for name in _OF_VALIDATION if name in given}
    found |= _booster_params(given.get("params"))
    found |= {name: given[name] for name in _OF_TRAINING if name in given}
    if given.get("obj") is not None:
        found["obj"] = given["obj"]
    return found


def estimator_params(call: TrainingCall) -> dict[str, Any]:
    """All constructor params of an estimator, and what its ``fit`` hands to ``xgboost.train``."""
    model = call.instance
    found = _constructor_params(model)
    metric = found.get("eval_metric")
    found |= {
        "num_boost_round": model.get_num_boosting_rounds(),
        "verbose_eval": arguments(call).get("verbose"),
        "maximize": None,
        "custom_metric": metric if callable(metric) else None,
    }
    found["callbacks"] = [type(each).__qualname__ for each in found.get("callbacks") or ()] or None
    return found


def fitted_params(model: XGBModel) -> dict[str, Any]:
    """What ``fit`` itself decided: the objective for several classes."""
    found = {"objective": model.objective}
    classes = getattr(model, "n_classes_", 0)
    return {**found, "num_class": int(classes)} if classes > 2 else found


def _constructor_params(model: XGBModel) -> dict[str, Any]:
    """``get_params()``, which would draw a number from the user's own generator if that is the ``random_state``."""
    state = getattr(model, "random_state", None)
    if state is None or isinstance(state, int):
        return dict(model.get_params())
    model = copy.copy(model)
    model.random_state = None
    return {**model.get_params(), "random_state": str(state)}


def _booster_params(params: Any) -> dict[str, Any]:
    """A dict, or pairs in which a name (``eval_metric``) may stand several times."""
    if isinstance(params, Mapping):
        return dict(params)
    found: dict[str, Any] = {}
    for name, value in params or ():
        found[name] = [*_as_list(found[name]), value] if name in found else value
    return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
