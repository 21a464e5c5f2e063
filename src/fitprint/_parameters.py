"""Finding an argument of a call by its name, without the cost of `inspect.signature`."""

from __future__ import annotations

import inspect
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
