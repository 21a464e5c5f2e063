"""The arguments of a call by name: one without the cost of `inspect.signature`, all of them, or with one replaced."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

_parameters_of: WeakKeyDictionary[Any, dict[bool, Mapping[str, inspect.Parameter]]] = WeakKeyDictionary()
"""The parameters of functions that were asked for, as plain functions (False) and as bound methods (True)."""


class _FunctionsOwn:
    """The type of `FUNCTIONS_OWN`."""

    def __repr__(self) -> str:
        return "<the function's own>"


FUNCTIONS_OWN = _FunctionsOwn()
"""Stands for the default that the function itself has for an argument, or None if it has none."""


def argument(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, default: Any = FUNCTIONS_OWN
) -> Any:
    """Return one argument of a call, whether it was passed by position or by name.

    Args:
        function: The function that was called.
        args: The positional arguments of the call.
        kwargs: The keyword arguments of the call.
        name: The name of the parameter.
        default: What to return when the argument was not passed; by default the function's own default.
    """
    if name in kwargs:
        return kwargs[name]
    names = positional_names(function)
    position = names.index(name) if name in names else len(args)
    if position < len(args):
        return args[position]
    return _own_default(function, name) if default is FUNCTIONS_OWN else default


def first_argument(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Return the first argument of a call, by position or else by name; None if there is none."""
    return args[0] if args else next(iter(kwargs.values()), None)


def _own_default(function: Any, name: str) -> Any:
    """Return a parameter's default, or None if it has none; a Python function is read without `inspect.signature`."""
    function = innermost(function)
    code = getattr(function, "__code__", None)
    if code is None:  # a compiled function
        try:
            parameter = inspect.signature(function).parameters.get(name)
        except (TypeError, ValueError):
            return None
        return None if parameter is None or parameter.default is parameter.empty else parameter.default
    by_name = getattr(function, "__kwdefaults__", None) or {}
    if name in by_name:
        return by_name[name]
    defaults = getattr(function, "__defaults__", None) or ()
    positional = code.co_varnames[: code.co_argcount]
    return dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True)).get(name)


def positional_names(function: Any) -> tuple[str, ...]:
    """Return the names of a function's positional parameters; for a bound method, without the instance."""
    bound = getattr(function, "__self__", None) is not None
    function = innermost(function)
    code = getattr(function, "__code__", None)
    if code is not None:
        names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    else:  # a compiled function
        try:
            names = tuple(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            return ()
        bound = bound and names[:1] == ("self",)
    return names[1:] if bound else names


def innermost(function: Any) -> Any:
    """Return the function that decorators have wrapped; a function that is not decorated itself."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def named_arguments(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], leading: Iterable[str] = ()
) -> dict[str, Any]:
    """Return all arguments of a call that have a name, including the defaults of those that were not passed.

    Keyword-only parameters are matched by position too, because some frameworks accept that, with a warning.

    Args:
        function: The function that was called.
        args: The positional arguments of the call.
        kwargs: The keyword arguments of the call.
        leading: Names for the first arguments, for a function that does not name them (``*args``).
    """
    parameters = _parameters(function)
    arguments = dict(zip(leading, args, strict=False))
    arguments |= {
        name: parameter.default for name, parameter in parameters.items() if parameter.default is not parameter.empty
    }
    return arguments | dict(zip(_names_in_order(function), args, strict=False)) | kwargs


def with_argument(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, value: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call with another value for one of them. The originals are not changed.

    Args:
        function: The function that is called.
        args: The positional arguments.
        kwargs: The keyword arguments.
        name: The name of the parameter.
        value: The new value.

    Raises:
        TypeError: The function has no such parameter.
    """
    names = _names_in_order(function)
    position = names.index(name) if name in names else len(args)
    if position < len(args):
        return (*args[:position], value, *args[position + 1 :]), kwargs
    parameters = _parameters(function)
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    if name not in parameters and not takes_any:
        raise TypeError(f"{getattr(function, '__qualname__', function)} has no parameter {name!r}")
    return args, {**kwargs, name: value}


def accepted_kwargs(function: Any, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return those keyword arguments for which a function has a parameter.

    Args:
        function: The function that will be called.
        kwargs: The arguments to choose from; None for none.
    """
    parameters = _parameters(function)
    return {name: value for name, value in (kwargs or {}).items() if name in parameters}


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a function, which `inspect` would work out anew each of the dozen times in a call."""
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, FunctionType):
        return inspect.signature(function).parameters
    by_binding = _parameters_of.setdefault(plain, {})
    is_bound = plain is not function
    if is_bound not in by_binding:
        by_binding[is_bound] = inspect.signature(function).parameters
    return by_binding[is_bound]


def _names_in_order(function: Any) -> list[str]:
    """Return the names of the parameters in the order in which they are passed by position, up to an ``*args``."""
    names = []
    for name, parameter in _parameters(function).items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            break
        names.append(name)
    return names
