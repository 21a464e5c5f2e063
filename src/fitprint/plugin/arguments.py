"""The arguments of a call by name: one of them, without the cost of `inspect.signature`; all of them; one replaced."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any


def argument(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, default: Any = None) -> Any:
    """The argument of a name in a call, however it was given; ``default`` when it was not."""
    if name in kwargs:
        return kwargs[name]
    names = parameter_names(function)
    position = names.index(name) if name in names else len(args)
    return args[position] if position < len(args) else default


def parameter_names(function: Any) -> tuple[str, ...]:
    """The names of a function's positional parameters; of a bound method without its instance."""
    bound = getattr(function, "__self__", None) is not None
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
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


def named_arguments(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], leading: Iterable[str] = ()
) -> dict[str, Any]:
    """All arguments of a call that have a name, defaults included.

    Keyword-only ones may be given by position: some frameworks take them so, with a warning. ``leading``: the names of
    the first arguments, for functions that give them none (``*args``).
    """
    parameters = inspect.signature(function).parameters
    found = dict(zip(leading, args, strict=False))
    found |= {name: each.default for name, each in parameters.items() if each.default is not each.empty}
    return found | dict(zip(_in_order(function), args, strict=False)) | kwargs


def with_argument(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, value: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with another value under a name; those given are not changed.

    Raises TypeError where the function takes no such argument.
    """
    names = _in_order(function)
    position = names.index(name) if name in names else len(args)
    if position < len(args):
        return (*args[:position], value, *args[position + 1 :]), kwargs
    parameters = inspect.signature(function).parameters
    if name not in parameters and not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        raise TypeError(f"{getattr(function, '__qualname__', function)} takes no argument {name!r}")
    return args, {**kwargs, name: value}


def taken_by(function: Any, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those of some named values that a function has a parameter for."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in (given or {}).items() if name in known}


def _in_order(function: Any) -> list[str]:
    """The names of parameters in the order in which they can be given by position, up to an ``*args``."""
    names = []
    for name, each in inspect.signature(function).parameters.items():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            break
        names.append(name)
    return names
