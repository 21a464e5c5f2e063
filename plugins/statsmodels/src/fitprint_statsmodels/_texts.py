"""Convert texts in tables and their labels to objects, which every version of pandas can read from a pickle.

pandas 3 has a new type for texts, whose pickles pandas 2 cannot read.
"""

from __future__ import annotations

from typing import Any

import pandas as pd


class TextsAsObjects:
    """Converts tables, columns and labels; returns everything else as it is."""

    def __init__(self) -> None:
        self._converted: dict[int, tuple[Any, Any]] = {}

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, (pd.Index, pd.Series, pd.DataFrame)):
            return value
        if id(value) not in self._converted:  # a table that is in several places of a model stays one object
            self._converted[id(value)] = (value, texts_as_objects(value))
        return self._converted[id(value)][1]


def texts_as_objects(value: Any) -> Any:
    """Return an Index, a Series or a DataFrame with its texts, and categories that are texts, as objects."""
    if isinstance(value, pd.DataFrame):
        return _frame(value)
    if isinstance(value, pd.Series):
        series = _values(value)
        return series.set_axis(_values(value.index)) if _has_texts(value.index) else series
    return _values(value)


def _frame(frame: pd.DataFrame) -> pd.DataFrame:
    numbered = frame.set_axis(range(frame.shape[1]), axis=1)  # because two columns may have the same name
    changed = {at: _values(numbered[at]) for at in numbered if _has_texts(numbered[at])}
    if not changed and not _has_texts(frame.columns) and not _has_texts(frame.index):
        return frame
    for at, column in changed.items():
        numbered[at] = column
    return numbered.set_axis(_values(frame.columns), axis=1).set_axis(_values(frame.index), axis=0)


def _values(values: Any) -> Any:
    if not _has_texts(values):
        return values
    if isinstance(values, pd.MultiIndex):
        return values.set_levels([_values(level) for level in values.levels])
    if isinstance(values.dtype, pd.CategoricalDtype):
        categorical = values.cat if isinstance(values, pd.Series) else values
        return categorical.rename_categories(categorical.categories.astype(object))
    return values.astype(object)


def _has_texts(values: Any) -> bool:
    if isinstance(values, pd.MultiIndex):
        return any(map(_has_texts, values.levels))
    categories = getattr(values.dtype, "categories", None)
    return isinstance(values.dtype if categories is None else categories.dtype, pd.StringDtype)
