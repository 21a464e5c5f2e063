"""Every kind of package written here predicts the same here, with no mlflow, and in stock MLflow, with no fitprint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
READER = (HERE / "read_kinds.py").read_text("utf-8")
EXPECTED = {
    "with_files": [41.0, 61.0, 81.0],
    "with params": [51.0, 81.0, 111.0],
    "described": "numbers [1, 20]",
    "without_context": [2.0, 4.0, 6.0],
    "other_names": [-0.5, -0.75, 3.0],
    "function": [8.0, 9.0, 10.0],
    "lambda": [1.5, 2.25, 7.0],
    "function_of_texts": ["X", "Y"],
    "function_with_params": [4.0, 8.0, 12.0],
    "loader_of_file": [1.0, 2.0, 3.0],
    "loader_of_folder": [5.0, 10.0, 15.0],
    "loader_of_config": [11.0, 22.0, 33.0],
}


def without_committee(found):
    return {name: value for name, value in found.items() if name != "committee"}


@pytest.fixture
def kinds(run_python):
    run_python((HERE / "write_kinds.py").read_text("utf-8"))


@pytest.mark.usefixtures("kinds")
def test_every_kind_predicts_in_a_process_without_mlflow(run_python):
    found = json.loads(run_python(READER, "fitprint.pyfunc").stdout)
    assert without_committee(found) == EXPECTED
    assert found["committee"] == pytest.approx([1.0, 2.0, 3.0], abs=0.5)


@pytest.mark.slow
@pytest.mark.usefixtures("kinds")
def test_every_kind_predicts_the_same_in_stock_mlflow(run_python, mlflow_python):
    ours = json.loads(run_python(READER, "fitprint.pyfunc").stdout)
    read = run_python(READER, "mlflow.pyfunc", python=mlflow_python, env={"PYTHONPATH": None})
    theirs = json.loads(read.stdout.splitlines()[-1])
    assert without_committee(theirs) == EXPECTED
    assert theirs["committee"] == pytest.approx(ours["committee"])


@pytest.mark.usefixtures("kinds")
def test_no_package_names_a_path_of_its_authors_machine_or_needs_fitprint(tmp_path):
    for folder in (tmp_path / "kinds").iterdir():
        for file in folder.rglob("*"):
            if file.is_file():
                assert str(tmp_path).encode() not in file.read_bytes(), file
        assert "fitprint" not in (folder / "requirements.txt").read_text(), folder
