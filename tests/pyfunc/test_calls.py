"""`fitprint.pyfunc.save_model` and `log_model`: MLflow's arguments, and one clear error for what cannot be meant."""

from __future__ import annotations

import inspect

import pytest

import fitprint
from fitprint.pyfunc import PythonModel


@pytest.fixture
def model():
    class Constant(PythonModel):
        def predict(self, context, model_input):
            return 42

    return Constant()


EITHER = "give either python_model .* or loader_module"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"artifacts": {"a": "x"}},
        {"data_path": "x"},
        {"python_model": len, "loader_module": "json"},
        {"python_model": len, "data_path": "x"},
        {"loader_module": "json", "artifacts": {"a": "x"}},
    ],
)
def test_neither_way_and_both_ways_are_refused(tmp_path, given):
    with pytest.raises(ValueError, match=EITHER):
        fitprint.pyfunc.save_model(tmp_path / "package", **given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("script.py", "fitprint does not write models from code"),
        (PythonModel, r"an instance, not the class itself: PythonModel\(...\)"),
        (3, "an instance of a PythonModel, or a function, not int"),
    ],
)
def test_what_is_no_python_model_is_refused(saved, given, told):
    with pytest.raises(TypeError, match=told):
        saved(given)


def test_the_positions_of_the_arguments_are_mlflows():
    common = ["loader_module", "data_path", "code_paths", "infer_code_paths", "conda_env"]
    saving, logging = (
        list(inspect.signature(function).parameters)
        for function in (fitprint.pyfunc.save_model, fitprint.pyfunc.log_model)
    )
    assert saving[:10] == ["path", *common, "mlflow_model", "python_model", "artifacts", "signature"]
    assert logging[:10] == ["artifact_path", *common, "python_model", "artifacts", "registered_model_name", "signature"]


def test_an_unknown_argument_is_named(saved, model):
    with pytest.raises(TypeError, match="no option 'signatur'; did you mean 'signature'"):
        saved(model, signatur=None or False)


def test_arguments_of_mlflow_without_a_meaning_are_told_and_ignored(saved, model, caplog):
    folder = saved(model, streamable=False, resources=["x"], example_no_conversion=True)
    assert fitprint.load_model(folder).predict(None) == 42
    assert "resources has no effect in fitprint" in caplog.text


@pytest.mark.parametrize("argument", ["name", "artifact_path"])
def test_a_model_is_logged_into_the_active_run(store, model, argument):
    with fitprint.start_run() as run:
        info = fitprint.pyfunc.log_model(**{argument: "answer"}, python_model=model)
    assert info.run_id == run.run_id
    assert info.model_uri == f"runs:/{run.run_id}/answer"
    assert fitprint.load_model(info.model_uri).predict(None) == 42
    assert fitprint.pyfunc.load_model(run.path / "answer").metadata.run_id == run.run_id


def test_a_model_that_cannot_be_saved_leaves_nothing(tmp_path, model):
    model.lock = __import__("threading").Lock()
    with pytest.raises(TypeError, match="pickle"):
        fitprint.pyfunc.save_model(tmp_path / "package", python_model=model)
    assert list(tmp_path.iterdir()) == []


def test_metadata_and_requirements_are_written(saved, model):
    folder = saved(model, metadata={"owner": "me"}, pip_requirements=["numpy"])
    assert fitprint.load_model(folder).metadata.metadata == {"owner": "me"}
    assert "numpy" in (folder / "requirements.txt").read_text().splitlines()
