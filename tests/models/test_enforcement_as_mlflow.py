"""Strict enforcement against MLflow 3.17's record of what it accepts, gives and refuses."""

import datetime as dt
import decimal
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fitprint.models import ParamSchema, Schema, SchemaError
from fitprint.models.enforcement import enforce_inputs, enforce_params

OLD_PANDAS = int(pd.__version__.partition(".")[0]) < 3  # text is of dtype object there
NAMESPACE = {"np": np, "pd": pd, "sp": sp, "dt": dt, "decimal": decimal}
CASES = json.loads((Path(__file__).parents[1] / "fixtures/mlflow/enforcement.json").read_text())
INPUTS = [case for case in CASES if "schema" in case]
PARAMS = [case for case in CASES if "params_schema" in case]


def input_id(case: dict[str, Any]) -> str:
    specs = [spec.get("tensor-spec", spec) for spec in case["schema"]]
    return f"{[spec.get('dtype', spec.get('type', '')) for spec in specs]} {case['expr']}"


def described(result: Any) -> dict[str, Any]:
    """The result in the words of the fixtures."""
    if isinstance(result, pd.DataFrame):
        return {
            "kind": "DataFrame",
            "columns": [str(label) for label in result.columns],
            "dtypes": [str(dtype) for dtype in result.dtypes],
            "values": repr(result.values.tolist()),
        }
    if isinstance(result, dict):
        return {"kind": "dict", "items": {name: described(value) for name, value in result.items()}}
    return {"kind": type(result).__name__, "dtype": str(result.dtype), "shape": list(result.shape)}


def of_this_environment(result: dict[str, Any]) -> dict[str, Any]:
    """A result that pandas 3 and numpy 2 gave, in the words of those that are installed."""
    text = json.dumps(result)
    if OLD_PANDAS:
        text = text.replace('"str"]', '"object"]')
    if np.__version__.startswith("1."):
        text = re.sub(r"np\.int64\((\d+)\)", r"\1", text)
    found: dict[str, Any] = json.loads(text)
    return found


def takes_objects(data: Any, schema: Schema) -> bool:
    """Whether text of dtype object comes to a type that objects pass for: MLflow's answer is that of pandas 3."""
    loose = {"boolean", "binary", "datetime"}
    return isinstance(data, pd.DataFrame) and any(
        column.type.name in loose and data[column.name].dtype == object and isinstance(data[column.name][0], str)
        for column in schema
        if column.name in data and hasattr(column.type, "name")
    )


@pytest.mark.parametrize("case", INPUTS, ids=input_id)
def test_inputs_as_mlflow(case):
    schema = Schema.from_dict(case["schema"])
    data = eval(case["expr"], dict(NAMESPACE))
    if case["outcome"] == "error":
        if not (OLD_PANDAS and takes_objects(data, schema)):
            with pytest.raises(SchemaError):
                enforce_inputs(data, schema)
    else:
        assert described(enforce_inputs(data, schema)) == of_this_environment(case["result"])
        enforce_inputs(data, schema, lossless=True)  # takes all that MLflow takes


@pytest.mark.parametrize("case", PARAMS, ids=lambda case: case["expr"])
def test_params_as_mlflow(case):
    given = case["params_schema"]
    schema = None if given is None else ParamSchema.from_dict(given)
    params = eval(case["expr"], dict(NAMESPACE))
    if case["outcome"] == "error":
        with pytest.raises(SchemaError):
            enforce_params(params, schema)
    else:
        assert str(enforce_params(params, schema)) == case["result"]
