"""The scripts of docs/examples: written for MLflow, run with fitprint by their import lines alone."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PRINTED = {
    "classifier": ["C: 0.5", "accuracy: 0.974", "same predictions: True"],
    "probabilities": ["first: [0.0, 0.006]", "native: DecisionTreeClassifier"],
    "python_model": ["Ridge alone: True", "models: ['Ridge', 'RandomForestRegressor']"],
    "with_artifacts": ["kinds: ['setosa', 'versicolor', 'virginica']"],
    "loader_module": ["at 0 and 0.1: [152, 247]"],
    "boosting": ["rows: 426 depth: 3", "test-logloss: 0.09", "same: True", "percent: [50, 50]"],
}


def test_every_example_is_known():
    assert {file.stem for file in EXAMPLES.glob("*.py")} == {*PRINTED}


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs_and_prints_what_it_should(name, run_python, store):
    pytest.importorskip("sklearn")
    xgboost = pytest.importorskip("xgboost")
    done = run_python((EXAMPLES / f"{name}.py").read_text("utf-8"), env={"FITPRINT_QUIET": "1"})
    printed = PRINTED[name]
    if name == "boosting" and xgboost.__version__ < "3":  # whose base score is another one
        printed = [line.replace("0.09", "0.1") for line in printed]
    assert done.stdout.splitlines() == printed
    assert done.stderr == ""


@pytest.mark.parametrize("name", PRINTED)
def test_only_the_imports_name_fitprint(name):
    lines = (EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()
    naming = [line for line in lines if "fitprint" in line]
    assert naming[0] == "import fitprint as mlflow"
    assert all(line.startswith(("import fitprint as mlflow", "from fitprint.")) for line in naming)
