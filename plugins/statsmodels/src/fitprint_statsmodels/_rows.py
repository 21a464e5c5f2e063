"""Results without the rows they were fitted on: they still predict, and keep the statistics that were computed."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from fitprint_statsmodels._facts import coefficients, metrics, summary
from fitprint_statsmodels._stand_in import stand_in
from fitprint_statsmodels._texts import TextsAsObjects

_OF_ROWS_ALONE = ("PHSurvivalTime",)
"""Classes of statsmodels that only contain the sorted data."""
_OF_ROWS = ("endog", "endog_orig", "frame", "orig_endog", "wendog")
"""Attributes of models and their data with one entry per row, or per row that is left when some were dropped."""

_complete: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def remember(results: Any, complete: Any) -> None:
    """Keep a stand-in with all statistics until the results are saved.

    Args:
        results: The results.
        complete: The stand-in.
    """
    _complete[results] = complete


def with_statistics(results: Any) -> Any:
    """Return a stand-in that has computed its statistics, while the rows that they depend on still exist."""
    if (known := _complete.pop(results, None)) is not None:
        return known
    copied = stand_in(results)
    metrics(copied)
    coefficients(copied)
    summary(copied)
    return copied


def without_rows(results: Any, frame: Any, replacement: Any, empty: bool = False) -> Any:
    """Return a stand-in without any array, table or list that is as long as the data.

    What is left out becomes None, as with statsmodels' own ``remove_data``, which leaves weights, groups and the frame.

    Args:
        results: The results.
        frame: The frame of a model with a formula, or None.
        replacement: What takes the place of the frame.
        empty: Whether arrays keep their other axes, for models that look up the number of columns.
    """
    counts = _row_counts(results)
    as_objects = TextsAsObjects()

    def replace(value: Any) -> Any:
        if value is frame and frame is not None:
            return replacement
        if empty and isinstance(value, np.ndarray) and value.shape[:1] and value.shape[0] in counts:
            return np.zeros((0, *value.shape[1:]), value.dtype)
        return None if type(value).__name__ in _OF_ROWS_ALONE or _is_of_rows(value, counts) else as_objects(value)

    return stand_in(results, replace)


def _row_counts(results: Any) -> set[int]:
    """Return the numbers of rows in the models inside; not those that do not exceed the number of coefficients."""
    counts: set[int] = set()

    def note(value: Any) -> Any:
        counts.update(filter(None, (_length(getattr(value, "__dict__", {}).get(name)) for name in _OF_ROWS)))
        return value

    stand_in([results], note)
    coefficients_count = np.size(getattr(results, "params", ()))
    return {count for count in counts if count > coefficients_count}


def _is_of_rows(value: Any, counts: set[int]) -> bool:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return not counts.isdisjoint(shape)
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return False
    lengths = [_length(member) for member in value]
    return len(value) in counts or (None not in lengths and sum(filter(None, lengths)) in counts)


def _length(value: Any) -> int | None:
    """Return the number of rows of an array, a table or a list; None for anything else."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return int(shape[0]) if shape else None
    return len(value) if isinstance(value, (list, tuple)) else None
