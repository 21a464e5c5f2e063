"""Packages that say more about their inputs than a signature of MLflow can: the rows get these dtypes back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.models.exact_inputs import ExactInputs
from fitprint.models.schema import AnyType, ColSpec, Schema
from fitprint.serving import decode
from fitprint.serving.errors import RequestError
from fitprint.serving.served import ServedModel

DTYPES = {
    "category": {"dtype": "category", "categories": ["a", "b"], "of": "object", "ordered": False},
    "number_category": {"dtype": "category", "categories": [1, 2], "of": "int64", "ordered": True},
    "Int64": {"dtype": "Int64"},
    "int8": {"dtype": "int8"},
    "UInt8": {"dtype": "UInt8"},
    "Float32": {"dtype": "Float32"},
    "boolean": {"dtype": "boolean"},
    "zoned": {"dtype": "datetime64[us, Europe/Berlin]"},
    "seconds": {"dtype": "datetime64[s]"},
    "span": {"dtype": "timedelta64[ns]"},
}
SCHEMA = Schema([ColSpec(AnyType(), name, required=name == "int8") for name in DTYPES])
ROWS = [
    ["a", 2, 1, 127, 255, 0.5, True, "2024-01-31T13:00:00+01:00", "2024-01-31T12:00:00", "1 days 02:00:00"],
    ["new", None, None, -128, None, None, None, None, "NaT", "P1DT2H"],
]


def test_rows_have_the_dtypes_of_the_training(served: Any) -> None:
    model = served(SCHEMA, exact=ExactInputs(SCHEMA, DTYPES))
    body = json.dumps({"dataframe_split": {"columns": list(DTYPES), "data": ROWS}}).encode()
    text = pd.DataFrame(ROWS, columns=list(DTYPES)).astype(object).to_csv(index=False)
    for request in (
        decode.invocations(body, None, model),
        decode.invocations(text.encode(), "text/csv", model),
    ):
        frame = request.data
        names = {name: str(described["dtype"]) for name, described in DTYPES.items()}
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == names
        assert frame["category"].cat.categories.tolist() == ["a", "b", "new"]
        assert frame["number_category"].tolist()[0] == 2
        assert frame["Int64"].tolist() == [1, pd.NA]
        assert frame["int8"].tolist() == [127, -128]
        assert frame["zoned"].iloc[0] == pd.Timestamp("2024-01-31T12:00:00Z")
        assert frame["span"].tolist() == [pd.Timedelta("1 days 2 hours")] * 2
        assert frame.iloc[1].isna().tolist() == [False, True, True, False, True, True, True, True, True, False]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category", 1),
        ("number_category", "1"),
        ("number_category", 1.5),
        ("Int64", 1.5),
        ("Int64", "1"),
        ("int8", 128),
        ("int8", None),
        ("UInt8", -1),
        ("Float32", 1e39),
        ("Float32", "1"),
        ("boolean", 1),
        ("zoned", "2024-01-31T13:00:00"),
        ("zoned", 1700000000000),
        ("seconds", "2024-01-31T13:00:00.5"),
        ("span", 5),
        ("span", "secret"),
        ("span", ""),
        ("span", "nan"),
    ],
)
def test_what_would_be_changed_is_refused(served: Any, name: str, value: Any) -> None:
    model = served(SCHEMA, exact=ExactInputs(SCHEMA, DTYPES))
    row = dict(zip(DTYPES, ROWS[0], strict=True)) | {name: value}
    with pytest.raises(RequestError) as caught:
        decode.invocations(json.dumps({"dataframe_records": [row]}).encode(), None, model)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(0, name)]
    assert "secret" not in caught.value.message


def test_what_a_model_takes_in_place_of_a_table(served: Any) -> None:
    schema = Schema([ColSpec("string", "text")])
    body = b'{"inputs": {"text": ["x", "y"]}}'
    as_list = decode.invocations(body, None, served(schema, exact=ExactInputs(schema, {}, "list")))
    assert as_list.data == ["x", "y"]
    as_series = decode.invocations(body, None, served(schema, exact=ExactInputs(schema, {}, "series")))
    assert isinstance(as_series.data, pd.Series)
    assert as_series.rows == 2


def test_a_package_of_scikit_learn_predicts_as_the_model_does(tmp_path: Any) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = pd.DataFrame(
        {
            "city": pd.Categorical(["a", "b", "a", "c"] * 5),
            "size": pd.array([1, 2, 3, 4] * 5, dtype="Int64"),
            "x": np.arange(20.0),
        }
    )
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(frame, frame["x"] > 9)
    fitprint.sklearn.save_model(model, tmp_path / "m", signature=fitprint.infer_signature(frame, model.predict(frame)))
    served = ServedModel.load(tmp_path / "m")
    records = [{"city": row.city, "size": int(row.size), "x": row.x} for row in frame.itertuples()]
    request = decode.invocations(json.dumps({"dataframe_records": records}).encode(), None, served)
    assert served.predict(request.data, request.params).tolist() == model.predict(frame).tolist()
    assert served.predict(request.data, None, "predict_proba").tolist() == model.predict_proba(frame).tolist()
