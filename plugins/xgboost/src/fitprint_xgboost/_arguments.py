"""The params among the arguments of a recorded call, and those that XGBoost chose itself."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from xgboost import XGBModel
from xgboost.callback import EarlyStopping

from fitprint.plugin import Listener, Params, default_values, unchanged

_OF_TRAINING = ("num_boost_round", "early_stopping_rounds", "verbose_eval", "maximize", "custom_metric")
"""MLflow records them under the same names."""
_OF_VALIDATION = ("nfold", "stratified", "shuffle", "seed", "metrics")


def stops_early(arguments: Mapping[str, Any]) -> bool:
    """Return whether the arguments of a training ask for early stopping."""
    callbacks = arguments.get("callbacks") or ()
    return bool(arguments.get("early_stopping_rounds")) or any(
        isinstance(callback, EarlyStopping) for callback in callbacks
    )


def training_params(function: Any, arguments: Mapping[str, Any]) -> Params:
    """Return the params of ``xgboost.train`` or ``xgboost.cv``: the booster's, and those of the call itself.

    Args:
        function: The function.
        arguments: The named arguments of its call.
    """
    params = {name: arguments[name] for name in _OF_VALIDATION if name in arguments}
    params |= _booster_params(arguments.get("params"))
    params |= {name: arguments[name] for name in _OF_TRAINING if name in arguments}
    if arguments.get("obj") is not None:
        params["obj"] = arguments["obj"]
    of_call = {name: value for name, value in params.items() if name in arguments}
    return Params(params, unchanged(of_call, default_values(function)))


def estimator_params(model: XGBModel, arguments: Mapping[str, Any]) -> Params:
    """Return all constructor params of an estimator, and what its ``fit`` passes on to ``xgboost.train``.

    Args:
        model: The estimator.
        arguments: The named arguments of ``fit``.
    """
    params = _constructor_params(model)
    callbacks = [callback for callback in params.get("callbacks") or () if not isinstance(callback, Listener)]
    params["callbacks"] = [type(callback).__qualname__ for callback in callbacks] or None
    as_default = unchanged(params, default_values(type(model)))
    metric = params.get("eval_metric")
    passed_on = {  # it says again what the constructor and `fit` were given
        "num_boost_round": model.get_num_boosting_rounds(),
        "verbose_eval": arguments.get("verbose"),
        "maximize": None,
        "custom_metric": metric if callable(metric) else None,
    }
    return Params({**params, **passed_on}, {*as_default, *passed_on})


def fitted_params(model: XGBModel) -> Params:
    """Return what ``fit`` itself chose: the objective and, for more than two classes, their number."""
    params: dict[str, Any] = {"objective": model.objective}
    classes = getattr(model, "n_classes_", 0)
    if classes > 2:
        params["num_class"] = int(classes)
    not_chosen = (default_values(type(model)).get("objective"), "multi:softprob")  # the latter is for several classes
    return Params(params, {"num_class"} if model.objective not in not_chosen else {*params})


def _constructor_params(model: XGBModel) -> dict[str, Any]:
    """Return ``get_params()``, which would draw a number from a generator that the user passed as `random_state`."""
    state = getattr(model, "random_state", None)
    if state is None or isinstance(state, int):
        return dict(model.get_params())
    model = copy.copy(model)
    model.random_state = None
    return {**model.get_params(), "random_state": str(state)}


def _booster_params(params: Any) -> dict[str, Any]:
    """Return the params of a dict, or of pairs in which a name (``eval_metric``) may occur several times."""
    if isinstance(params, Mapping):
        return dict(params)
    merged: dict[str, Any] = {}
    for name, value in params or ():
        merged[name] = [*_as_list(merged[name]), value] if name in merged else value
    return merged


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
