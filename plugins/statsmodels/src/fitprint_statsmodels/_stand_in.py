"""Stand-ins for a user's model or results: copies that share the arrays, from which fitprint reads and predicts.

Statistics are computed when they are first read, and kept in caches: reading them from the user's own object would
change its pickle. Copies are made attribute by attribute, because statsmodels' own ``__setstate__`` would evaluate the
formula of a model again.
"""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import copy
from types import MethodType
from typing import Any

import pandas as pd

_MAX_MEMBERS = 10_000
"""Containers with more members contain values, not objects with caches."""
_CONTAINERS = (dict, OrderedDict, defaultdict, list)
_DATES = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
"""Indexes with a cache that is part of their pickle and is filled when a date is looked up."""

Replace = Callable[[Any], Any]
"""Returns what takes the place of a value: by default the value itself."""


def stand_in(value: Any, replace: Replace = lambda value: value) -> Any:
    """Copy a model or results, and all objects of statsmodels inside it; everything else is shared.

    Args:
        value: The model or results, or a container of them.
        replace: Called for every attribute and member; returns what takes its place.
    """
    return _Copier(replace).copied(value)


class _Copier:
    def __init__(self, replace: Replace) -> None:
        self._replace = replace
        self._done: dict[int, Any] = {}

    def copied(self, value: Any) -> Any:
        if id(value) in self._done:
            return self._done[id(value)]
        if type(value) in _CONTAINERS and len(value) <= _MAX_MEMBERS:
            return self._container(value)
        if type(value) is tuple and len(value) <= _MAX_MEMBERS:
            members = tuple(map(self._member, value))
            return members if any(new is not old for new, old in zip(members, value, strict=True)) else value
        if type(value) is MethodType:
            return MethodType(value.__func__, self.copied(value.__self__))
        if isinstance(value, _DATES):
            return self._keep(value, value.copy(deep=True))
        if isinstance(value, (pd.Series, pd.DataFrame)) and isinstance(value.index, _DATES):
            return self._keep(value, value.set_axis(self.copied(value.index), axis=0))
        cls: Any = type(value)
        return self._object(value) if _is_copied(cls) else value

    def _member(self, value: Any) -> Any:
        return self.copied(self._replace(value))

    def _keep(self, value: Any, copied: Any) -> Any:
        self._done[id(value)] = copied
        return copied

    def _container(self, value: Any) -> Any:
        copied = copy(value)
        self._done[id(value)] = copied  # before its members, which may contain it in turn
        if isinstance(copied, list):
            copied[:] = [self._member(member) for member in value]
        else:
            dict.update(copied, {name: self._member(member) for name, member in value.items()})
        return copied

    def _object(self, value: Any) -> Any:
        copied = object.__new__(type(value))
        self._done[id(value)] = copied
        vars(copied).update({name: self._member(attribute) for name, attribute in vars(value).items()})
        return copied


@functools.lru_cache(maxsize=1_000)
def _is_copied(cls: type) -> bool:
    """Return whether objects of a class are copied: Python classes of statsmodels, and classes derived from them."""
    of_statsmodels = any(base.__module__.partition(".")[0] == "statsmodels" for base in cls.__mro__)
    plain_new: Any = object.__new__
    return of_statsmodels and getattr(cls, "__new__", None) is plain_new and "__dict__" in dir(cls)
