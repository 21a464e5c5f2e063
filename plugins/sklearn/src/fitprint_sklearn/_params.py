"""The params of an estimator and of those inside it. An estimator among them is recorded by its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sklearn.base import BaseEstimator

from fitprint.plugin import TrainingCall, positional_names

_names: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()
"""The names of the params of each class, which ``get_params`` reads from the signature of the constructor each time."""


def estimator_params(estimator: Any) -> dict[str, Any]:
    """Return ``get_params(deep=True)``, as values that JSON has."""
    cls = type(estimator)
    if getattr(cls, "get_params", None) is BaseEstimator.get_params:
        if cls not in _names:
            _names[cls] = tuple(estimator.get_params(deep=False))
        values = {name: getattr(estimator, name) for name in _names[cls]}
        if not any(hasattr(value, "get_params") for value in values.values()):
            return {name: readable(value) for name, value in values.items()}
    return {name: readable(value) for name, value in estimator.get_params(deep=True).items()}


def validation_params(call: TrainingCall) -> dict[str, Any]:
    """Return the params of a cross-validation: those of the estimator, and how it is validated.

    An argument with the name of a param of the estimator is recorded as ``<function>__<argument>``.
    """
    estimator = call.argument("estimator")
    params = estimator_params(estimator) if hasattr(estimator, "get_params") else {}
    arguments = dict(zip(positional_names(call.function), call.args, strict=False)) | call.kwargs
    for name, value in arguments.items():
        if name not in ("estimator", "X", "y", "groups", "params", "fit_params") and not hasattr(value, "shape"):
            params[f"{call.name}__{name}" if name in params else name] = readable(value)
    return params


def readable(value: Any) -> Any:
    """Return a param as it is recorded. For an estimator that is its class, because its repr takes a millisecond."""
    if hasattr(value, "get_params"):
        return f"{type(value).__name__}()" if not isinstance(value, type) else value.__name__
    if isinstance(value, (list, tuple)) and len(value) <= 1000:
        return [readable(member) for member in value]
    if isinstance(value, Mapping):
        return {str(name): readable(member) for name, member in value.items()}
    return value
