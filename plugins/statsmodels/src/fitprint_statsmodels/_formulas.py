"""The data of a model with a formula: the columns that the formula names, and a small frame with the same design.

statsmodels does not pickle the design. When a model is read, it evaluates the formula again, on the frame in the
pickle. This frame only has to have the formula's columns, and every level of those that are categories.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from fitprint_statsmodels._texts import texts_as_objects

_DESIGNS = {"design_info": "restore_design_info", "model_spec": "restore_model_spec"}
"""The attribute of the model's data, and what the pickle has in its place: before 0.15, and since."""
MAX_LEVELS = 20
"""Numbers with at most so many different values may be levels: ``C(year)``."""


def inputs(model: Any) -> Any:
    """Return the columns of the data that the right-hand side names; the whole data if they are not known."""
    frame, formula = getattr(model.data, "frame", None), getattr(model, "formula", None)
    if not isinstance(formula, str) or not isinstance(frame, pd.DataFrame):
        return frame
    columns = _named_columns(formula.partition("~")[2], frame)
    return frame[columns] if columns else frame


def small_frames(model: Any) -> Iterator[Any]:
    """Yield frames that may replace the data of a model with a formula; the one that reveals least comes first."""
    frame, formula = getattr(model.data, "frame", None), getattr(model, "formula", None)
    if isinstance(formula, str) and isinstance(frame, pd.DataFrame):
        columns = _named_columns(formula, frame)
        if columns and frame[columns].columns.is_unique:
            yield _levels(frame[columns], 0)
            yield _levels(frame[columns], MAX_LEVELS)


def for_every_version(results: Any) -> Any:
    """Change a stand-in so that its pickle asks for the design in the way of every version, and return it.

    Each version of statsmodels understands only its own way.
    """
    data = getattr(getattr(results, "model", None), "data", None)
    if any(hasattr(data, name) for name in _DESIGNS):
        vars(data).update(dict.fromkeys(_DESIGNS.values(), True))
    return results


def _named_columns(formula: str, frame: pd.DataFrame) -> list[Any]:
    """Return the columns of a frame that a formula names, also as ``Q("a name")``; all of them for ``.``."""
    read = io.StringIO(formula.replace("\n", " ")).readline
    try:
        tokens = ["~", *(token.string for token in tokenize.generate_tokens(read))]
    except (tokenize.TokenError, SyntaxError):  # formulas have operators that Python does not have
        return list(frame.columns)
    if any(token == "." and not (before.isidentifier() or before in ")]") for before, token in pairwise(tokens)):
        return list(frame.columns)
    names = {token.strip("'\"`") for token in tokens}
    return [column for column in frame.columns if column in names]


def _levels(frame: pd.DataFrame, most: int) -> Any:
    """Return a frame with every level of each column; for numbers with more than ``most`` levels, with their mean."""
    columns = {name: _values(frame[name].dropna(), most) for name in frame.columns}
    rows = max(map(len, columns.values()))
    repeated = {name: levels.take(np.arange(rows) % len(levels)) for name, levels in columns.items()}
    return texts_as_objects(pd.DataFrame(repeated, columns=list(frame.columns)))


def _values(column: pd.Series, most: int) -> Any:
    levels = column.drop_duplicates()
    if getattr(column.dtype, "kind", "O") not in "iufmM" or len(levels) <= most:
        return levels.sort_values().array
    mean = column.mean()
    return pd.Series([int(mean) if column.dtype.kind in "iu" else mean], dtype=column.dtype).array
