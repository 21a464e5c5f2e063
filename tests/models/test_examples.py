"""Input examples: the files and the entry as MLflow's record has them, in strict JSON, and what is read back."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fitprint.models import PackageError, infer_signature
from fitprint.models.example import read_example, write_example
from fitprint.models.package import Package

NAMESPACE = {"np": np, "pd": pd, "sp": sp, "dt": dt}
CASES = json.loads((Path(__file__).parents[1] / "fixtures/mlflow/input_examples.json").read_text())
RECORDED = [case for case in CASES if "error" not in case]

EMPTY_PARAMS = "([1, 2], {})"  # MLflow wraps the data all the same, and reads the wrapper back as the data
DIFFERENCES = {
    EMPTY_PARAMS: {
        "input_example.json": "[1, 2]",
        "serving_input_example.json": '{"inputs": [1, 2]}',
        "read_back": "list:[1, 2]",
    },
    # MLflow gives an array of objects with a None in it
    "np.array([1.0, float('nan')])": {"read_back": "ndarray:array([ 1., nan])"},
}


def written(folder: Path, example: Any) -> dict[str, Any]:
    package = Package(folder)
    return write_example(package, example)


def strict(text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "example"


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["expr"])
def test_files_and_entry_as_mlflow(case, folder):
    info = written(folder, eval(case["expr"], dict(NAMESPACE)))
    assert info == case["saved_input_example_info"]
    for name in ("input_example.json", "serving_input_example.json"):
        expected = DIFFERENCES.get(case["expr"], {}).get(name, case[name])
        assert strict((folder / name).read_text("utf-8")) == json.loads(expected, parse_constant=lambda _: None)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["expr"])
def test_examples_are_read_back_as_mlflow_reads_them(case, folder):
    folder.mkdir()
    expected = DIFFERENCES.get(case["expr"], {})
    stored = expected.get("input_example.json", case["input_example.json"])
    (folder / "input_example.json").write_text(stored)  # MLflow's own text, its bare NaN too
    data, params = read_example(folder, case["saved_input_example_info"])
    shown = f"{type(data).__name__}:{data if isinstance(data, (pd.DataFrame, sp.spmatrix)) else repr(data)}"
    wanted = expected.get("read_back", case["read_back"])
    if isinstance(data, sp.spmatrix):
        assert type(data).__name__ == wanted.partition(":")[0]
        assert (data.toarray() == [[0.0, 1.0], [2.0, 0.0]]).all()
    else:
        assert re.sub(r"\s+", " ", shown) == re.sub(r"\s+", " ", wanted)
    assert params == json.loads(stored)["params"] if "params" in case["saved_input_example_info"] else params == {}


def test_anything_else_is_refused(tmp_path):
    (recorded,) = [case["expr"] for case in CASES if "error" in case]
    for number, example in enumerate((eval(recorded, dict(NAMESPACE)), (1, 2), {1, 2}, object())):
        with pytest.raises(ValueError, match="cannot be an input example"):
            written(tmp_path / str(number), example)
        assert list((tmp_path / str(number)).iterdir()) == []


FRAME = pd.DataFrame(
    {
        "number": [1.5, np.nan],
        "infinite": [np.inf, -np.inf],
        "whole": np.array([1, 2], dtype="int32"),
        "word": ["x", None],
        "flag": [True, False],
        "bytes": [b"hi", b"\x00"],
        "moment": pd.to_datetime(["2024-01-02 03:04:05.123456", None]),
    }
)


def test_what_is_written_is_read_back_through_the_signature(folder):
    info = written(folder, FRAME)
    strict((folder / "input_example.json").read_text())
    data, params = read_example(folder, info, infer_signature(FRAME).inputs)
    assert params == {}
    assert data["number"].tolist()[0] == 1.5
    assert np.isnan(data["number"][1])
    assert data["infinite"].tolist() == [np.inf, -np.inf]
    assert data["whole"].dtype == np.int32
    assert data["bytes"].tolist() == [b"hi", b"\x00"]
    assert data["moment"].tolist()[0] == FRAME["moment"][0]
    assert data["moment"].isna().tolist() == [False, True]
    assert data["flag"].tolist() == [True, False]
    assert data["word"][0] == "x"
    assert data["word"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "example",
    [
        np.array([[1, 2]], dtype="int8"),
        np.array([0.5, np.inf, -np.inf, np.nan], dtype="float32"),
        np.array([["a", "b"]]),
        np.zeros((0, 3)),
        {"x": np.array([[1.0]], dtype="float32"), "m": np.array([True])},
    ],
    ids=repr,
)
def test_arrays_keep_their_dtype_through_the_signature(folder, example):
    info = written(folder, example)
    strict((folder / "input_example.json").read_text())
    data, _ = read_example(folder, info, infer_signature(example).inputs)
    arrays = zip(data.values(), example.values(), strict=True) if isinstance(example, dict) else [(data, example)]
    for found, given in arrays:
        assert found.dtype.kind == given.dtype.kind
        assert found.dtype == given.dtype or given.dtype.kind == "U"
        np.testing.assert_array_equal(found.reshape(given.shape), given)


def test_params_come_back_beside_the_data(folder):
    info = written(folder, (FRAME[["number"]], {"k": [1, 2], "t": float("nan")}))
    assert info["params"] == "true"
    strict((folder / "serving_input_example.json").read_text())
    data, params = read_example(folder, info)
    assert list(data.columns) == ["number"]
    assert params == {"k": [1, 2], "t": None}


def test_labels_that_are_tuples_come_back(folder):
    frame = pd.DataFrame([[1, 2]], columns=[("a", "x"), ("a", "y")])
    data, _ = read_example(folder, written(folder, frame))
    assert data.columns.tolist() == [("a", "x"), ("a", "y")]


@pytest.mark.parametrize(
    ("text", "info"),
    [
        ("{", {"type": "dataframe"}),
        ("[" * 100_000, {"type": "json_object"}),
        ("[1]", {"type": "dataframe"}),
        ('{"data": [[1]], "columns": ["a", "b"]}', {"type": "dataframe"}),
        ('{"data": [1]}', {"type": "sparse_matrix_csr"}),
        ("{}", {"type": "sparse_matrix_bsr"}),
        ("1", {"type": "pickle"}),
        ("1", {}),
        ('{"inputs": 1}', {"type": "json_object", "params": "true"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_broken_examples_are_one_clear_error(folder, text, info):
    folder.mkdir()
    (folder / "input_example.json").write_text(text)
    with pytest.raises(PackageError, match="example"):
        read_example(folder, info)


def test_nothing_outside_the_package_is_read(folder, tmp_path):
    folder.mkdir()
    (tmp_path / "secret.json").write_text("1")
    with pytest.raises(PackageError, match="outside"):
        read_example(folder, {"type": "json_object", "artifact_path": "../secret.json"})
    with pytest.raises(PackageError, match="missing"):
        read_example(folder, {"type": "json_object"})
