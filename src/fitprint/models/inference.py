"""The schemas of a signature are inferred from example data, with MLflow's names and results.

There is one difference. Where MLflow gives up because one column or one key has no type, here that column alone gets
the type `any`. Nothing in this module warns or logs.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import sys
import types
import typing
from typing import Any

from fitprint.models.foreign_tables import as_pandas, is_foreign
from fitprint.models.inference_values import ANY, NoTypeError, is_datetime, is_missing, items_type, value_type
from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from fitprint.models.types import Array, DataType, FieldType, Object, Property

__all__ = ["infer_params", "infer_schema"]


def infer_schema(data: Any) -> Schema | None:
    """Infer the schema of a model's inputs or outputs from an example.

    Args:
        data: The example. A DataFrame, a Series, a dict, a list of dicts or a dataclass has columns, and so has a table
            of polars or pyarrow. An ndarray, a CSR or a CSC matrix is a tensor whose axis 0 may have any size, and so
            is each item of a dict of ndarrays. A scalar, or a list of something else, is one column without a name.
            Data without a schema (a tuple, a set, a COO matrix, a DataFrame whose labels repeat) is one column without
            a name, of the type `any`.

    Returns:
        The schema, or None if `data` is None.
    """
    if data is None:
        return None
    try:
        return _schema(data)
    except (ValueError, TypeError, RecursionError):
        return Schema([ColSpec(ANY)])


def infer_params(params: dict[str, Any] | None) -> ParamSchema | None:
    """Infer the schema of the params that a model takes at prediction.

    Args:
        params: The default of each param: a scalar, a flat list of scalars of one type, or a dict.

    Returns:
        The schema, or None if `params` is None.

    Raises:
        ValueError: `params` is not a dict, or a default has no type, such as None, bytes, a tuple or a list of lists.
            The message names every such param.
    """
    if params is None:
        return None
    if not isinstance(params, dict):
        raise ValueError(f"The params must be a dict of names and defaults, not a {type(params).__name__}.")
    specs, problems = [], []
    for name, value in params.items():
        try:
            specs.append(_param_spec(str(name), value))
        except (ValueError, TypeError, OverflowError) as error:
            problems.append(f"{name!r}: {error}")
    if problems:
        raise ValueError(f"Params must be scalars, flat lists or dicts, but some have no type. {'; '.join(problems)}")
    return ParamSchema(specs)


def _schema(data: Any) -> Schema:
    import numpy as np

    if isinstance(data, np.ndarray):
        return Schema([_tensor(data)])
    if isinstance(data, dict) and not is_sparse(data):
        return _dict_schema(data)
    if isinstance(data, list):
        return _list_schema(data)
    if dataclasses.is_dataclass(data):
        return dataclass_schema(data)
    pandas = sys.modules.get("pandas")  # if pandas is not imported, the data is not a DataFrame
    if pandas is not None and isinstance(data, (pandas.DataFrame, pandas.Series)):
        from fitprint.models.inference_columns import frame_schema, series_schema

        return frame_schema(data) if data.ndim == 2 else series_schema(data)
    if is_csr_or_csc(data):
        return Schema([_tensor(data)])
    if is_sparse(data):
        raise NoTypeError("MLflow takes sparse data as CSR and CSC matrices only")
    if is_foreign(data):
        return _schema(as_pandas(data))
    return Schema([ColSpec(value_type(data))])


def is_csr_or_csc(data: Any) -> bool:
    """Return whether the data is a `csr_matrix` or a `csc_matrix` of scipy, which MLflow accepts as tensors."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and isinstance(data, (sparse.csr_matrix, sparse.csc_matrix))


