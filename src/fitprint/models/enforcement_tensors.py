"""Checking data against a schema of tensors: shapes, dtypes, and DataFrames turned into ndarrays.

The rules are those of MLflow 3.17. With `lossless`, lists and tuples become ndarrays, and another dtype
is cast when every number keeps its value.
"""

from __future__ import annotations

import sys
from typing import Any

from fitprint.models.enforcement_values import fits_exactly
from fitprint.models.errors import SchemaError
from fitprint.models.inference import is_csr_or_csc
from fitprint.models.schema import Schema, TensorSpec

_UNFIT = (ValueError, TypeError, KeyError, IndexError, OverflowError)  # what numpy and pandas raise as well


def enforce_tensors(data: Any, schema: Schema, lossless: bool) -> Any:
    """The data as one ndarray (or CSR or CSC matrix), or as a dict of them for named tensors.

    Raises SchemaError with a line per tensor at fault.
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
            [f"expected a dict of ndarrays named {names}, got {type(data).__name__}; give {{name: ndarray}}"]
        )
    problems = [f"tensor {name!r}: missing; the data has {list(data)}" for name in names if name not in data]
    if problems:
        raise SchemaError(problems)
    enforced = {}
    for name, spec in schema.input_dict().items():
        try:
            is_column = lossless or isinstance(data, pd.DataFrame)  # MLflow takes no Series in a dict
            enforced[name] = _enforce_one(data[name], spec, is_column, lossless)
        except _UNFIT as error:
            problems.append(f"tensor {name!r}: {error}")
    if problems:
        raise SchemaError(problems)
    return enforced


def _enforce_one(value: Any, spec: Any, is_column: bool, lossless: bool) -> Any:
    """One named tensor: an ndarray of a dict, or a column of a DataFrame."""
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
            f"a DataFrame of {columns} columns is a tensor [-1, {columns}]; give an ndarray for another shape"
        )
    return fit(frame.to_numpy(), spec, lossless)


def _from_column(column: Any, spec: TensorSpec, lossless: bool) -> Any:
    """A column whose cells are numbers, lists or ndarrays, as one ndarray of the spec's shape."""
    import numpy as np

    if not spec.shape or spec.shape[0] != -1 or -1 in spec.shape[1:]:
        raise ValueError(f"a column fits a tensor with axis 0 open and the others fixed, not {list(spec.shape)}")
    # MLflow looks up the label 0, not the first row
    first = column.iloc[0] if lossless and len(column) else column.loc[0]
    if np.isscalar(first):
        if spec.shape not in {(-1,), (-1, 1)}:
            raise ValueError("a column of scalars fits [-1] or [-1, 1] only; give cells that are lists")
        with np.errstate(invalid="ignore", over="ignore"):
            return fit(np.array(column, dtype=spec.type).reshape(spec.shape), spec, lossless)
    if not isinstance(first, np.ndarray) and not (isinstance(first, list) and np.isscalar(first[0])):
        raise ValueError(f"the cells must be scalars, flat lists or ndarrays, not {type(first).__name__}")
    stacked = np.vstack(column.tolist()).reshape(spec.shape)
    if len(stacked) != len(column):
        raise ValueError(f"the cells are of another size than {list(spec.shape[1:])}")
    # lists say little of their dtype and are cast; MLflow leaves that of ndarrays as it is
    with np.errstate(invalid="ignore", over="ignore"):
        return stacked.astype(spec.type) if isinstance(first, list) else stacked


def fit(array: Any, spec: TensorSpec, lossless: bool) -> Any:
    """The ndarray or sparse matrix if its shape and dtype fit; raises ValueError saying what differs.

    As in MLflow, `object [-1]` takes any array, and a ragged one (1-D, of objects) passes where the spec
    leaves an axis beyond the first open.
    """
    import numpy as np

    is_ragged = array.ndim == 1 and array.dtype == "object"
    if (spec.shape == (-1,) and spec.type == "object") or (-1 in spec.shape[1:] and is_ragged):
        return array
    if len(spec.shape) != array.ndim or any(
        want not in (-1, have) for want, have in zip(spec.shape, array.shape, strict=True)
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
    """The array in another dtype if every value stays the same, else None; booleans stay booleans."""
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
        raise ValueError("the items are not all numbers or all texts")  # and no ragged array either
    return fit(array, spec, lossless)


def _as_array(data: Any) -> Any:
    """A list, tuple or sparse container as an ndarray or CSR matrix; None for anything else."""
    import numpy as np

    if isinstance(data, (list, tuple)):
        return np.asarray(data)
    sparse = sys.modules.get("scipy.sparse")
    if sparse is not None and sparse.issparse(data):
        return data if is_csr_or_csc(data) else sparse.csr_matrix(data)
    return None
