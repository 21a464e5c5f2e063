"""Reading an input example back, as what it was given as."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint._core.jsonable import number
from fitprint.models.errors import PackageError
from fitprint.models.example import FILE
from fitprint.models.package import member
from fitprint.models.schema import Schema, TensorSpec
from fitprint.models.types import DataType

LARGEST = 100_000_000


def read_example(folder: Path, info: Mapping[str, Any], schema: Schema | None = None) -> tuple[Any, dict[str, Any]]:
    """Data and params of a package's input example; ``info`` is ``saved_input_example_info`` of its MLmodel.

    Columns and arrays get the types of the schema. Without one, moments and bytes stay the text that JSON holds.
    Raises PackageError for a file that is missing, no JSON, or not what ``info`` says.
    """
    kind = info.get("type")
    stored = _parsed(folder, info.get("artifact_path") or FILE)
    try:
        params: dict[str, Any] = {}
        if info.get("params"):
            stored, params = stored["inputs"], dict(stored["params"])
        return _data(str(kind), stored, info, schema), params
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise PackageError(f"{folder}: its input example is not the {kind} that its MLmodel says ({reason})") from error


def _parsed(folder: Path, name: Any) -> Any:
    path = member(folder, name)
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise PackageError(f"{path} is no plain file of at most {LARGEST:,} bytes")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{path} is not JSON: {error}") from None


def _data(kind: str, stored: Any, info: Mapping[str, Any], schema: Schema | None) -> Any:
    if kind == "dataframe":
        return _frame(stored, schema)
    if kind == "ndarray":
        return _arrays(stored, schema)
    if kind.startswith("sparse_matrix_"):
        return _sparse(kind.removeprefix("sparse_matrix_"), stored)
    if kind == "json_object":
        return stored
    raise ValueError(f"fitprint knows no examples of the type {kind!r}")


def _frame(stored: Any, schema: Schema | None) -> Any:
    import pandas as pd

    columns = [tuple(label) if isinstance(label, list) else label for label in stored.get("columns", ())]
    frame = pd.DataFrame(stored["data"], columns=columns or None)
    if schema is None or schema.is_tensor_spec():
        return frame
    names = schema.input_names() if schema.has_input_names() else frame.columns[: len(schema)]
    for name, dtype in zip(names, schema.input_types(), strict=False):
        if name in frame and isinstance(dtype, DataType):
            frame[name] = _column(frame[name], dtype)
    return frame


def _column(values: Any, dtype: DataType) -> Any:
    import pandas as pd

    if dtype is DataType.binary:
        return values.map(lambda text: text if text is None else base64.b64decode(text)).astype(object)
    if dtype is DataType.datetime:
        return pd.to_datetime(values).astype(dtype.to_pandas())
    if dtype is DataType.string or (dtype is DataType.boolean and values.isna().any()):
        return values
    return values.astype(dtype.to_pandas())


def _arrays(stored: Any, schema: Schema | None) -> Any:
    if isinstance(stored, dict):
        named = schema.input_dict() if schema is not None and schema.has_input_names() else {}
        return {name: _array(values, named.get(name)) for name, values in stored.items()}
    return _array(stored, schema.inputs[0] if schema is not None else None)


def _array(values: Any, spec: Any) -> Any:
    import numpy as np

    dtype = spec.type if isinstance(spec, TensorSpec) else None
    found = np.asarray(values, dtype=object)
    if dtype is None and all(isinstance(each, str) for each in found.flat):
        return np.asarray(values)
    if dtype is None or dtype.kind in "fc":
        found = np.vectorize(_number, otypes=[object])(found) if found.size else found
    return np.array(found.tolist(), dtype=dtype)


def _number(value: Any) -> Any:
    return float("nan") if value is None else number(value)


def _sparse(kind: str, stored: Any) -> Any:
    from scipy import sparse

    make = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix}[kind]
    return make((stored["data"], stored["indices"], stored["indptr"]), shape=tuple(stored["shape"]))
