"""What a DMatrix was made from, as long as the user keeps it; and rows like it when it is gone.

A DMatrix keeps neither the data it was made from nor its dtypes. Only weak references are kept here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from xgboost import DMatrix, XGBModel, XGBRanker
from xgboost.core import XGBoostError

from fitprint import TrainingCall
from fitprint._core.rows import row_count
from fitprint.plugin.containers import Originals

ROWS = 5
_FEW = 1_000
_DTYPES = {"float": "float64", "q": "float64", "int": "int64", "i": "bool"}
"""From xgboost's feature types to the dtypes that give the same ones again."""

_originals = Originals()


def remember(call: TrainingCall) -> None:
    """Notes what the DMatrix was made from that a call has just initialised."""
    _originals.remember(call.instance, data=call.argument("data"), label=call.argument("label"))


def data_of(matrix: DMatrix) -> Any:
    """The data a DMatrix was made from, or None when it is gone or another by now."""
    data = _originals.alive(matrix, "data")
    return data if data is not None and data.shape == (matrix.num_row(), matrix.num_col()) else None


def label_of(matrix: DMatrix) -> Any:
    """The label a DMatrix was made with, else the label as it keeps it; None without one."""
    label = _originals.alive(matrix, "label")
    if label is not None and label.shape[0] == matrix.num_row():
        return label
    kept = matrix.get_label()
    return kept if len(kept) else None


def shapes_of(matrix: DMatrix) -> dict[str, tuple[int, ...]]:
    """The shapes of its rows and their labels, of which it would give no array without making one."""
    found: dict[str, tuple[int, ...]] = {"inputs": (matrix.num_row(), matrix.num_col())}
    label = _originals.alive(matrix, "label")
    return found if label is None else {**found, "target": tuple(label.shape)}


def rows_of(matrix: DMatrix) -> Any:
    """The inputs of the model's signature: the data itself, or a few rows of the same columns where it is gone.

    Where the columns' dtypes cannot be known either, a DMatrix: the model predicts on it, and it has no schema.
    """
    data, names = data_of(matrix), matrix.feature_names
    if data is not None:
        if (names is None and isinstance(data, np.ndarray)) or hasattr(data, "tocsr"):
            return data if names is None else pd.DataFrame(data.tocsr()[:ROWS].toarray(), columns=names)
        if isinstance(data, np.ndarray):
            return pd.DataFrame(data, columns=names, copy=False)
        if isinstance(data, pd.DataFrame):
            return data if [str(each) for each in data.columns] == names else data.set_axis(names, axis=1)
    if names is None or not _dtypes_are_known(matrix):
        return _zeros(matrix)
    types = matrix.feature_types or ["float"] * len(names)
    values = _first_rows(matrix)
    return pd.DataFrame({name: values[:, at].astype(_DTYPES[types[at]]) for at, name in enumerate(names)})


def matrix_of(data: Any) -> DMatrix:
    """Data as a booster takes it. For few rows, waking threads would cost more than all the rest."""
    if isinstance(data, DMatrix):
        return data
    return DMatrix(data, enable_categorical=True, nthread=1 if (row_count(data) or 0) <= _FEW else -1)


def inputs_of(model: XGBModel, inputs: Any) -> Any:
    """The inputs of an estimator's signature: a ranker's may hold the query of each row, which is no feature."""
    has_query = isinstance(model, XGBRanker) and isinstance(inputs, pd.DataFrame) and "qid" in inputs.columns
    return inputs.drop(columns="qid") if has_query else inputs


def _dtypes_are_known(matrix: DMatrix) -> bool:
    """Not those of categories, nor of whole numbers among which some are missing."""
    types = set(matrix.feature_types or ())
    complete = matrix.num_nonmissing() == matrix.num_row() * matrix.num_col()
    return types <= set(_DTYPES) and (complete or not types & {"int", "i"})


def _first_rows(matrix: DMatrix) -> Any:
    """Dense first rows, NaN where a value is missing; a row of zeros from a matrix that cannot be sliced."""
    try:
        few = matrix.slice(list(range(min(ROWS, matrix.num_row()))), allow_groups=True).get_data().tocoo()
    except XGBoostError:  # a QuantileDMatrix, or one in external memory
        return np.zeros((1, matrix.num_col()))
    values = np.full(few.shape, np.nan)
    values[few.row, few.col] = few.data
    return values


def _zeros(matrix: DMatrix) -> DMatrix:
    values = np.zeros((1, matrix.num_col()), dtype=np.float32)
    return DMatrix(values, feature_names=matrix.feature_names, feature_types=matrix.feature_types, nthread=1)
