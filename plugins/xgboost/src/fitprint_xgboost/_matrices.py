"""Rows like those of a DMatrix, for the signature of a model that was trained on one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from xgboost import DMatrix, XGBModel, XGBRanker
from xgboost.core import XGBoostError

from fitprint.plugin import row_count

_SAMPLE_ROWS = 5
_FEW_ROWS = 1_000
_DTYPES = {"float": "float64", "q": "float64", "int": "int64", "i": "bool"}
"""From XGBoost's feature types to dtypes that have these feature types."""


def table_like(matrix: DMatrix, table: Any) -> Any:
    """Return rows with the columns of a DMatrix, as a user would pass them; None where their dtypes are not known.

    Args:
        matrix: The DMatrix.
        table: What it was made from; None when that no longer exists.
    """
    names = matrix.feature_names
    if table is not None:
        if (names is None and isinstance(table, np.ndarray)) or hasattr(table, "tocsr"):
            return table if names is None else pd.DataFrame(table.tocsr()[:_SAMPLE_ROWS].toarray(), columns=names)
        if isinstance(table, np.ndarray):
            return pd.DataFrame(table, columns=names, copy=False)
        if isinstance(table, pd.DataFrame):
            has_names = [str(column) for column in table.columns] == names
            return table if has_names else table.set_axis(names, axis=1)
    if names is None or not _dtypes_are_known(matrix):
        return None
    types = matrix.feature_types or ["float"] * len(names)
    values = _first_rows(matrix)
    return pd.DataFrame({name: values[:, at].astype(_DTYPES[types[at]]) for at, name in enumerate(names)})


def tells_all(columns: Any) -> bool:
    """Return whether a table without rows tells everything: not whether integers of pandas' own had missing values."""
    dtypes = list(columns.dtypes) if isinstance(columns, pd.DataFrame) else []
    return bool(dtypes) and all(isinstance(dtype, (np.dtype, pd.CategoricalDtype)) for dtype in dtypes)


def zeros_like(matrix: DMatrix) -> DMatrix:
    """Return a DMatrix with one row of zeros and the same features."""
    values = np.zeros((1, matrix.num_col()), dtype=np.float32)
    return DMatrix(values, feature_names=matrix.feature_names, feature_types=matrix.feature_types, nthread=1)


def matrix_of(data: Any) -> DMatrix:
    """Return data as a booster takes it. Few rows get one thread, because starting more would take longer."""
    if isinstance(data, DMatrix):
        return data
    return DMatrix(data, enable_categorical=True, nthread=1 if (row_count(data) or 0) <= _FEW_ROWS else -1)


def without_query(model: XGBModel, inputs: Any) -> Any:
    """Return the features among the inputs of an estimator: a ranker's may contain the query of each row."""
    has_query = isinstance(model, XGBRanker) and isinstance(inputs, pd.DataFrame) and "qid" in inputs.columns
    return inputs.drop(columns="qid") if has_query else inputs


def _dtypes_are_known(matrix: DMatrix) -> bool:
    """Return whether dtypes follow from feature types: not for categories, nor for integers with missing values."""
    types = set(matrix.feature_types or ())
    complete = matrix.num_nonmissing() == matrix.num_row() * matrix.num_col()
    return types <= set(_DTYPES) and (complete or not types & {"int", "i"})


def _first_rows(matrix: DMatrix) -> Any:
    """Return the first rows, with NaN for missing values; one row of zeros when the matrix cannot be sliced."""
    try:
        rows = matrix.slice(list(range(min(_SAMPLE_ROWS, matrix.num_row()))), allow_groups=True).get_data().tocoo()
    except XGBoostError:  # a QuantileDMatrix, or one in external memory
        return np.zeros((1, matrix.num_col()))
    values = np.full(rows.shape, np.nan)
    values[rows.row, rows.col] = rows.data
    return values
