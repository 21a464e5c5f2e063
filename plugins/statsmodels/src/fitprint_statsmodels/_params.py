"""The params of a fit: those of the model, where data is recorded only by its name, and the arguments of ``fit``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from fitprint.plugin import Params, TrainingCall, default_values, unchanged
from fitprint_statsmodels._stand_in import stand_in

_DATA = ("endog", "exog", "data", "formula", "missing_idx", "design_info", "model_spec")
_MAX_VALUES = 100
"""Larger arrays are recorded by their shape."""


def params(call: TrainingCall) -> Params:
    """Return the model's class, formula, names and settings, and the arguments of ``fit`` with their defaults.

    A setting of the model with the name of an argument of ``fit`` is recorded as ``model__<name>``.

    Args:
        call: The call of ``fit``.
    """
    model = stand_in(call.instance)
    arguments = _arguments(call)
    fit = {name: _readable(value) for name, value in arguments.items()}
    as_default = unchanged(arguments, default_values(call.function))
    params: dict[str, Any] = {"model": type(model).__name__}
    if isinstance(formula := getattr(model, "formula", None), str):
        params["formula"] = formula
    data = getattr(model, "data", None)
    params |= {"endog": getattr(data, "ynames", None), "exog": getattr(data, "xnames", None)}
    settings = _settings(model)
    unset = unchanged(settings, default_values(type(model)))
    for name, value in settings.items():
        full_name = f"model__{name}" if name in fit or name in params else name
        params[full_name] = _readable(value, is_data=True)
        if name in unset:
            as_default.add(full_name)
    return Params({**params, **fit}, as_default)


def _arguments(call: TrainingCall) -> dict[str, Any]:
    parameters = inspect.signature(call.function).parameters
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {name: parameter for name, parameter in parameters.items() if parameter.kind not in variadic}
    defaults = {
        name: parameter.default for name, parameter in named.items() if parameter.default is not parameter.empty
    }
    return defaults | dict(zip(named, call.args, strict=False)) | call.kwargs


def _settings(model: Any) -> dict[str, Any]:
    """Return the arguments of the constructor, as far as the model keeps them under the same or a private name."""
    names = [*inspect.signature(type(model).__init__).parameters, *getattr(model, "_init_keys", ())]
    attributes = {name.removeprefix("_"): value for name, value in vars(model).items()} | vars(model)
    return {name: attributes[name] for name in dict.fromkeys(names) if name in attributes and name not in _DATA}


def _readable(value: Any, is_data: bool = False) -> Any:
    """Return a value as it is recorded: an array of the data by its shape, an object of statsmodels by its class."""
    if isinstance(value, Mapping):
        return {str(name): _readable(member, is_data=True) for name, member in value.items()}
    shape = getattr(value, "shape", None)
    if shape:
        small = not is_data and value.size <= _MAX_VALUES and hasattr(value, "tolist")
        return value.tolist() if small else f"{type(value).__name__} of {' x '.join(map(str, shape))}"
    cls = value if isinstance(value, type) else type(value)
    if cls.__module__.partition(".")[0] == "statsmodels":
        link = getattr(value, "link", None)
        return cls.__name__ if link is None else f"{cls.__name__}(link={type(link).__name__})"
    return value
