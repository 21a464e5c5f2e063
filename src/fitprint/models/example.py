"""Input examples: the files and the entry of MLmodel, as MLflow writes them, in strict JSON.

Format: the MLmodel contract of MLflow ("Input examples"). Where MLflow writes a bare NaN, null stands here.
"""

from __future__ import annotations

import base64
import datetime
import math
from typing import Any

from fitprint._core.jsonable import dumps
from fitprint.models.package import Package

FILE, SERVING_FILE = "input_example.json", "serving_input_example.json"


CHAT_KEYS = frozenset({"messages", "input", "prompt"})
"""A dict with one of these is what a chat server is sent: it goes there as it is."""


def write_example(package: Package, example: Any) -> dict[str, Any]:
    """Writes both files of an input example. Returns ``saved_input_example_info``.

    Takes DataFrames, arrays, dicts of arrays, csr and csc matrices, and what JSON holds; each of them also as
    ``(data, params)``. Raises ValueError for anything else.
    """
    data, params = split_params(example)
    kind, stored, serving = _forms(data)
    info = {"artifact_path": FILE, "serving_input_path": SERVING_FILE, "type": kind}
    if kind == "dataframe":
        info["pandas_orient"] = "split" if "columns" in stored else "values"
    if params:
        info["params"] = "true"  # text, as MLflow has it
        plain = plain_data(params)
        stored, serving = {"inputs": stored, "params": plain}, {**serving, "params": plain}
    package.write(FILE, dumps(stored))
    package.write(SERVING_FILE, dumps(serving, indent=2))
    return info


def split_params(example: Any) -> tuple[Any, dict[str, Any]]:
    """Data and params of an example that may be given as ``(data, params)``."""
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], dict):
        return example
    return example, {}


def _forms(example: Any) -> tuple[str, Any, Any]:
    """(type, what is stored, what a server is sent)."""
    if hasattr(example, "columns") and hasattr(example, "iloc"):
        stored = _of_frame(example)
        return "dataframe", stored, {"dataframe_split": stored}
    if hasattr(example, "tocsr") and getattr(example, "format", None) in ("csr", "csc"):
        parts = {name: getattr(example, name).tolist() for name in ("data", "indices", "indptr")}
        dense = plain_data(example.toarray().tolist())
        return f"sparse_matrix_{example.format}", {**parts, "shape": list(example.shape)}, {"inputs": dense}
    if _is_array(example) or (isinstance(example, dict) and example and all(map(_is_array, example.values()))):
        arrays = plain_data(example)
        return "ndarray", arrays, {"inputs": arrays}
    if isinstance(example, (dict, list, str, bytes, bool, int, float, datetime.date)):
        stored = plain_data(example)
        is_chat = isinstance(example, dict) and not CHAT_KEYS.isdisjoint(example)
        return "json_object", stored, stored if is_chat else {"inputs": stored}
    raise ValueError(f"{type(example).__name__} is no input example: give a DataFrame, an array, or what JSON holds")


def _of_frame(frame: Any) -> dict[str, Any]:
    rows = [[plain_data(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    labels = list(frame.columns)
    return {"data": rows} if labels == list(range(len(labels))) else {"columns": plain_data(labels), "data": rows}


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "tolist") and not hasattr(value, "iloc")


def plain_data(value: Any) -> Any:
    """What JSON holds: missing values as null, moments as ISO text, bytes as base64."""
    if isinstance(value, (str, bool, int)) and type(value) in (str, bool, int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, dict):
        return {str(name): plain_data(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(each) for each in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(bytes(value)).decode("ascii")
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return plain_data(value.tolist())
    return str(value)
