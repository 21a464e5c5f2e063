"""Results without the rows they were fitted on: what they predict, and the statistics that are known, stay."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from fitprint_statsmodels._facts import coefficients, metrics, summary
from fitprint_statsmodels._stand_in import stand_in
from fitprint_statsmodels._texts import TextsAsObjects

_OF_ROWS_ALONE = ("PHSurvivalTime",)
"""Classes of statsmodels that only hold the data, sorted."""
_OF_ROWS = ("endog", "endog_orig", "frame", "orig_endog", "wendog")
"""What models and their data have a row of for each that they were given, or that is left after some were dropped."""

_worked_out: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def remember(results: Any, complete: Any) -> None:
    """Keeps a stand-in that has worked out all statistics until the results are saved."""
    _worked_out[results] = complete


def with_statistics(results: Any) -> Any:
    """A stand-in that has worked out its statistics, as long as there are the rows they are of."""
    if (known := _worked_out.pop(results, None)) is not None:
        return known
    made = stand_in(results)
    metrics(made)
    coefficients(made)
    summary(made)
    return made


def without_rows(results: Any, frame: Any, in_its_place: Any, empty: bool = False) -> Any:
    """A stand-in without any array, table or list as long as the data; ``frame``, of a formula's model, is replaced.

    What is left out is None, as after statsmodels' own ``remove_data``, which leaves weights, groups and the frame.
    ``empty``: arrays keep their other axes, for the models that look up how many columns there were.
    """
    counts = _row_counts(results)
    plain = TextsAsObjects()

    def replace(value: Any) -> Any:
        if value is frame and frame is not None:
            return in_its_place
        if empty and isinstance(value, np.ndarray) and value.shape[:1] and value.shape[0] in counts:
            return np.zeros((0, *value.shape[1:]), value.dtype)
        return None if type(value).__name__ in _OF_ROWS_ALONE or _is_of_rows(value, counts) else plain(value)

    return stand_in(results, replace)


def _row_counts(results: Any) -> set[int]:
    """How many rows there are in the models below; not those that are no more than the coefficients."""
    found: set[int] = set()

    def note(value: Any) -> Any:
        found.update(filter(None, (_length(getattr(value, "__dict__", {}).get(name)) for name in _OF_ROWS)))
        return value

    stand_in([results], note)
    coefficients_count = np.size(getattr(results, "params", ()))
    return {each for each in found if each > coefficients_count}


def _is_of_rows(value: Any, counts: set[int]) -> bool:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return not counts.isdisjoint(shape)
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return False
    lengths = [_length(each) for each in value]
    return len(value) in counts or (None not in lengths and sum(filter(None, lengths)) in counts)


def _length(value: Any) -> int | None:
    """How many rows an array, a table or a list has; None for what is none of them."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return int(shape[0]) if shape else None
    return len(value) if isinstance(value, (list, tuple)) else None
