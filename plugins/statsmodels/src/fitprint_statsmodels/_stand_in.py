"""What fitprint reads and predicts with in the place of a user's model or results: a copy that shares the arrays.

Statistics are worked out when they are first read and kept in caches: reading them from the user's own object would
change what it pickles to. Copies are made attribute by attribute, for statsmodels' own ``__setstate__`` evaluates the
formula of a model anew.
"""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import copy
from types import MethodType
from typing import Any

import pandas as pd

_MOST = 10_000
"""Containers with more members hold values, not objects with caches."""
_CONTAINERS = (dict, OrderedDict, defaultdict, list)
_DATES = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
"""Indexes with a cache that is part of their pickle: looking up a date fills it."""

Replace = Callable[[Any], Any]
"""From a value to what stands in its place: by default itself."""


def stand_in(value: Any, replace: Replace = lambda each: each) -> Any:
    """A copy of a model or results, and of all of statsmodels' objects below it; everything else is shared.

    ``replace`` is asked for every attribute and member.
    """
    return _Copier(replace).copied(value)


class _Copier:
    def __init__(self, replace: Replace) -> None:
        self._replace = replace
        self._done: dict[int, Any] = {}

    def copied(self, value: Any) -> Any:
        if id(value) in self._done:
            return self._done[id(value)]
        if type(value) in _CONTAINERS and len(value) <= _MOST:
            return self._container(value)
        if type(value) is tuple and len(value) <= _MOST:
            members = tuple(map(self._member, value))
            return members if any(new is not old for new, old in zip(members, value, strict=True)) else value
        if type(value) is MethodType:
            return MethodType(value.__func__, self.copied(value.__self__))
        if isinstance(value, _DATES):
            return self._kept(value, value.copy(deep=True))
        if isinstance(value, (pd.Series, pd.DataFrame)) and isinstance(value.index, _DATES):
            return self._kept(value, value.set_axis(self.copied(value.index), axis=0))
        kind: Any = type(value)
        return self._object(value) if _is_copied(kind) else value

    def _member(self, value: Any) -> Any:
        return self.copied(self._replace(value))

    def _kept(self, value: Any, made: Any) -> Any:
        self._done[id(value)] = made
        return made

    def _container(self, value: Any) -> Any:
        made = copy(value)
        self._done[id(value)] = made  # before its members, which may hold it in turn
        if isinstance(made, list):
            made[:] = [self._member(each) for each in value]
        else:
            dict.update(made, {name: self._member(each) for name, each in value.items()})
        return made

    def _object(self, value: Any) -> Any:
        made = object.__new__(type(value))
        self._done[id(value)] = made
        vars(made).update({name: self._member(each) for name, each in vars(value).items()})
        return made


@functools.lru_cache(maxsize=1_000)
def _is_copied(kind: type) -> bool:
    """Python classes of statsmodels', and those derived from them; nobody but itself can copy a compiled object."""
    of_statsmodels = any(base.__module__.partition(".")[0] == "statsmodels" for base in kind.__mro__)
    plain: Any = object.__new__
    return of_statsmodels and getattr(kind, "__new__", None) is plain and "__dict__" in dir(kind)
