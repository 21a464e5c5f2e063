"""A few rows like those that a learner was trained on, in the form in which the package gets its input."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pandas as pd

from fitprint_fastai._classes import is_a

_ROWS = 5
_TEXTS = ("a text", "and another text")
"""Enough for a signature, which only says that there is a column of text."""


class Tables:
    """Remembers a few rows of the tables that tabular data was made from, as long as its transforms exist.

    fastai keeps only what its transforms have made of a table: the numbers are normalised, and the dtypes are others.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._rows: weakref.WeakKeyDictionary[Any, pd.DataFrame] = weakref.WeakKeyDictionary()

    def remember(self, made: Any, table: Any, inplace: bool) -> None:
        """Take note of what tabular data was made from.

        Args:
            made: The data. All its subsets have the same transforms, by the first of which the rows are found.
            table: The table.
            inplace: Whether the transforms have changed the table itself, so that its rows tell nothing any more.
        """
        transforms = list(made.procs.fs)
        if transforms and isinstance(table, pd.DataFrame) and not inplace:
            columns = [name for name in (*made.cat_names, *made.cont_names) if name in table.columns]
            self._rows[transforms[0]] = table[columns].head(_ROWS).copy()

    def rows_of(self, data: Any) -> pd.DataFrame | None:
        """Return the rows of the table that tabular data was made from; None if they are not known."""
        transforms = list(data.procs.fs)
        if transforms:
            return self._rows.get(transforms[0])
        return data.items[[*data.cat_names, *data.cont_names]].head(_ROWS)  # no transform has changed anything


def sample(learner: Any, tables: Tables) -> tuple[Any, str]:
    """Return rows like those of a learner's data, or None and the reason.

    Args:
        learner: The learner.
        tables: The tables that were seen.
    """
    data = learner.dls.train_ds
    if is_a(data, "Tabular"):
        return tables.rows_of(
            data
        ), "the data was made before fitprint could see its table, or the table was changed in place"
    if is_a(learner.dls.train, "LMDataLoader"):
        return None, "a language model predicts the next word of one long text, which has no rows"
    if not is_a(data, "Datasets"):
        return None, f"nothing is known of the inputs in a {type(data).__name__}"
    transforms = list(data.tls[0].tfms.fs)
    if any(is_a(transform, "Tokenizer") for transform in transforms):
        columns = next((list(transform.cols) for transform in transforms if is_a(transform, "ColReader")), [])
        return (pd.DataFrame({columns[0]: _TEXTS}) if len(columns) == 1 else list(_TEXTS)), ""
    items = list(data.items[:_ROWS])
    if items and all(isinstance(item, np.ndarray) and item.shape == items[0].shape for item in items):
        return np.stack(items), ""
    return None, f"the items of the data are no arrays, but of the class {type(items[0]).__name__ if items else None}"
