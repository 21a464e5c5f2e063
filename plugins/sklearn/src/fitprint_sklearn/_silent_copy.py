"""Copies of estimators to predict with, so that predicting neither changes the user's model nor prints anything.

Predicting may draw from the random states that a model was given, may set attributes, and prints if a model is verbose.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from copy import copy, deepcopy
from typing import Any

import numpy as np
from numpy.random import Generator, RandomState
from sklearn.base import BaseEstimator, is_classifier, is_clusterer, is_regressor

_MOST = 10_000
"""Containers with more members contain results, not estimators."""
_ATOMS = frozenset((str, int, float, bool, type(None)))
_MUTABLE = (list, dict, set, defaultdict, OrderedDict)


def silent_copy(model: Any) -> Any:
    """Return a silent copy of an estimator and of those inside it: random states are copied, the rest is shared."""
    return _copied(model, {})


def predict_silently(model: Any, method: str, data: Any) -> Any:
    """Return what a method of an estimator gives for data, by a silent copy."""
    copied, data = silent_copy_for(model, data) if method == "predict" else (silent_copy(model), data)
    return getattr(copied, method)(data)


def silent_copy_for(model: Any, data: Any) -> tuple[Any, Any]:
    """Return a silent copy of an estimator, and the data in the form from which it predicts at the least cost.

    From a DataFrame, most estimators take nothing but an array of its numbers, after asking each column for its type
    several times: with thousands of columns that takes longer than the training. They are given the array.
    """
    copied = silent_copy(model)
    if copied is not model and _has_only_numbers(data) and _takes_only_numbers(model, data):
        del copied.feature_names_in_  # without them, the estimator does not ask for the names again
        data = data.to_numpy()
    return copied, data


def _has_only_numbers(data: Any) -> bool:
    """Return whether data is a DataFrame whose columns are all of one of numpy's types of numbers."""
    if not hasattr(data, "columns") or not hasattr(data, "iloc") or not data.shape[1]:
        return False
    dtypes = data.dtypes.tolist()
    return isinstance(dtypes[0], np.dtype) and dtypes[0].kind in "fiu" and dtypes.count(dtypes[0]) == len(dtypes)


def _takes_only_numbers(model: Any, data: Any) -> bool:
    """Return whether an estimator is scikit-learn's own, has no other one inside, and was trained on these columns."""
    names = vars(model).get("feature_names_in_")
    return (
        type(model).__module__.partition(".")[0] == "sklearn"
        and (is_classifier(model) or is_regressor(model) or is_clusterer(model))
        and all(type(value) in _ATOMS for value in model.get_params(deep=False).values())
        and names is not None
        and names.tolist() == data.columns.to_numpy(dtype=object).tolist()
    )


def _copied(value: Any, done: dict[int, Any]) -> Any:
    if id(value) in done:
        return done[id(value)]
    copied = value
    if isinstance(value, BaseEstimator):
        return _estimator(value, done)
    if isinstance(value, (RandomState, Generator)):
        copied = deepcopy(value)
    elif type(value) is tuple and len(value) <= _MOST:
        members = tuple(_copied(member, done) for member in value)
        if any(new is not old for new, old in zip(members, value, strict=True)):
            copied = members
    elif type(value) in _MUTABLE and len(value) <= _MOST:
        return _container(value, done)
    elif type(value) is np.ndarray and value.dtype == object and {*map(type, value.ravel().tolist())} <= _ATOMS:
        copied = value.copy()  # such as the names of thousands of columns
    elif type(value) is np.ndarray and value.dtype == object and value.size <= _MOST:
        copied = np.empty(value.shape, object)
        flat = copied.reshape(-1)
        for position, member in enumerate(value.ravel()):  # one by one: numpy would treat some estimators as lists
            flat[position] = _copied(member, done)
    done[id(value)] = copied
    return copied


def _container(value: Any, done: dict[int, Any]) -> Any:
    """Return a copy of a list, a dict or a set, even without estimators in it, because predicting may add to it."""
    copied = copy(value)
    done[id(value)] = copied  # before its members, which may contain it in turn
    if isinstance(copied, dict):
        dict.update(copied, {name: _copied(member, done) for name, member in value.items()})
    elif isinstance(copied, list):
        copied[:] = [_copied(member, done) for member in value]
    return copied


def _estimator(estimator: BaseEstimator, done: dict[int, Any]) -> Any:
    cls = type(estimator)
    if getattr(cls, "__new__", None) is not object.__new__ or not hasattr(estimator, "__dict__"):
        return estimator  # only the class itself knows how to make one
    copied: Any = object.__new__(cls)
    done[id(estimator)] = copied
    attributes = {
        name: value if type(value) in _ATOMS else _copied(value, done) for name, value in vars(estimator).items()
    }
    if isinstance(attributes.get("verbose"), (bool, int, np.integer)):
        attributes["verbose"] = 0
    vars(copied).update(attributes)
    return copied
