"""`fitprint predict`: CSV in, CSV or JSON out, through the signature."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fitprint
from fitprint.models import infer_signature
from fitprint.models.csv_data import table

FRAME = pd.DataFrame(
    {
        "code": ["007", "08"],
        "at": pd.to_datetime(["2024-01-02", "2024-01-03"]).astype("datetime64[ns]"),
        "n": [1, 2],
        "x": [1.0, 2.5],
    }
)
CSV = "x,at,code,n,more\n1,2024-01-02,007,1,a\n2.5,2024-01-03,08,2,b\n"


class Echo(fitprint.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        assert model_input["at"].dtype == "datetime64[ns]"
        return [f"{row.code} {row.at:%d} {row.n} {row.x} {(params or {}).get('k')}" for row in model_input.itertuples()]


@pytest.fixture
def echo(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    fitprint.pyfunc.save_model("echo", python_model=Echo(), signature=infer_signature(FRAME, params={"k": 1}))
    Path("data.csv").write_text(CSV)
    return "echo"


def test_columns_have_the_types_of_the_signature(echo, invoke):
    shown = invoke("predict", echo, "data.csv", "--param", "k=5").stdout
    assert shown == "prediction\n007 02 1 1.0 5\n08 03 2 2.5 5\n"


def test_json_is_the_answer_of_a_scoring_server(echo, document):
    assert document("predict", echo, "data.csv") == {"predictions": ["007 02 1 1.0 1", "08 03 2 2.5 1"]}


@pytest.mark.process
def test_standard_input_and_a_file_to_write(echo, command):
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "fitprint", "predict", echo, "-", "--to", "found.csv"],
        input=CSV,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert Path("found.csv").read_text().splitlines()[1] == "007 02 1 1.0 1"


def test_data_that_does_not_fit_names_every_column(echo, invoke):
    Path("bad.csv").write_text("at,code,n\nsome day,1,1.5\n")
    said = invoke("predict", echo, "bad.csv", status=1).stderr
    assert said.startswith("fitprint: The data does not fit the model's signature:\n")
    assert [line[:14] for line in said.splitlines()[1:]] == [f"  - column '{name}"[:14] for name in ("at'", "n'", "x'")]
    Path("one.csv").write_text("at,code,n\n2024-01-02,1,1\n")
    said = invoke("predict", echo, "one.csv", status=1).stderr
    assert said.count("\n") == 1
    assert "the model's signature: column 'x': missing" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "data.csv"), "there is no folder nowhere"),
        (("echo", "nowhere.csv"), "nowhere.csv: No such file or directory"),
        (("echo", "empty.csv"), "No columns to parse from file"),
        (("echo", "data.csv", "--trust", "no-pickle"), "is not loaded with trust=no-pickle"),
        (("echo", "data.csv", "--digest", "0" * 64), "not the digest given"),
    ],
)
def test_what_cannot_be_done_is_one_line(echo, invoke, arguments, told):
    Path("empty.csv").write_text("")
    said = invoke("predict", *arguments, status=1).stderr
    assert told in said
    assert said.count("\n") == 1


def test_a_param_without_a_value_is_wrong_usage(echo, invoke):
    assert (
        "'k' is not a param: give a name and a value"
        in invoke("predict", echo, "data.csv", "--param", "k", status=2).stderr
    )


@pytest.mark.parametrize(
    ("predictions", "columns"),
    [
        (np.array([1, 2]), ["prediction"]),
        (np.eye(2), ["prediction_0", "prediction_1"]),
        (sparse.csr_matrix(np.eye(2)), ["prediction_0", "prediction_1"]),
        (pd.Series([1, 2]), ["prediction"]),
        (pd.Series([1, 2], name="y"), ["y"]),
        (pd.DataFrame({"a": [1, 2], "b": [1, 2]}), ["a", "b"]),
        (["x", "y"], ["prediction"]),
        ({"p": np.array([1, 2]), "q": np.eye(2)}, ["p", "q_0", "q_1"]),
        (np.zeros((2, 2, 2)), ["prediction"]),
    ],
)
def test_predictions_of_every_kind_are_a_table_of_a_row_each(predictions, columns):
    found = table(predictions)
    assert (list(found.columns), len(found)) == (columns, 2)


def test_a_single_value_is_a_table_of_one_row():
    assert table(3.5).to_dict("list") == {"prediction": [3.5]}
