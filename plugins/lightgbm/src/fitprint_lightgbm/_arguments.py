"""The params among the arguments of a recorded call, and those that LightGBM chose itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitprint.plugin import Listener, Params, default_values, unchanged

_NOT_PARAMS = ("params", "train_set", "valid_sets", "folds")
"""Arguments of ``train`` and ``cv`` that are data, or that contain the params."""
_PARAMS_OF_FIT = ("eval_metric", "eval_names", "feature_name", "categorical_feature", "callbacks", "init_model")


def call_params(function: Any, instance: Any, arguments: Mapping[str, Any]) -> Params:
    """Return the params of a training.

    For ``train`` and ``cv`` these are the booster's and the call's own; for an estimator the constructor's, and those
    that ``fit`` was given.

    Args:
        function: The function or method.
        instance: The estimator; None for ``train`` and ``cv``.
        arguments: The named arguments of the call.
    """
    arguments = {**arguments, "callbacks": _users(arguments.get("callbacks"))}
    if instance is None:
        own = {name: value for name, value in arguments.items() if name not in _NOT_PARAMS}
        params = arguments.get("params") or {}
        return Params({**own, **params}, unchanged(own, default_values(function)) - {*params})
    own = {name: arguments[name] for name in _PARAMS_OF_FIT if arguments.get(name) is not None}
    constructors = instance.get_params()
    constructors.pop("client", None)  # dask's, which is no param of the training
    as_default = unchanged(own, default_values(function)) | unchanged(constructors, default_values(type(instance)))
    return Params({**constructors, **own}, as_default)


def params_as_given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params among the arguments that ``train`` and ``cv`` have by now, without those that they have added.

    Args:
        arguments: The named arguments, as the function has them when it asks its callbacks.
    """
    params = dict(arguments.get("params") or {})
    if params.get("num_iterations") == arguments.get("num_boost_round"):
        params.pop("num_iterations", None)
    if params.get("objective") is None:
        params.pop("objective", None)
    return params


def _users(callbacks: Any) -> Any:
    """Return the user's callbacks without fitprint's; None if there is no other."""
    if not isinstance(callbacks, (list, tuple)):
        return callbacks
    return [callback for callback in callbacks if not isinstance(callback, Listener)] or None


def fitted_params(model: Any) -> Params:
    """Return what ``fit`` itself chose: the objective and, for more than two classes, their number."""
    classes = getattr(model, "n_classes_", 0)
    params = {"objective": model.objective_, **({"num_class": int(classes)} if classes > 2 else {})}
    return Params(params, {*params} if model.objective is None else {"num_class"})
