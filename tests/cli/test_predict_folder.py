"""`fitprint predict PACKAGE FOLDER`: every CSV and Parquet file, a piece at a time, into one table of predictions."""

from __future__ import annotations

import csv
import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.models import infer_signature

FRAME = pd.DataFrame({"code": ["007", "08"], "at": pd.to_datetime(["2024-01-02", "2024-01-03"]), "x": [1.0, 2.5]})


class Told(fitprint.pyfunc.PythonModel):
    """Says what it was given, so that a value that was changed on the way is seen."""

    def predict(self, context, model_input, params=None):
        assert len(model_input) <= 2, "more rows than --chunk-rows"
        return [f"{row.code} {row.at:%d} {row.x} {(params or {}).get('k')}" for row in model_input.itertuples()]


class Moody(fitprint.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if (model_input["x"] < 0).any():
            raise RuntimeError("a negative x")
        names = ["a", "b"] if (model_input["x"] > 100).any() else ["a", "row"]
        return pd.DataFrame({name: model_input["x"].to_numpy() for name in names})


@pytest.fixture
def told(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    fitprint.pyfunc.save_model("told", python_model=Told(), signature=infer_signature(FRAME, params={"k": 1}))
    return "told"


@pytest.fixture
def moody(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    signature = infer_signature(FRAME[["x"]])
    fitprint.pyfunc.save_model("moody", python_model=Moody(), signature=signature)
    return "moody"


def _written(name: str, text: str) -> None:
    path = Path("in", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def test_the_files_of_a_folder_become_one_table(told, invoke):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n2024-01-03,08,2.5\n2024-01-04,9,3\n")
    _written("a/c d.CSV", "x,at,code,more\n1,2024-01-05,010,z\n")
    Path("in/only_a_header.csv").write_text("at,code,x\n")
    big = pd.concat([FRAME] * 3)
    big.to_parquet("in/t.parquet")
    shown = invoke("predict", told, "in", "--to", "out.csv", "--chunk-rows", 2, "--param", "k=3")
    assert shown.stdout == ""
    assert "predicted 10 rows; 4 of 4 files completely" in shown.stderr
    assert _rows(Path("out.csv").read_text()) == [
        ["row", "file", "prediction"],
        ["0", "b.csv", "007 02 1.0 3"],
        ["1", "b.csv", "08 03 2.5 3"],
        ["2", "b.csv", "9 04 3.0 3"],
        *(
            [str(n), "t.parquet", f"{code} {day} {x} 3"]
            for n, (code, day, x) in enumerate([("007", "02", 1.0), ("08", "03", 2.5)] * 3)
        ),
        ["0", "a/c d.CSV", "010 05 1.0 3"],
    ]
    assert not os.path.exists("out.csv.partial")


def test_without_a_file_to_write_the_table_is_printed(told, invoke):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n")
    assert _rows(invoke("predict", told, "in").stdout)[1:] == [["0", "b.csv", "007 02 1.0 1"]]


def test_a_broken_file_is_named_and_costs_its_own_rows_alone(told, invoke):
    _written("a.csv", "at,code,x\n2024-01-02,007,1\n")
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n2024-01-02,008,1\n2024-01-02,1,some\n")
    _written("c.csv", "at,code\n2024-01-02,007\n")
    _written("d.csv", "")
    Path("in/e.parquet").write_text("no Parquet")
    _written("f.csv", "at,code,x\n2024-01-02,f,1\n")
    done = invoke("predict", told, "in", "--to", "out.csv", "--chunk-rows", 2, status=1)
    rows = _rows(Path("out.csv").read_text())
    assert [row[1] for row in rows[1:]] == ["a.csv", "b.csv", "b.csv", "f.csv"]
    lines = {line.split(":")[1].strip(): line for line in done.stderr.splitlines()}
    assert "column 'x'" in lines["b.csv"]
    assert "only its first 2 rows are predicted" in lines["b.csv"]
    assert "column 'x': missing" in lines["c.csv"]
    assert "none of its rows is predicted" in lines["c.csv"]
    assert "No columns to parse" in lines["d.csv"]
    assert "arquet" in lines["e.parquet"]
    assert "a.csv" not in lines
    assert "predicted 4 rows; 2 of 6 files completely" in done.stderr


def test_a_file_without_rows_has_the_names_at_least(told, invoke):
    _written("empty.csv", "at,code,x\n")
    _written("no_names.csv", "2024-01-02,007,1\n")
    done = invoke("predict", told, "in", "--to", "out.csv", status=1)
    assert "no_names.csv: " in done.stderr
    assert "its first line has no 'code', 'at', 'x'; a CSV begins with a line of names" in done.stderr
    assert "none of its rows is predicted" in done.stderr
    assert "fitprint: empty.csv" not in done.stderr
    assert "predicted 0 rows; 1 of 2 files completely" in done.stderr


def test_a_model_that_raises_and_predictions_of_another_kind_are_faults_of_the_file(moody, invoke):
    _written("a.csv", "x\n1\n")
    _written("b.csv", "x\n-1\n")
    _written("c.csv", "x\n101\n")
    _written("d.csv", "x\n2\n")
    done = invoke("predict", moody, "in", "--to", "out.csv", status=1)
    # columns of the model that are called like ours get another name
    expected = [["row", "file", "a", "prediction_row"], ["0", "a.csv", "1.0", "1.0"], ["0", "d.csv", "2.0", "2.0"]]
    assert _rows(Path("out.csv").read_text()) == expected
    assert "b.csv: RuntimeError: a negative x" in done.stderr
    assert "c.csv: its predictions have the columns a, b, and those before a, prediction_row" in done.stderr


def test_what_was_written_before_is_not_read_and_other_files_are_told(told, invoke):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n")
    _written("notes.txt", "")
    _written(".hidden.csv", "")
    for _ in range(2):
        done = invoke("predict", told, "in", "--to", "in/predictions.csv")
        assert _rows(Path("in/predictions.csv").read_text())[1:] == [["0", "b.csv", "007 02 1.0 1"]]
        assert "neither CSV nor Parquet, passed over: notes.txt\n" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs Python on a system with pipes")
def test_a_pipe_in_the_folder_is_not_waited_for(told, invoke):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n")
    os.mkfifo("in/pipe.csv")
    assert "pipe.csv: it is not a regular file" in invoke("predict", told, "in", status=1).stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs Python on a system whose names of files are bytes")
def test_a_name_that_is_not_utf_8_is_written_with_escapes(told, invoke):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n")
    os.rename(b"in/b.csv", b"in/\xff.csv")
    invoke("predict", told, "in", "--to", "out.csv")
    assert Path("out.csv").read_text().splitlines()[1].startswith("0,\\xff.csv,")


def test_whole_numbers_are_not_rounded_for_what_is_missing_beside_them(moody, invoke):
    """Pandas makes floats of such a column, so that the signature could not tell that they had been changed."""
    Path("in").mkdir()
    pd.DataFrame({"x": pd.array([2**53 + 1, None], "Int64")}).to_parquet("in/large.parquet")
    pd.DataFrame({"x": pd.array([2**53, None], "Int64")}).to_parquet("in/small.parquet")
    done = invoke("predict", moody, "in", "--to", "out.csv", status=1)
    assert "large.parquet: column 'x': beside missing values, whole numbers beyond 2^53 would be rounded" in done.stderr
    assert "small.parquet" in Path("out.csv").read_text()


def test_an_empty_folder_and_json_are_refused(told, invoke):
    Path("in").mkdir()
    assert "in has no file that ends in .csv or .parquet" in invoke("predict", told, "in", status=1).stderr
    assert "--json is for a file" in invoke("predict", told, "in", "--json", status=2).stderr


def test_a_table_that_cannot_be_written_ends_the_command_and_leaves_no_part(told, invoke, monkeypatch):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n")
    assert "nowhere/out.csv" in invoke("predict", told, "in", "--to", "nowhere/out.csv", status=1).stderr
    if os.path.exists("/dev/full"):
        os.symlink("/dev/full", "out.csv.partial")
        assert "No space left" in invoke("predict", told, "in", "--to", "out.csv", status=1).stderr
        assert not os.path.lexists("out.csv.partial")
        assert not os.path.exists("out.csv")


@pytest.mark.slow
def test_memory_is_that_of_a_piece(moody, run_python):
    """The peak of the whole process grows with the rows of a piece, and not with those of the file."""
    Path("in").mkdir()
    np.savetxt("in/big.csv", np.zeros(1_000_000), header="x", comments="", fmt="%.1f")
    script = """
        import resource, sys
        from click.testing import CliRunner
        from fitprint.cli.application import fitprint
        import pandas as pd
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = CliRunner().invoke(fitprint, ["predict", "moody", "in", "--to", "out.csv", "--chunk-rows", "10000"])
        assert done.exit_code == 0, done.output
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    """
    grown = float(run_python(script).stdout)
    assert len(Path("out.csv").read_bytes().splitlines()) == 1_000_001
    assert grown < 40, "the frame of all rows and its predictions are 100 MB and more"


def test_a_bar_on_a_terminal_and_none_elsewhere(told, terminal, command, without_colours):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n")
    shown = without_colours(terminal(80, "predict", told, "in", "--to", "out.csv"))
    assert re.search(r"100%.*b\.csv", shown)
    assert command("predict", told, "in", "--to", "out.csv").stderr.count("\n") == 1


def test_the_rows_of_a_large_file_in_python(told):
    _written("b.csv", "at,code,x\n2024-01-02,007,1\n2024-01-03,08,2.5\n2024-01-04,9,3\n")
    model = fitprint.pyfunc.load_model(told)
    pieces = list(model.read_chunks("in/b.csv", 2))
    assert [list(piece.index) for piece in pieces] == [[0, 1], [2]]
    assert [text for piece in pieces for text in model.predict(piece)] == ["007 02 1.0 1", "08 03 2.5 1", "9 04 3.0 1"]
