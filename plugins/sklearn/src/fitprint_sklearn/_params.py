"""The params of an estimator, deep; estimators among them by their class, for their own params follow by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitprint import TrainingCall
from fitprint.plugin.arguments import parameter_names


def estimator_params(estimator: Any) -> dict[str, Any]:
    """``get_params(deep=True)``, as values that JSON has."""
    return {name: shown(value) for name, value in estimator.get_params(deep=True).items()}


def validation_params(call: TrainingCall) -> dict[str, Any]:
    """The params of a cross-validation: those of the estimator, and how it is validated.

    An argument that has the name of one of the estimator's params stands as ``<function>__<argument>``.
    """
    estimator = call.argument("estimator")
    found = estimator_params(estimator) if hasattr(estimator, "get_params") else {}
    given = dict(zip(parameter_names(call.function), call.args, strict=False)) | call.kwargs
    for name, value in given.items():
        if name not in ("estimator", "X", "y", "groups", "params", "fit_params") and not hasattr(value, "shape"):
            found[f"{call.name}__{name}" if name in found else name] = shown(value)
    return found


def shown(value: Any) -> Any:
    """A param as it is recorded. An estimator's repr takes a millisecond: its class and parentheses stand for it."""
    if hasattr(value, "get_params"):
        return f"{type(value).__name__}()" if not isinstance(value, type) else value.__name__
    if isinstance(value, (list, tuple)) and len(value) <= 1000:
        return [shown(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): shown(each) for name, each in value.items()}
    return value
