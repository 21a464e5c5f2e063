"""Params that know which of them have their default values, so that displays can show the chosen ones first."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Collection, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from fitprint._core.publish import publish

_PLAIN = frozenset((str, bytes, bool, int, float, type(None)))
_defaults_of: WeakKeyDictionary[Any, Mapping[str, Any]] = WeakKeyDictionary()


class Params(dict[str, Any]):
    """Params by name, some of which have the default values of the framework.

    `Flavor.params`, `Flavor.late_params` and `ChildRun` may give such params in the place of a plain mapping. Displays
    then show the others first. Of a plain mapping, all params count as set.

    Args:
        values: The params by name.
        unchanged: The names of those that have their default values; see `fitprint.plugin.unchanged`.
    """

    def __init__(self, values: Mapping[str, Any], unchanged: Collection[str] = ()) -> None:
        super().__init__(values)
        self.unchanged = unchanged
        """The names of the params that have their default values."""


def unchanged(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> set[str]:
    """Return the names of the values that are the default values of the same names.

    Plain values, and tuples and lists of them, are compared; of anything else only the very same object is the default.

    Args:
        values: The values by name.
        defaults: The defaults by name; a name without a default is missing.
    """
    return {
        name
        for name, value in values.items()
        if name in defaults
        and (
            defaults[name] is value
            or (type(value) in _PLAIN and type(defaults[name]) in _PLAIN and value == defaults[name])
            or (type(value) in (tuple, list) and _are_equal(value, defaults[name]))
        )
    }


def default_values(function: Any) -> Mapping[str, Any]:
    """Return the parameters of a function, or of a class, that have a default value, by name.

    Of a constructor that passes further arguments on (``**kwargs``), the parameters of the base classes count too.

    Args:
        function: The function or class. What it has is read once.
    """
    try:
        return _defaults_of[function]
    except (KeyError, TypeError):
        pass
    if isinstance(function, type):
        constructors = [cls.__dict__["__init__"] for cls in reversed(function.__mro__) if "__init__" in cls.__dict__]
        defaults = {name: default for one in constructors for name, default in _own_defaults(one).items()}
    else:
        defaults = _own_defaults(function)
    with contextlib.suppress(TypeError):  # it takes no weak reference
        _defaults_of[function] = defaults
    return defaults


def _own_defaults(function: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a compiled function without a signature
        return {}
    return {name: one.default for name, one in parameters.items() if one.default is not one.empty}


def _are_equal(value: Any, default: Any) -> bool:
    return type(value) is type(default) and len(value) == len(default) and _is_plain(value) and value == default


def _is_plain(values: Any) -> bool:
    return all(type(value) in _PLAIN for value in values)


publish("fitprint.plugin", Params)
