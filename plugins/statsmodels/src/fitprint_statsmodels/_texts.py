"""Texts in tables and their labels as every pandas reads them from a pickle: as objects.

Their own type is new in pandas 3, and pandas 2 cannot read what 3 pickled of it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd


class TextsAsObjects:
    """Gives tables, columns and labels with their texts as objects; everything else as it is."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, (pd.Index, pd.Series, pd.DataFrame)):
            return value
        if id(value) not in self._made:  # what stands in several places of a model stays one
            self._made[id(value)] = (value, texts_as_objects(value))
        return self._made[id(value)][1]


def texts_as_objects(value: Any) -> Any:
    """An Index, a Series or a DataFrame; itself where it has no texts. Categories may be texts too."""
    if isinstance(value, pd.DataFrame):
        return _frame(value)
    if isinstance(value, pd.Series):
        made = _values(value)
        return made.set_axis(_values(value.index)) if _has_texts(value.index) else made
    return _values(value)


def _frame(frame: pd.DataFrame) -> pd.DataFrame:
    made = frame.set_axis(range(frame.shape[1]), axis=1)  # a name may stand twice
    changed = {at: _values(made[at]) for at in made if _has_texts(made[at])}
    if not changed and not _has_texts(frame.columns) and not _has_texts(frame.index):
        return frame
    for at, column in changed.items():
        made[at] = column
    return made.set_axis(_values(frame.columns), axis=1).set_axis(_values(frame.index), axis=0)


def _values(values: Any) -> Any:
    if not _has_texts(values):
        return values
    if isinstance(values, pd.MultiIndex):
        return values.set_levels([_values(each) for each in values.levels])
    if isinstance(values.dtype, pd.CategoricalDtype):
        kept = values.cat if isinstance(values, pd.Series) else values
        return kept.rename_categories(kept.categories.astype(object))
    return values.astype(object)


def _has_texts(values: Any) -> bool:
    if isinstance(values, pd.MultiIndex):
        return any(map(_has_texts, values.levels))
    categories = getattr(values.dtype, "categories", None)
    return isinstance(values.dtype if categories is None else categories.dtype, pd.StringDtype)
