"""Input examples: their files and their entry in MLmodel, as MLflow writes them, in strict JSON, and reading them back.

The format is MLflow's ("Input examples" in its documentation of the MLmodel format), but null stands for a bare NaN.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint._core.jsonable import number, to_json
from fitprint.models.errors import PackageError
from fitprint.models.foreign_tables import as_pandas
from fitprint.models.package import Package
from fitprint.models.package_paths import member
from fitprint.models.schema import Schema, TensorSpec
from fitprint.models.types import DataType

FILE, SERVING_FILE = "input_example.json", "serving_input_example.json"


CHAT_KEYS = frozenset({"messages", "input", "prompt"})
"""A dict with one of these keys is a request to a chat server, which gets it as it is."""


def write_example(package: Package, example: Any) -> dict[str, Any]:
    """Write both files of an input example.

    Args:
        package: The package.
        example: A DataFrame, an array, a dict of arrays, a csr or csc matrix, or what JSON can hold; each of them also
            as ``(data, params)``.

    Returns:
        The entry ``saved_input_example_info`` of the MLmodel file.

    Raises:
        ValueError: The example is anything else.
    """
    data, params = split_params(example)
    kind, stored, serving = _forms(data)
    info = {"artifact_path": FILE, "serving_input_path": SERVING_FILE, "type": kind}
    if kind == "dataframe":
        info["pandas_orient"] = "split" if "columns" in stored else "values"
    if params:
        info["params"] = "true"  # a string, as in MLflow
        plain = plain_data(params)
        stored, serving = {"inputs": stored, "params": plain}, {**serving, "params": plain}
    package.write(FILE, to_json(stored))
    package.write(SERVING_FILE, to_json(serving, indent=2))
    return info


def request_of(example: Any) -> Any:
    """Return what a scoring server of MLflow is sent for an example, as data that JSON can hold.

    Raises:
        ValueError: JSON cannot hold it.
    """
    return _forms(example)[2]


def split_params(example: Any) -> tuple[Any, dict[str, Any]]:
    """Return data and params of an example that may be given as ``(data, params)``."""
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], dict):
        return example
    return example, {}


def _forms(example: Any) -> tuple[str, Any, Any]:
    """Return (type, what is stored, what a server is sent)."""
    example = as_pandas(example)
    if hasattr(example, "tocsr") and getattr(example, "format", None) not in ("csr", "csc"):
        example = example.tocsr()
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
    if hasattr(example, "dtype") and not hasattr(example, "iloc"):
        example = example.item()
    if isinstance(example, (dict, list, str, bytes, bool, int, float, datetime.date)):
        stored = plain_data(example)
        is_chat = isinstance(example, dict) and not CHAT_KEYS.isdisjoint(example)
        return "json_object", stored, stored if is_chat else {"inputs": stored}
    raise ValueError(
        f"{type(example).__name__} cannot be an input example: give a DataFrame, an array, or what JSON can hold"
    )


def _of_frame(frame: Any) -> dict[str, Any]:
    rows = [[plain_data(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    labels = list(frame.columns)
    return {"data": rows} if labels == list(range(len(labels))) else {"columns": plain_data(labels), "data": rows}


def _is_array(value: Any) -> bool:
    """Return whether a value is an array, and neither a Series nor a scalar of numpy."""
    return hasattr(value, "dtype") and hasattr(value, "__setitem__") and not hasattr(value, "iloc")


def plain_data(value: Any) -> Any:
    """Return a value as JSON holds it: missing values as null, times as ISO strings, bytes as base64."""
    if isinstance(value, (str, bool, int)) and type(value) in (str, bool, int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, dict):
        return {str(name): plain_data(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(bytes(value)).decode("ascii")
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return plain_data(value.tolist())
    return str(value)


LARGEST = 100_000_000


def read_example(folder: Path, info: Mapping[str, Any], schema: Schema | None = None) -> tuple[Any, dict[str, Any]]:
    """Read the input example of a package.

    Args:
        folder: The folder of the package.
        info: The entry ``saved_input_example_info`` of its MLmodel file.
        schema: Gives columns and arrays their types; without it, times and bytes stay the strings that JSON holds.

    Returns:
        Data and params.

    Raises:
        PackageError: The file is missing, not JSON, or not what ``info`` says.
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
        raise PackageError(
            f"{folder}: its input example is not the {kind} that its MLmodel file names ({reason})"
        ) from error


def _parsed(folder: Path, name: Any) -> Any:
    path = member(folder, name)
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise PackageError(f"{path} is not a regular file of at most {LARGEST:,} bytes")
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
    raise ValueError(f"fitprint does not know examples of the type {kind!r}")


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
    array = np.asarray(values, dtype=object)
    if dtype is None and all(isinstance(value, str) for value in array.flat):
        return np.asarray(values)
    if dtype is None or dtype.kind in "fc":
        array = np.vectorize(_number, otypes=[object])(array) if array.size else array
    return np.array(array.tolist(), dtype=dtype)


def _number(value: Any) -> Any:
    return float("nan") if value is None else number(value)


def _sparse(kind: str, stored: Any) -> Any:
    from scipy import sparse

    make = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix}[kind]
    return make((stored["data"], stored["indices"], stored["indptr"]), shape=tuple(stored["shape"]))
