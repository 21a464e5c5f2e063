"""The data of a formula's model: which columns the formula names, and a frame that gives the same design.

statsmodels pickles no design. It evaluates the formula again when a model is read, on the frame in the pickle: all that
this frame has to have are the formula's columns, and every level of those that are categories.
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
"""What the data of a formula's model has, and what its pickle says in place of it: before 0.15, and since."""
FEW_LEVELS = 20
"""Numbers with up to so many different values may be levels: ``C(year)``."""


def inputs(model: Any) -> Any:
    """The columns of the data that the right-hand side names; the whole data where that cannot be told."""
    frame, formula = getattr(model.data, "frame", None), getattr(model, "formula", None)
    if not isinstance(formula, str) or not isinstance(frame, pd.DataFrame):
        return frame
    columns = _named(formula.partition("~")[2], frame)
    return frame[columns] if columns else frame


def small_frames(model: Any) -> Iterator[Any]:
    """Frames that may stand for the data of a formula's model, that which tells least of it first."""
    frame, formula = getattr(model.data, "frame", None), getattr(model, "formula", None)
    if isinstance(formula, str) and isinstance(frame, pd.DataFrame):
        columns = _named(formula, frame)
        if columns and frame[columns].columns.is_unique:
            yield _levels(frame[columns], 0)
            yield _levels(frame[columns], FEW_LEVELS)


def for_every_version(made: Any) -> Any:
    """The stand-in, whose pickle asks for the design in the words of every version: each knows its own alone."""
    data = getattr(getattr(made, "model", None), "data", None)
    if any(hasattr(data, name) for name in _DESIGNS):
        vars(data).update(dict.fromkeys(_DESIGNS.values(), True))
    return made


def _named(formula: str, frame: pd.DataFrame) -> list[Any]:
    """The columns of a frame that a formula names, ``Q("a name")`` included; all of them for ``.``."""
    read = io.StringIO(formula.replace("\n", " ")).readline
    try:
        tokens = ["~", *(each.string for each in tokenize.generate_tokens(read))]
    except (tokenize.TokenError, SyntaxError):  # an operator of formulas that Python does not have
        return list(frame.columns)
    if any(each == "." and not (before.isidentifier() or before in ")]") for before, each in pairwise(tokens)):
        return list(frame.columns)
    names = {each.strip("'\"`") for each in tokens}
    return [each for each in frame.columns if each in names]


def _levels(frame: pd.DataFrame, most: int) -> Any:
    """A frame with every level of each column and, of a column of numbers with more than ``most``, their mean."""
    columns = {name: _values(frame[name].dropna(), most) for name in frame.columns}
    rows = max(map(len, columns.values()))
    repeated = {name: each.take(np.arange(rows) % len(each)) for name, each in columns.items()}
    return texts_as_objects(pd.DataFrame(repeated, columns=list(frame.columns)))


def _values(column: pd.Series, most: int) -> Any:
    levels = column.drop_duplicates()
    if getattr(column.dtype, "kind", "O") not in "iufmM" or len(levels) <= most:
        return levels.sort_values().array
    mean = column.mean()
    return pd.Series([int(mean) if column.dtype.kind in "iu" else mean], dtype=column.dtype).array
