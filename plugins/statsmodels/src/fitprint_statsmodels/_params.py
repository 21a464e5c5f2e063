"""The params of a fit: what the model was made with, by name and never by value where it is data, and fit's own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from fitprint.plugin import TrainingCall
from fitprint_statsmodels._stand_in import stand_in

_DATA = ("endog", "exog", "data", "formula", "missing_idx", "design_info", "model_spec")
_MOST = 100
"""Larger arrays are named by their shape."""


def params(call: TrainingCall) -> dict[str, Any]:
    """The model's class, formula, names and settings, and the arguments of ``fit`` with their defaults.

    A setting of the model that has the name of an argument of ``fit`` is recorded as ``model__<name>``.
    """
    model = stand_in(call.instance)
    fit = {name: _shown(value) for name, value in _arguments(call).items()}
    found: dict[str, Any] = {"model": type(model).__name__}
    if isinstance(formula := getattr(model, "formula", None), str):
        found["formula"] = formula
    data = getattr(model, "data", None)
    found |= {"endog": getattr(data, "ynames", None), "exog": getattr(data, "xnames", None)}
    for name, value in _settings(model).items():
        found[f"model__{name}" if name in fit or name in found else name] = _shown(value, is_data=True)
    return {**found, **fit}


def _arguments(call: TrainingCall) -> dict[str, Any]:
    parameters = inspect.signature(call.function).parameters
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {name: each for name, each in parameters.items() if each.kind not in variadic}
    found = {name: each.default for name, each in named.items() if each.default is not each.empty}
    return found | dict(zip(named, call.args, strict=False)) | call.kwargs


def _settings(model: Any) -> dict[str, Any]:
    """What the model's class was called with, as far as the model keeps it under the same name, or a private one."""
    names = [*inspect.signature(type(model).__init__).parameters, *getattr(model, "_init_keys", ())]
    kept = {name.removeprefix("_"): value for name, value in vars(model).items()} | vars(model)
    return {name: kept[name] for name in dict.fromkeys(names) if name in kept and name not in _DATA}


def _shown(value: Any, is_data: bool = False) -> Any:
    """A value as it is recorded: an array of the data by its shape, an object of statsmodels by its class."""
    if isinstance(value, Mapping):
        return {str(name): _shown(each, is_data=True) for name, each in value.items()}
    shape = getattr(value, "shape", None)
    if shape:
        small = not is_data and value.size <= _MOST and hasattr(value, "tolist")
        return value.tolist() if small else f"{type(value).__name__} of {' x '.join(map(str, shape))}"
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__.partition(".")[0] == "statsmodels":
        link = getattr(value, "link", None)
        return kind.__name__ if link is None else f"{kind.__name__}(link={type(link).__name__})"
    return value
