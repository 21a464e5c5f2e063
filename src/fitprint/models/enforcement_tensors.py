"""Enforcement of tensors: shapes and dtypes are checked, and DataFrames are turned into ndarrays.

The rules are those of MLflow 3.17. With `lossless`, lists and tuples become ndarrays, and an array of another dtype is
cast if no value changes.
"""

from __future__ import annotations

import sys
from typing import Any

from fitprint.models.enforcement_values import fits_exactly
from fitprint.models.errors import SchemaError
from fitprint.models.inference import is_csr_or_csc, is_sparse
from fitprint.models.schema import Schema, TensorSpec

_UNFIT = (ValueError, TypeError, KeyError, IndexError, OverflowError)  # those of this module, of numpy and of pandas


def enforce_tensors(data: Any, schema: Schema, lossless: bool) -> Any:
    """Return the data as the tensors that the schema of a model's inputs describes.

    Args:
        data: What the caller passes to `predict`.
        schema: The schema, whose specs are tensors.
        lossless: Whether to accept, beyond what MLflow accepts, what can be converted without changing a value.

    Returns:
        A dict of ndarrays if the tensors have names, otherwise an ndarray or a CSR or CSC matrix.

    Raises:
        SchemaError: The data does not fit; the message has a line for each tensor that does not.
    """
    import pandas as pd

    if isinstance(data, pd.Series):
        data = pd.DataFrame(data)
    if schema.has_input_names():
        return _enforce_named(data, schema, lossless)
    spec: Any = schema.inputs[0]
    try:
        return _enforce_unnamed(data, spec, lossless)
    except _UNFIT as error:
        raise SchemaError([f"tensor {list(spec.shape)}: {error}"]) from error


def _enforce_named(data: Any, schema: Schema, lossless: bool) -> dict[Any, Any]:
    import numpy as np
    import pandas as pd

    names = schema.input_names()
    is_bare = isinstance(data, np.ndarray) or (lossless and _as_array(data) is not None)
    if len(names) == 1 and is_bare:
        data = {names[0]: data}
    if not isinstance(data, (dict, pd.DataFrame)):
        raise SchemaError(
            [f"expected a dict of ndarrays with the keys {names}, got {type(data).__name__}; pass {{name: ndarray}}"]
        )
    problems = [f"tensor {name!r}: missing; the data has {list(data)}" for name in names if name not in data]
    if problems:
        raise SchemaError(problems)
    enforced = {}
    for name, spec in schema.input_dict().items():
        try:
            is_column = lossless or isinstance(data, pd.DataFrame)  # MLflow refuses a Series in a dict
            enforced[name] = _enforce_one(data[name], spec, is_column, lossless)
        except _UNFIT as error:
            problems.append(f"tensor {name!r}: {error}")
    if problems:
        raise SchemaError(problems)
    return enforced


def _enforce_one(value: Any, spec: Any, is_column: bool, lossless: bool) -> Any:
    """Return one tensor that has a name, from an ndarray in a dict or from a column of a DataFrame."""
    import numpy as np
    import pandas as pd

    if is_column and isinstance(value, pd.Series):
        return _from_column(value, spec, lossless)
    if isinstance(value, np.ndarray):
        return fit(value, spec, lossless)
    return _from_other(value, spec, lossless)


def _enforce_unnamed(data: Any, spec: TensorSpec, lossless: bool) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return _from_frame(data, spec, lossless)
    if isinstance(data, np.ndarray) or is_csr_or_csc(data):
        return fit(data, spec, lossless)
    return _from_other(data, spec, lossless)


def _from_frame(frame: Any, spec: TensorSpec, lossless: bool) -> Any:
    columns = len(frame.columns)
    if frame.empty and not (lossless and columns):
        raise ValueError("the DataFrame is empty")
    if columns == 1:
        return _from_column(frame.iloc[:, 0], spec, lossless)
    if spec.shape != (-1, columns):
        raise ValueError(
            f"a DataFrame of {columns} columns is a tensor [-1, {columns}]; pass an ndarray for another shape"
        )
    return fit(frame.to_numpy(), spec, lossless)


