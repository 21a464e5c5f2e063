"""What `infer_signature` makes of data, case by case against what MLflow 3.17 recorded."""

import dataclasses
import datetime as dt
import decimal
import json
import math
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fitprint.models import infer_signature
from fitprint.models.inference import infer_params, infer_schema

NAMESPACE = {"np": np, "pd": pd, "sp": sp, "dt": dt, "decimal": decimal}
CASES = json.loads((Path(__file__).parents[1] / "fixtures/mlflow/signatures.json").read_text())
INPUTS = [case for case in CASES if "inputs_schema_json" in case]
PARAMS = [case for case in CASES if "params_schema_json" in case]

ONE_COLUMN = "MLflow gives up on the whole input because of this column; here it alone becomes any"
DIFFERENCES = {  # case: (reason, what fitprint infers)
    "df column pandas UInt64, no missing": (ONE_COLUMN, True),
    "df column pandas UInt64, with missing": (ONE_COLUMN, False),
    "df object mixed str+int": (ONE_COLUMN, True),
    "df object bytes+str mixed": (ONE_COLUMN, True),
    "df object Decimal": (ONE_COLUMN, True),
    "df object time": (ONE_COLUMN, True),
    "df timedelta": (ONE_COLUMN, True),
    "df period": (ONE_COLUMN, True),
    "df interval": (ONE_COLUMN, True),
    "df sparse dtype": (ONE_COLUMN, True),
}


def case_id(case: dict[str, Any]) -> str:
    return case["case"]


def inputs_json(data: Any) -> str | None:
    schema = infer_schema(data)
    return None if schema is None else schema.to_json()


@pytest.mark.parametrize("case", INPUTS, ids=case_id)
def test_inputs_as_mlflow(case):
    data = eval(case["expr"], dict(NAMESPACE))
    expected = case["inputs_schema_json"]
    if case["case"] in DIFFERENCES:
        assert case["fallback_any"], "only what MLflow gave up on may differ"
        required = DIFFERENCES[case["case"]][1]
        expected = json.dumps([{"type": "any", "name": "a", "required": required}])
    assert inputs_json(data) == expected


@pytest.mark.parametrize("case", PARAMS, ids=case_id)
def test_params_as_mlflow(case):
    params = eval(case["expr"], dict(NAMESPACE))
    if case["params_schema_json"] is None:
        with pytest.raises(ValueError, match="have no type"):
            infer_params(params)
    else:
        assert infer_params(params).to_json() == case["params_schema_json"]


def test_every_difference_is_a_case():
    assert set(DIFFERENCES) <= {case["case"] for case in INPUTS}


def test_one_untyped_column_leaves_the_others():
    frame = pd.DataFrame({"a": [1.5], "b": pd.to_timedelta([None]), "c": ["x"]})
    assert infer_schema(frame).to_dict() == [
        {"type": "double", "name": "a", "required": True},
        {"type": "any", "name": "b", "required": False},
        {"type": "string", "name": "c", "required": True},
    ]


def test_one_untyped_key_leaves_the_others():
    assert infer_schema({"a": 1, "b": (1, 2)}).to_dict() == [
        {"type": "long", "name": "a", "required": True},
        {"type": "any", "name": "b", "required": True},
    ]
    assert infer_schema([{"a": 1, "b": {1}}, {"a": 2}]).to_dict() == [
        {"type": "long", "name": "a", "required": True},
        {"type": "any", "name": "b", "required": False},
    ]


FALLBACK = '[{"type": "any", "required": true}]'


@pytest.mark.parametrize(
    "data",
    [
        (1, 2),
        {1, 2},
        range(3),
        {},
        {1: "x"},
        [{}],
        [1, "x"],
        [np.array([])],
        pd.DataFrame(),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1]], columns=[pd.Timestamp("2024")]),
        pd.Index([1]),
        pd.Series([1.0, None]),
        sp.coo_matrix(np.eye(2)),
        sp.csr_array(np.eye(2)),
        np.array(1.0),
        object,
    ],
    ids=lambda data: f"{type(data).__name__} {str(data)[:30]!r}",
)
def test_no_schema_for_the_whole(data):
    assert inputs_json(data) == FALLBACK


def test_a_list_that_holds_itself():
    loop: list[Any] = []
    loop.append(loop)
    assert inputs_json(loop) == FALLBACK
    assert infer_schema({"a": 1, "b": loop}).to_dict()[1] == {"type": "any", "name": "b", "required": True}


