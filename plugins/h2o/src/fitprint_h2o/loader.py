"""Predicts with a MOJO of H2O. fitprint copies this file into packages of that format, which MLflow itself cannot read.

Loading needs a cluster of H2O: the one that the process is connected to, or a new one.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import h2o
import pandas as pd
import yaml
from h2o import H2OFrame


def _load_pyfunc(path: str) -> _Predictor:
    """Return an object with ``predict`` from the folder of a model."""
    with open(os.path.join(path, "h2o.yaml"), encoding="utf-8") as file:
        settings = yaml.safe_load(file)
    connect(settings.get("init") or {})
    return _Predictor(h2o.upload_mojo(os.path.join(path, settings["model_file"])))


class _Predictor:
    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, data: Any, params: Any = None) -> Any:
        return predict(self._model, data)


def connect(settings: Mapping[str, Any]) -> None:
    """Connect to a cluster, unless the process is connected to one.

    Args:
        settings: Arguments of ``h2o.init`` that a package of MLflow names.
    """
    connection = h2o.connection()
    if connection is None or not connection.connected:
        h2o.init(**{"verbose": False, **settings})
        h2o.no_progress()


def predict(model: Any, data: Any) -> Any:
    """Return what a model predicts, as a table with the index of the data, as MLflow's reader does.

    Args:
        model: The model.
        data: A table, or a frame of H2O.
    """
    if isinstance(data, H2OFrame):
        return _predicted(model, data)
    table = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    frame = H2OFrame(table, column_types=_types_of(model, table))
    try:
        return _predicted(model, frame).set_axis(table.index, axis=0)
    finally:
        h2o.remove(frame.frame_id)


def _predicted(model: Any, frame: H2OFrame) -> Any:
    predicted = model.predict(frame)
    try:
        return as_table(predicted.frame_id)
    finally:
        h2o.remove(predicted.frame_id)


def _types_of(model: Any, table: pd.DataFrame) -> dict[str, str] | None:
    """Return the types of columns that H2O might guess otherwise: texts that are levels of a model's category.

    By themselves, the levels "01" and "1" would be read as the same number.
    """
    output = model._model_json["output"]
    kinds = dict(zip(output.get("names") or (), output.get("column_types") or (), strict=False))
    return {
        str(name): "enum"
        for name, dtype in table.dtypes.items()
        if kinds.get(str(name)) == "Enum" and dtype.kind not in "iufb"
    } or None


def as_table(frame_id: str) -> pd.DataFrame:
    """Return a whole frame as a table, as `H2OFrame.as_data_frame` does, which warns that there is a faster way."""
    data = {"frame_id": frame_id, "hex_string": False, "escape_quotes": True}
    text = h2o.api("GET /3/DownloadDataset", data=data)
    return pd.read_csv(io.StringIO(text), low_memory=False, skip_blank_lines=False)
