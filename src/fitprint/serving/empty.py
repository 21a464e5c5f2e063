"""The predictions for a request without rows, which are made without the model."""

from __future__ import annotations

from typing import Any

from fitprint.models.schema import TensorSpec
from fitprint.serving.served import PREDICT, ServedModel


def no_predictions(model: ServedModel, method: str | None = None) -> Any:
    """Return predictions of no rows in the form of the signature: an empty table or array.

    Args:
        model: The model.
        method: The method that was asked; the signature tells the outputs of ``predict`` alone.
    """
    import numpy as np
    import pandas as pd

    schema = model.outputs if method in (None, PREDICT) else None
    if schema is None:
        return np.empty(0)
    first = schema.inputs[0]
    if isinstance(first, TensorSpec):
        return np.empty((0, *(max(axis, 0) for axis in first.shape[1:])), dtype=first.type)
    if schema.has_input_names() and len(schema) > 1:
        return pd.DataFrame(columns=pd.Index(schema.input_names(), tupleize_cols=False))
    dtype = first.type.to_pandas() if hasattr(first.type, "to_pandas") else np.dtype(object)
    return np.empty(0, dtype=dtype)
