"""What a Pool was made from, as long as the user keeps it; a row like it when it is gone. A Pool keeps no dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
from catboost import FeaturesData, Pool

from fitprint import TrainingCall
from fitprint.plugin.containers import Originals, Unseen, a_row_of

_originals = Originals()
_ROWS = 5


def remember(call: TrainingCall) -> None:
    """Notes what the Pool was made from that a call has just initialised."""
    _originals.remember(call.instance, data=call.argument("data"), label=call.argument("label"))


def table_of(data: Any) -> Any:
    """The data itself, or what a Pool was made from; None when that is gone or another by now."""
    if not isinstance(data, Pool):
        return data
    table = _originals.alive(data, "data")
    return table if table is not None and table.shape == data.shape else None


def target_of(data: Any, target: Any) -> Any:
    """The target beside the data, or the label that a Pool was made with, else as the Pool keeps it."""
    if not isinstance(data, Pool):
        return target
    label = _originals.alive(data, "label")
    return label if label is not None and label.shape[0] == data.num_row() else data.get_label()


def as_classes(target: Any, classes: Any) -> Any:
    """The target as the model names its classes: early versions make texts of true and false."""
    if not len(classes) or not isinstance(classes[0], str):
        return target
    given = np.asarray(target)
    return given.astype(str) if given.dtype.kind == "b" else target


def rows_of(data: Any) -> Any:
    """The inputs of the model's signature: the data, or a row of the same columns, else what has no schema."""
    table = table_of(data)
    if isinstance(table, FeaturesData):
        return Unseen(table)
    if table is not None or not isinstance(data, Pool):
        return table
    columns = _originals.columns(data)
    row = a_row_of(columns) if columns is not None else None
    return row if row is not None else Unseen(data.slice(list(range(min(_ROWS, data.num_row())))))
