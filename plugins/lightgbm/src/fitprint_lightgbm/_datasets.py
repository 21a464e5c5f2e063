"""What a Dataset was made from, as long as the user keeps it; a row like it when it is gone.

A Dataset drops the data it was made from once it is constructed (``free_raw_data``), and it is not asked for more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from lightgbm import Dataset

from fitprint import TrainingCall
from fitprint.plugin.containers import Originals, Unseen, a_row_of

_originals = Originals()


def remember(call: TrainingCall) -> None:
    """Notes what the Dataset was made from that a call has just initialised."""
    _originals.remember(call.instance, data=call.argument("data"), label=call.argument("label"))


def remember_before_training(dataset: Any) -> None:
    """The same of a Dataset from before the recording, as long as it has not dropped its data."""
    if isinstance(dataset, Dataset) and _originals.columns(dataset) is None:
        _originals.remember(dataset, data=dataset.data, label=dataset.label)


def data_of(dataset: Dataset) -> Any:
    """The data a Dataset was made from, or None when it is gone or another by now."""
    data = _originals.alive(dataset, "data")
    return data if data is not None and data.shape == (dataset.num_data(), dataset.num_feature()) else None


def label_of(dataset: Dataset) -> Any:
    """The label a Dataset was made with, else the label as it keeps it."""
    label = _originals.alive(dataset, "label")
    return label if label is not None and label.shape[0] == dataset.num_data() else dataset.label


def rows_of(dataset: Dataset) -> Any:
    """The inputs of the model's signature: the data, or a row of the same columns, else what has no schema."""
    data, columns = data_of(dataset), _originals.columns(dataset)
    if data is not None:
        return data
    row = a_row_of(columns) if columns is not None else None
    return row if row is not None else Unseen(np.zeros((1, dataset.num_feature())))
