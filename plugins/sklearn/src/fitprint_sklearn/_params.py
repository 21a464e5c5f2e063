"""The params of an estimator and of those inside it. An estimator among them is recorded by its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from fitprint.plugin import Params, TrainingCall, default_values, positional_names, unchanged

_own_params: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()
"""The params of each class with their defaults. ``get_params`` reads their names from the constructor each time."""
_NO_DEFAULT = object()


def estimator_params(estimator: Any) -> Params:
    """Return ``get_params(deep=True)``, as values that JSON has, and which of them have their default values."""
    cls = type(estimator)
    values = _deep_params(estimator)
    is_flat = cls in _own_params and len(values) == len(_own_params[cls])
    defaults = _own_params[cls] if is_flat else _nested_defaults(estimator, values)
    return Params({name: readable(value) for name, value in values.items()}, unchanged(values, defaults))


def _deep_params(estimator: Any) -> dict[str, Any]:
    """Return what ``get_params(deep=True)`` does, in its order.

    scikit-learn's own reads the signature of each constructor anew, which takes as long as two files of the run.
    """
    cls = type(estimator)
    get_params = getattr(cls, "get_params", None)
    if get_params is not BaseEstimator.get_params and get_params is not Pipeline.get_params:
        return dict(estimator.get_params(deep=True))
    values: dict[str, Any] = {}
    for name, value in own_params(estimator).items():
        if hasattr(value, "get_params") and not isinstance(value, type):
            values |= {f"{name}__{inner}": member for inner, member in _deep_params(value).items()}
        values[name] = value
    if get_params is Pipeline.get_params:
        values |= estimator.steps
        for step, part in estimator.steps:
            if hasattr(part, "get_params"):
                values |= {f"{step}__{inner}": member for inner, member in _deep_params(part).items()}
    return values


def own_params(estimator: Any) -> dict[str, Any]:
    """Return what ``get_params(deep=False)`` does, of a class that has scikit-learn's own or inherits it."""
    cls = type(estimator)
    own = _own_params.get(cls)
    if own is None:
        defaults = default_values(cls)
        own = {name: defaults.get(name, _NO_DEFAULT) for name in estimator.get_params(deep=False)}
        _own_params[cls] = own
    return {name: getattr(estimator, name) for name in own}


def _nested_defaults(estimator: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults of the params of an estimator, and of those inside it, by their full names.

    A part that an estimator lists under a name, such as a step of a pipeline, counts as its own default: what was set
    is the list, and the params of the part.
    """
    defaults = {}
    of_owner = {"": default_values(type(estimator))}
    for name, value in values.items():
        owner, _, own_name = name.rpartition("__")
        if owner not in of_owner:
            of_owner[owner] = default_values(type(values[owner])) if owner in values else {}
        if own_name in of_owner[owner]:
            defaults[name] = of_owner[owner][own_name]
        elif hasattr(value, "get_params") and not hasattr(values.get(owner, estimator), own_name):
            defaults[name] = value
    return defaults


def validation_params(call: TrainingCall) -> Params:
    """Return the params of a cross-validation: those of the estimator, and how it is validated.

    An argument with the name of a param of the estimator is recorded as ``<function>__<argument>``.
    """
    estimator = call.argument("estimator")
    params = estimator_params(estimator) if hasattr(estimator, "get_params") else Params({})
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