def is_sparse(data: Any) -> bool:
    """Return whether the data is a sparse matrix or a sparse array of scipy, in any format. One is a dict by class."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(data))


def _tensor(array: Any, name: Any = None) -> TensorSpec:
    if array.ndim == 0:
        raise NoTypeError("a tensor needs an axis for its rows")
    return TensorSpec(array.dtype, (-1, *array.shape[1:]), name)


def _dict_schema(data: dict[Any, Any]) -> Schema:
    import numpy as np

    from fitprint.models.inference_columns import column_label

    if all(isinstance(value, np.ndarray) for value in data.values()):
        return Schema([_tensor(array, column_label(name)) for name, array in data.items()])
    if not all(isinstance(name, str) for name in data):
        raise NoTypeError("the keys are not all text")
    return Schema([ColSpec(_type_or_any(value), name, not _lacks_values(value)) for name, value in data.items()])


def _list_schema(data: list[Any]) -> Schema:
    if not data:
        return Schema([ColSpec("string")])  # as in MLflow since before version 2.9
    if not all(isinstance(row, dict) for row in data):
        return Schema([ColSpec(items_type(data))])

    from fitprint.models.inference_columns import column_label

    columns: dict[Any, list[Any]] = {}
    for row in data:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return Schema(
        [
            ColSpec(_items_type_or_any(values), column_label(name), _in_every_row(values, data))
            for name, values in columns.items()
        ]
    )


def _type_or_any(value: Any) -> FieldType:
    try:
        return value_type(value)
    except (ValueError, RecursionError):
        return ANY


def _items_type_or_any(values: list[Any]) -> FieldType:
    try:
        return items_type(values)
    except (ValueError, RecursionError):
        return ANY


def _in_every_row(values: list[Any], rows: list[Any]) -> bool:
    return len(values) == len(rows) and all(value is not None for value in values)


def _lacks_values(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    is_series = pandas is not None and isinstance(value, pandas.Series)
    return any(map(is_missing, value)) if is_series or isinstance(value, list) else is_missing(value)


def _param_spec(name: str, value: Any) -> ParamSpec:
    import numpy as np

    from fitprint.models.inference_columns import dtype_type

    if isinstance(value, dict):
        return ParamSpec(name, value_type(value), copy.deepcopy(value))
    is_list = isinstance(value, (list, np.ndarray))
    if not is_list and not np.isscalar(value) and not is_datetime(value):
        raise NoTypeError(f"a param cannot be a {type(value).__name__}")
    if _depth(value) > 1 or (is_list and _depth(value) == 0):
        raise NoTypeError(f"a list must have one dimension, not {_depth(value)}")
    items = value if is_list else [value]
    dtype = "datetime" if all(map(is_datetime, items)) else dtype_type(np.array(value).dtype)
    if dtype is None:
        raise NoTypeError(f"{value!r} has no type")
    return ParamSpec(name, dtype, copy.deepcopy(value), (-1,) if is_list else None)


def _depth(value: Any) -> int:
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return getattr(value, "ndim", 0)


_TYPES_OF_HINTS: dict[Any, DataType] = {  # as in MLflow, a `float` in a type hint is not a `double`
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.float,
    str: DataType.string,
    bytes: DataType.binary,
    datetime.date: DataType.datetime,
}


def dataclass_schema(data: Any) -> Schema:
    """Return the schema that a dataclass stands for. MLflow accepts one wherever it accepts example data.

    Args:
        data: A dataclass or an instance of one.

    Returns:
        A schema with one named column for each field. A field whose type hint is `Optional` is not required, one whose
        hint has no equivalent type is `any`, and one that is a dataclass itself is an object.

    Raises:
        ValueError: There are no fields, or a type hint uses a name that is not defined.
    """
    return Schema([ColSpec(dtype, name, required) for name, dtype, required in _fields(data)])


def _fields(data: Any) -> list[tuple[str, FieldType, bool]]:
    cls = data if isinstance(data, type) else type(data)
    try:
        hints = typing.get_type_hints(cls)
    except NameError as error:
        raise ValueError(f"a type hint of {cls.__name__} cannot be resolved: {error}") from error
    return [(field.name, *_field(hints[field.name])) for field in dataclasses.fields(cls)]


def _field(hint: Any) -> tuple[FieldType, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        choices = [choice for choice in typing.get_args(hint) if choice is not type(None)]
        optional = len(choices) < len(typing.get_args(hint))
        return (_hint_type(choices[0]) if len(choices) == 1 else ANY), not optional
    return _hint_type(hint), True


def _hint_type(hint: Any) -> FieldType:
    if typing.get_origin(hint) is list:
        return Array(_hint_type(typing.get_args(hint)[0]))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return Object(Property(name, dtype, required) for name, dtype, required in _fields(hint))
    return _TYPES_OF_HINTS.get(hint, ANY)