def test_a_list_with_a_gap_is_not_required():
    assert inputs_json({"x": [1, None]}) == (
        '[{"type": "array", "items": {"type": "long"}, "name": "x", "required": false}]'
    )


def test_missing_values_per_column_of_mixed_frames():
    frame = pd.DataFrame(
        {
            "f": [1.0, math.nan],
            "i": [1, 2],
            "s": ["x", None],
            "d": pd.to_datetime(["2024-01-01", None]),
            "n": pd.array([1, None], dtype="Int64"),
            "b": [True, False],
            "o": pd.Series([b"x", None], dtype=object),
        }
    )
    required = {spec.name: spec.required for spec in infer_schema(frame)}
    assert required == {"f": False, "i": True, "s": False, "d": False, "n": False, "b": True, "o": False}


def test_decimal_nan_is_no_missing_value():
    # pandas.isna() says otherwise; MLflow looks for None, NaN, NA and NaT only
    frame = pd.DataFrame({"a": pd.Series([decimal.Decimal("NaN")], dtype=object)})
    assert infer_schema(frame).to_dict()[0]["required"] is True


def test_text_columns_without_values():
    assert inputs_json(pd.DataFrame({"a": pd.array([None], dtype="string")})) == (
        '[{"type": "any", "name": "a", "required": false}]'
    )
    assert inputs_json(pd.DataFrame({"a": pd.array([], dtype="string")})) == (
        '[{"type": "string", "name": "a", "required": true}]'
    )


def test_unused_categories_do_not_count():
    column = pd.Categorical(["x"], categories=pd.Index(["x", 1], dtype=object))
    assert infer_schema(pd.DataFrame({"a": column})).to_dict()[0]["type"] == "string"
    missing = pd.Categorical(["x", None], categories=pd.Index(["x", 1], dtype=object))
    assert infer_schema(pd.DataFrame({"a": missing})).to_dict()[0]["type"] == "string"
    none = pd.Categorical([None, None])
    assert infer_schema(pd.DataFrame({"a": none})).to_dict() == [{"type": "any", "name": "a", "required": False}]


def test_numpy_labels_become_plain():
    frame = pd.DataFrame([[1.0]], columns=pd.Index([np.int64(3)], dtype=object))
    assert inputs_json(frame) == '[{"type": "double", "name": 3, "required": true}]'


def test_nested_dicts_merge():
    rows = [{"a": {"b": 1, "c": None}}, {"a": {"c": "x"}}, {"a": {"b": 2, "c": None}}]
    assert infer_schema(rows).to_dict()[0]["properties"] == {
        "b": {"type": "long", "required": False},
        "c": {"type": "string", "required": False},
    }


@dataclasses.dataclass
class Point:
    x: int
    label: Optional[str] = None  # noqa: UP045  # both spellings are to be read


@dataclasses.dataclass
class Request:
    weight: float
    points: list[Point]
    when: dt.date
    extra: dict[str, int]
    main: Point | None = None


def test_dataclasses():
    point = {
        "label": {"type": "string", "required": False},
        "x": {"type": "long", "required": True},
    }
    assert infer_schema(Request).to_dict() == [
        {"type": "float", "name": "weight", "required": True},
        {
            "type": "array",
            "items": {"type": "object", "properties": point},
            "name": "points",
            "required": True,
        },
        {"type": "datetime", "name": "when", "required": True},
        {"type": "any", "name": "extra", "required": True},
        {"type": "object", "properties": point, "name": "main", "required": False},
    ]
    assert infer_schema(Request(1.0, [], dt.date(2024, 1, 1), {})) == infer_schema(Request)


def test_every_bad_param_is_named():
    with pytest.raises(ValueError, match=r"'a': .*'c': ") as error:
        infer_params({"a": None, "b": 1, "c": [[1]]})
    assert "'b'" not in str(error.value)


def test_params_default_is_a_copy():
    given = {"k": {"deep": [1]}}
    params = infer_params(given)
    given["k"]["deep"].append(2)
    assert params.params[0].default == {"deep": [1]}


def test_absent_parts():
    assert infer_schema(None) is None
    assert infer_params(None) is None
    assert infer_signature(params={"k": 1}).inputs is None
    assert infer_signature([1.0], params={}).params is None
    with pytest.raises(ValueError, match="at least one"):
        infer_signature()


def test_output_of_ndarray_is_a_tensor():
    signature = infer_signature(pd.DataFrame({"a": [1.0]}), np.array([1]))
    assert signature.to_dict() == {
        "inputs": '[{"type": "double", "name": "a", "required": true}]',
        "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]',
        "params": None,
    }
