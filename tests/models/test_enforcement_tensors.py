"""What enforcement accepts, gives and refuses where a schema is of tensors."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fitprint.models import Schema, SchemaError, TensorSpec
from fitprint.models.enforcement import enforce_inputs


def brief(value):
    """A readable id: the values and their dtype, on one line."""
    if isinstance(value, str):
        return f"to {value}"
    listed = value.values.tolist() if isinstance(value, pd.DataFrame) else list(value)
    return f"{getattr(value, 'dtype', type(value).__name__)} {listed}"


def tensor(dtype: str, *shape: int, name: str | None = None) -> Schema:
    return Schema([TensorSpec(dtype, shape, name)])


LOSSLESS_TENSORS = [
    ([[1.0, 2.0]], "float64"),
    (((1, 2), (3, 4)), "float64"),
    (np.array([[1, 2]]), "float32"),
    (np.array([[1.0, 2.0]]), "int64"),
    (np.array([[0.5, np.nan]]), "float32"),
    (np.array([[1, 2]], dtype=">i4"), "int32"),
    (np.array([[1, 2]], dtype=object), "int64"),
    (pd.DataFrame([[1, 2]]), "float64"),
    (pd.DataFrame([[1.0, 2.0]], columns=["a", "b"], index=["r"]), "float32"),
    (pd.DataFrame({"a": [[1.0, 2.0]]}, index=["r"]), "float64"),
    (np.array([["a", "b"]], dtype=object), "str"),
]


@pytest.mark.parametrize(("data", "dtype"), LOSSLESS_TENSORS, ids=brief)
def test_lossless_tensors(data, dtype):
    with pytest.raises(SchemaError):
        enforce_inputs(data, tensor(dtype, -1, 2))
    result = enforce_inputs(data, tensor(dtype, -1, 2), lossless=True)
    assert result.shape[1] == 2
    assert result.dtype.kind == np.dtype(dtype).kind


@pytest.mark.parametrize(
    "data",
    [
        np.array([[1.5, 2.0]]),
        np.array([[True, False]]),
        np.array([[1, 2, 3]]),
        np.array([1, 2]),
        [[1], [2, 3]],
        [[1, None]],
        [["1", "2"]],
        {"a": 1},
        None,
        pd.DataFrame(),
    ],
    ids=repr,
)
def test_tensors_refused(data):
    with pytest.raises(SchemaError, match=r"tensor \[-1, 2\]: "):
        enforce_inputs(data, tensor("int64", -1, 2), lossless=True)


def test_sparse_matrices():
    schema = tensor("float64", -1, 2)
    matrix = sp.csr_matrix(np.eye(2))
    assert enforce_inputs(matrix, schema) is matrix
    integers = sp.csr_matrix(np.eye(2, dtype="int64"))
    for other in (sp.coo_matrix(matrix), sp.csr_array(matrix), integers):
        with pytest.raises(SchemaError):
            enforce_inputs(other, schema)
        result = enforce_inputs(other, schema, lossless=True)
        assert isinstance(result, sp.csr_matrix)
        assert (result.toarray() == np.eye(2)).all()


def test_named_tensors():
    schema = Schema([TensorSpec("float64", [-1, 2], "x"), TensorSpec("int64", [-1], "m")])
    result = enforce_inputs({"m": [1], "x": [[1, 2]], "z": 0}, schema, lossless=True)
    assert list(result) == ["x", "m"]
    assert result["x"].dtype == np.float64
    with pytest.raises(SchemaError) as error:
        enforce_inputs({"m": [1.5], "x": np.zeros((1, 3))}, schema, lossless=True)
    assert len(error.value.problems) == 2
    with pytest.raises(SchemaError, match=r"tensor 'm': missing"):
        enforce_inputs({"x": np.zeros((1, 2))}, schema)
    bare = enforce_inputs([[1.0, 2.0]], tensor("float64", -1, 2, name="x"), lossless=True)
    assert bare["x"].tolist() == [[1.0, 2.0]]


def test_ragged_arrays_pass_but_lists_of_odd_things_do_not():
    ragged = np.array([np.zeros((1, 3)), np.zeros((2, 3))], dtype=object)
    assert enforce_inputs(ragged, tensor("float64", -1, -1, 3)) is ragged
    with pytest.raises(SchemaError, match="neither all numbers nor all texts"):
        enforce_inputs([None, "x"], tensor("float64", -1, -1, 3), lossless=True)