def _from_column(column: Any, spec: TensorSpec, lossless: bool) -> Any:
    """Return a column, whose cells are numbers, lists or ndarrays, as one ndarray of the shape of the spec."""
    import numpy as np

    if not spec.shape or spec.shape[0] != -1 or -1 in spec.shape[1:]:
        raise ValueError(f"a column fits a tensor of which only axis 0 may have any size, not {list(spec.shape)}")
    # MLflow takes the row with the label 0, not the first row
    first = column.iloc[0] if lossless and len(column) else column.loc[0]
    if np.isscalar(first):
        if spec.shape not in {(-1,), (-1, 1)}:
            raise ValueError(
                "a column of scalars fits only a tensor [-1] or [-1, 1]; for another, the cells must be lists"
            )
        with np.errstate(invalid="ignore", over="ignore"):
            return fit(np.array(column, dtype=spec.type).reshape(spec.shape), spec, lossless)
    if not isinstance(first, np.ndarray) and not (isinstance(first, list) and np.isscalar(first[0])):
        raise ValueError(f"the cells must be scalars, flat lists or ndarrays, not {type(first).__name__}")
    stacked = np.vstack(column.tolist()).reshape(spec.shape)
    if len(stacked) != len(column):
        raise ValueError(f"the cells have another size than {list(spec.shape[1:])}")
    # as in MLflow, lists, which have no dtype, are cast, and ndarrays keep the dtype that they have
    with np.errstate(invalid="ignore", over="ignore"):
        return stacked.astype(spec.type) if isinstance(first, list) else stacked


def fit(array: Any, spec: TensorSpec, lossless: bool) -> Any:
    """Check the shape and the dtype of an array.

    As in MLflow, a spec of dtype `object` and shape `[-1]` accepts any array, and a ragged array (of one axis, holding
    objects) is accepted where the spec allows any size of an axis beyond the first.

    Args:
        array: An ndarray or a sparse matrix.
        spec: The tensor that the schema asks for.
        lossless: Whether to cast an array of another dtype if no value changes.

    Returns:
        The array, cast if need be.

    Raises:
        ValueError: The shape or the dtype does not fit.
    """
    import numpy as np

    is_ragged = array.ndim == 1 and array.dtype == "object"
    if (spec.shape == (-1,) and spec.type == "object") or (-1 in spec.shape[1:] and is_ragged):
        return array
    if len(spec.shape) != array.ndim or any(
        declared not in (-1, size) for declared, size in zip(spec.shape, array.shape, strict=True)
    ):
        raise ValueError(f"expected the shape {list(spec.shape)}, got {list(array.shape)}")
    if (np.dtype(array.dtype.type) if array.dtype.kind in "US" else array.dtype) == spec.type:
        return array
    cast = _exact_cast(array, spec.type) if lossless else None
    if cast is None:
        raise ValueError(
            f"expected the dtype {spec.type.name}, got {array.dtype}; convert it with .astype({spec.type.name!r})"
        )
    return cast


def _exact_cast(array: Any, target: Any) -> Any:
    """Cast an array if no value changes; return None otherwise. Booleans are cast to no other kind."""
    import numpy as np

    if array.dtype == "object" and isinstance(array, np.ndarray):
        if target.kind == "U":
            is_text = all(isinstance(item, str) for item in array.flat)
            return array.astype(str) if is_text else None
        array = np.array(array.tolist())
    if array.dtype == target or (array.dtype.kind == target.kind and np.can_cast(array.dtype, target, "safe")):
        return array.astype(target)
    numbers = array if isinstance(array, np.ndarray) else array.data
    return array.astype(target) if fits_exactly(numbers, target) else None


def _from_other(data: Any, spec: TensorSpec, lossless: bool) -> Any:
    array = _as_array(data) if lossless else None
    if array is None:
        raise ValueError(f"expected an ndarray, got {type(data).__name__}; make one with numpy.array()")
    if array.dtype == "object" and spec.type != "object":
        raise ValueError("the items are neither all numbers nor all texts, or lists of different lengths")
    return fit(array, spec, lossless)


def _as_array(data: Any) -> Any:
    """Return a list or tuple as an ndarray, a sparse container as a CSR or CSC matrix, None for anything else."""
    import numpy as np

    if isinstance(data, (list, tuple)):
        return np.asarray(data)
    if is_sparse(data):
        return data if is_csr_or_csc(data) else sys.modules["scipy.sparse"].csr_matrix(data)
    return None
