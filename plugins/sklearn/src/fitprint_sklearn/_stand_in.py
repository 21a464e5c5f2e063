"""What fitprint predicts with in the place of a user's model: what predicting changes or prints, the model keeps off.

Predicting may draw from the random states a model was given, may set attributes, and prints where a model is verbose.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from copy import copy, deepcopy
from typing import Any

import numpy as np
from numpy.random import Generator, RandomState
from sklearn.base import BaseEstimator

_MOST = 10_000
"""Containers with more members hold results, not estimators."""
_PLAIN = {str, int, float, bool, type(None)}
_MUTABLE = (list, dict, set, defaultdict, OrderedDict)


def stand_in(model: Any) -> Any:
    """A silent copy of an estimator and of those below it; what they learnt is shared, random states are copies."""
    return _copied(model, {})


def _copied(value: Any, done: dict[int, Any]) -> Any:
    if id(value) in done:
        return done[id(value)]
    found = value
    if isinstance(value, BaseEstimator):
        return _estimator(value, done)
    if isinstance(value, (RandomState, Generator)):
        found = deepcopy(value)
    elif type(value) is tuple and len(value) <= _MOST:
        members = tuple(_copied(each, done) for each in value)
        if any(new is not old for new, old in zip(members, value, strict=True)):
            found = members
    elif type(value) in _MUTABLE and len(value) <= _MOST:
        return _container(value, done)
    elif type(value) is np.ndarray and value.dtype == object and value.size <= _MOST:
        found = value.copy()
        if not set(map(type, value.ravel())) <= _PLAIN:  # the names of columns are
            flat = found.reshape(-1)
            for position, each in enumerate(value.ravel()):  # one by one: numpy would take some estimators for lists
                flat[position] = _copied(each, done)
    done[id(value)] = found
    return found


def _container(value: Any, done: dict[int, Any]) -> Any:
    """A copy of a list, a dict or a set, though no estimator is in it: predicting may add to it."""
    found = copy(value)
    done[id(value)] = found  # before its members, which may hold it in turn
    if isinstance(found, dict):
        dict.update(found, {name: _copied(each, done) for name, each in value.items()})
    elif isinstance(found, list):
        found[:] = [_copied(each, done) for each in value]
    return found


def _estimator(estimator: BaseEstimator, done: dict[int, Any]) -> Any:
    kind = type(estimator)
    if getattr(kind, "__new__", None) is not object.__new__ or not hasattr(estimator, "__dict__"):
        return estimator  # made in a way of its own: nobody but itself can copy it
    made: Any = object.__new__(kind)
    done[id(estimator)] = made
    kept = {name: _copied(each, done) for name, each in vars(estimator).items()}
    if isinstance(kept.get("verbose"), (bool, int, np.integer)):
        kept["verbose"] = 0
    vars(made).update(kept)
    return made
