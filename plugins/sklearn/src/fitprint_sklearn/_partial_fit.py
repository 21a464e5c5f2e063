"""Loops of ``partial_fit``: a few rows of batches all over the loop are kept, for the metrics and the signature."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from fitprint.plugin import TrainingCall, row_count, take_rows

ROWS, BATCHES = 50, 20
"""How many rows of how many batches are kept; for a time, of twice as many batches."""
_NAMES = ("X", "y", "sample_weight")


class Batches:
    """What is kept of the batches of a loop. The batches are evenly spread over the loop, however long it gets."""

    def __init__(self) -> None:
        self.count = 0
        """The number of batches so far."""
        self.rows = 0
        """The number of their rows."""
        self.kept_rows = 0
        """The number of the rows that are kept."""
        self._every = 1
        self._kept: list[dict[str, Any]] = []

    def add(self, call: TrainingCall) -> None:
        """Count the batch of a call of ``partial_fit``, and keep a few of its rows if it is its turn."""
        inputs = call.args[0] if call.args else call.kwargs.get("X")
        self.rows += row_count(inputs) or 0
        if self.count % self._every == 0:
            if len(self._kept) == 2 * BATCHES:
                del self._kept[1::2]
                self._every *= 2
            if self.count % self._every == 0:
                self._kept.append(_few_rows(call))
            self.kept_rows = sum(row_count(batch["X"]) or 0 for batch in self._kept)
        self.count += 1

    def call_with_rows(self, call: TrainingCall) -> TrainingCall:
        """Return the call of a loop that has ended as if it had been one training on the rows that were kept."""
        columns = {name: _together([batch[name] for batch in self._kept]) for name in _NAMES}
        return replace(call, kwargs={name: values for name, values in columns.items() if values is not None})


def _few_rows(call: TrainingCall) -> dict[str, Any]:
    """Return copies of the first rows of a batch, by the names of the arguments; None for what was not passed."""
    passed = dict(zip(_NAMES[:2], call.args, strict=False)) | call.kwargs
    count = row_count(passed.get("X"))
    first_rows = {}
    for name in _NAMES:
        values = passed.get(name)
        has_rows = values is not None and count is not None and row_count(values) == count
        first_rows[name] = deepcopy(take_rows(values, slice(0, ROWS))) if has_rows else None
    return first_rows


def _together(parts: list[Any]) -> Any:
    """Return rows of several batches as one value; None if a batch has none, or if they are not of one kind."""
    first = parts[0] if parts else None
    if first is None or any(type(part) is not type(first) for part in parts):
        return None
    if hasattr(first, "iloc"):
        import pandas  # it is here if the rows are of it

        return pandas.concat(parts, ignore_index=True)
    if sparse.issparse(first):
        return sparse.vstack(parts, format="csr")
    if isinstance(first, list):
        return [row for part in parts for row in part]
    return np.concatenate([np.asarray(part) for part in parts])
