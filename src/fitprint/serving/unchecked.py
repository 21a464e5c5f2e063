"""Data for a model without a signature of its inputs: it is passed on as MLflow's server passes it."""

from __future__ import annotations

from typing import Any

from fitprint._core.guard import attempt
from fitprint._core.rows import row_count
from fitprint.serving import json_tables
from fitprint.serving.errors import RequestError
from fitprint.serving.served import ServedModel
from fitprint.serving.tables import Table


def unchecked(form: str, data: Any, model: ServedModel) -> Table:
    """Return data for a model that nothing is known about.

    Args:
        form: The key that the data stood under.
        data: What the caller has sent.
        model: The model. One that checks its data by type hints gets lists and objects as they were sent.

    Returns:
        A DataFrame, an ndarray, or a dict of ndarrays.

    Raises:
        RequestError: The data cannot be read in this form.
    """
    import pandas as pd

    if form == "dataframe_split":
        columns, rows, index = json_tables.split_parts(data)
        json_tables.check_rows(rows, None if columns is None else len(columns))
        made = _made(lambda: pd.DataFrame(rows, columns=columns, index=index))
    elif form == "dataframe_records":
        json_tables.check_records(data)
        made = _made(lambda: pd.DataFrame(data))
    elif model.checks_itself:
        made = data
    elif isinstance(data, dict):
        made = {name: _array(values) for name, values in data.items()}
    elif form == "instances" and isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
        if any(item.keys() != data[0].keys() for item in data):
            raise RequestError(400, "Each of the instances must have the same keys.")
        made = {name: _array([item[name] for item in data]) for name in data[0]}
    else:
        made = _array(data)
    return Table(made, row_count(made))


def _array(values: Any) -> Any:
    import numpy as np

    return _made(lambda: np.array(values))


def _made(make: Any) -> Any:
    done, made = attempt(make)
    if not done:
        raise RequestError(400, "The data cannot be read as a table or an array; rows must have the same length.")
    return made
