"""Helpers for flavors whose framework distributes a training to workers, while the driver waits and records it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from fitprint._core.frames import stack
from fitprint._core.publish import publish
from fitprint.plugin.containers import example_row
from fitprint.plugin.contract import TrainingCall

_OUTERMOST = 20
"""How many frames out the code is looked for that has a worker train: it calls the training itself."""
_UNKNOWN_CATEGORY = "__UNKNOWN_CATEGORIES__"
"""What stands for the categories of a column that the driver does not know."""


class PartOfDistributed:
    """A rule that refuses what a worker trains of a training which the driver records.

    Args:
        modules: The modules of the framework whose code calls the training in a worker.
    """

    name = "distributed"

    def __init__(self, modules: Iterable[str]) -> None:
        self._modules = frozenset(modules)

    def __call__(self, call: TrainingCall) -> str | None:
        """Return the reason, or None where none of these modules has called the training."""
        if self._modules.isdisjoint(sys.modules):
            return None
        if any(frame.f_globals.get("__name__") in self._modules for frame in islice(stack(), _OUTERMOST)):
            return "it is one worker's part of a training, which is recorded in the process that began it"
        return None


def distributed_history(call: TrainingCall, history: Mapping[str, Mapping[str, Sequence[float]]], where: str) -> int:
    """Emit the evaluation metrics of every round, which the driver gets when the training has ended.

    Training metrics beside them are not computed, and the run says why.

    Args:
        call: The call, which has returned.
        history: For each data set the values of each metric, one for each round.
        where: Who has the data, for the user: ``workers`` or ``executors``.

    Returns:
        The number of rounds.
    """
    reason = f"the data is with the {where}: predicting it would take the whole cluster once more"
    call.skip("training metrics", "distributed", reason)
    rounds, now = 0, time.time()
    for data, values_by_metric in history.items():
        for metric, values in values_by_metric.items():
            rounds = max(rounds, len(values))
            call.emit.series(f"{data}-{metric}", values, 0, [now] * len(values))
    return rounds


def columns_of_parts(collection: Any) -> Any:
    """Return the columns of a table or an array whose parts are with workers, without computing anything.

    Args:
        collection: A collection that has an empty table, or an empty array, like each of its parts as ``_meta``.

    Returns:
        A DataFrame or an array without rows; None if the columns are not known.
    """
    meta: Any = getattr(collection, "_meta", None)
    shape: tuple[Any, ...] = tuple(getattr(collection, "shape", ()))
    if hasattr(meta, "iloc") and hasattr(meta, "columns"):
        return meta.iloc[:0]
    if hasattr(meta, "dtype") and len(shape) == 2:
        import numpy as np

        return np.zeros((0, shape[1]), meta.dtype)
    return None


def row_like_parts(columns: Any) -> Any:
    """Return one row for what `columns_of_parts` returned; None where there is nothing known to put into it."""
    categories = [getattr(dtype, "categories", ()) for dtype in getattr(columns, "dtypes", ())]
    if columns is None or any(_UNKNOWN_CATEGORY in names for names in categories):
        return None
    return example_row(columns)


def known_shape(collection: Any) -> tuple[int, ...] | None:
    """Return the shape of such a collection; None if the number of its rows would have to be computed."""
    shape = tuple(getattr(collection, "shape", ()))
    return shape if shape and all(isinstance(length, int) for length in shape) else None


publish("fitprint.plugin", PartOfDistributed)
