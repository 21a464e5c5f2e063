"""What scripts of MLflow give to `load_model`, and what they do with what they get."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

import fitprint
import fitprint as mlflow
from fitprint.models import PackageError, infer_signature


class Echo(mlflow.pyfunc.PythonModel):
    """Predicts its input."""

    def predict(self, context, model_input, params=None):
        return model_input


class Words(Echo):
    """Predicts words, one after the other."""

    def predict_stream(self, context, model_input, params=None):
        yield from (word * (params or {"times": 1})["times"] for word in model_input.split())


@pytest.fixture
def logged(store):
    """A run with one package."""
    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model(name="echo", python_model=Echo())
    return run


@pytest.mark.parametrize(
    "name",
    [
        lambda run: f"runs:/{run.info.run_id}/echo",
        lambda run: run,
        lambda run: fitprint.get_run(run.run_id),
        lambda run: run.path,
        lambda run: str(run.path),
        lambda run: run.path.as_uri(),
        lambda run: f"{run.info.artifact_uri}/echo",
        lambda run: run.models["echo"],
    ],
    ids=["runs:/", "run", "run that was read", "folder", "text", "URL", "below the artifacts", "package"],
)
def test_a_model_is_found_by_its_run(logged, name):
    assert mlflow.pyfunc.load_model(name(logged)).predict([1]) == [1]


def test_a_run_without_a_model_or_with_several(store):
    with mlflow.start_run() as run:
        pass
    with pytest.raises(PackageError, match=f"run {run.run_id} has no model"):
        mlflow.pyfunc.load_model(run)
    with pytest.raises(PackageError, match="is the folder of a run with no model"):
        mlflow.pyfunc.load_model(run.path)
    with pytest.raises(PackageError, match=f"run {run.run_id} has no model or artifact 'echo'; its models: none"):
        mlflow.pyfunc.load_model(f"runs:/{run.run_id}/echo")
    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model(name="a", python_model=Echo())
        mlflow.pyfunc.log_model(name="b", python_model=Words())
    with pytest.raises(PackageError, match="is the folder of a run with several models: a, b"):
        mlflow.pyfunc.load_model(run.path)
    assert isinstance(mlflow.pyfunc.load_model(run).unwrap(), Words), "the latest"


@pytest.mark.parametrize(
    ("uri", "instead"),
    [
        ("models:/name/1", "fitprint has no model registry; download it first"),
        ("models:/m-0123", "download_artifacts('models:/m-0123') returns the folder"),
        ("dbfs:/models/a", "on Databricks, dbfs:/... is the folder /dbfs/..."),
        ("mlflow-artifacts:/1/model", "download it first"),
        ("s3://bucket/model", "download it first"),
        ("https://example.com/model", "download it first"),
    ],
)
def test_addresses_that_are_no_folder_say_what_to_do(store, uri, instead):
    with pytest.raises(PackageError) as error:
        mlflow.pyfunc.load_model(uri)
    assert instead in str(error.value)


def test_artifacts_of_a_run_become_artifacts_of_a_model(store):
    with mlflow.start_run() as run:
        mlflow.log_text("hello", "deep/f.txt")

    class OfFile(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return Path(context.artifacts["f"]).read_text()

    info = mlflow.pyfunc.log_model(name="m", python_model=OfFile(), artifacts={"f": f"runs:/{run.run_id}/deep/f.txt"})
    assert mlflow.pyfunc.load_model(info.model_uri).predict([1]) == "hello"
    with pytest.raises(TypeError, match="artifacts is a mapping from names to paths"):
        mlflow.pyfunc.log_model(name="m", python_model=OfFile(), artifacts=["f.txt"])


def test_a_package_is_copied_and_the_copy_is_loaded(logged, tmp_path):
    (tmp_path / "copies").mkdir()
    uri = f"runs:/{logged.run_id}/echo"
    loaded = mlflow.pyfunc.load_model(uri, True, tmp_path / "copies")
    assert os.listdir(tmp_path / "copies") == ["echo"]
    assert str(tmp_path / "copies") in loaded._repr_html_()
    mlflow.pyfunc.load_model(uri, dst_path=str(tmp_path / "copies"))  # again into the same folder
    with pytest.raises(NotADirectoryError, match="dst_path must be a folder that exists"):
        mlflow.pyfunc.load_model(uri, dst_path=tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    with pytest.raises(PackageError, match="is not a package"):
        mlflow.pyfunc.load_model(tmp_path / "other", dst_path=tmp_path / "copies")
    assert os.listdir(tmp_path / "copies") == ["echo"]


def test_warnings_of_another_environment_can_be_suppressed(logged, caplog):
    requirements = logged.models["echo"] / "requirements.txt"
    requirements.write_text("numpy==0.1")
    caplog.set_level(logging.WARNING, "fitprint")
    mlflow.pyfunc.load_model(logged, suppress_warnings=True)
    assert caplog.text == ""
    mlflow.pyfunc.load_model(logged)
    assert "made with numpy 0.1" in caplog.text


def test_a_model_that_predicts_piece_by_piece(store):
    signature = infer_signature(["a b"], params={"times": 1})
    info = mlflow.pyfunc.log_model(name="words", python_model=Words(), signature=signature)
    assert info.flavors["python_function"]["streamable"] is True
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert list(loaded.predict_stream(["so it is"])) == ["so", "it", "is"]
    assert list(loaded.predict_stream(["so it"], params={"times": 2})) == ["soso", "itit"]
    with pytest.raises(ValueError, match=r"predict_stream\(\) takes one row, not 2"):
        loaded.predict_stream(["a", "b"])


def test_a_model_that_does_not(logged):
    loaded = mlflow.pyfunc.load_model(logged)
    assert "streamable" not in loaded.metadata.flavors["python_function"]
    with pytest.raises(TypeError, match=r"Echo has no method predict_stream; use predict\(\)"):
        loaded.predict_stream([1])


def test_what_is_known_of_a_model(store):
    info = mlflow.pyfunc.log_model(name="m", python_model=Echo(), input_example=np.ones((1, 2)), metadata={"a": 1})
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert type(loaded.get_raw_model()) is type(loaded.unwrap()) is Echo
    assert loaded.metadata.to_dict()["metadata"] == {"a": 1}
    assert loaded.metadata.saved_input_example_info == info.saved_input_example_info
    assert loaded.metadata.model_size_bytes > 0
    assert (info.env_vars, info.mlflow_version, loaded.metadata.env_vars) == (None, None, None)
    assert info.model_id == info.model_uuid == loaded.metadata.model_uuid


def test_an_option_is_given_once(store):
    with pytest.raises(ValueError, match="either code_paths or code_path"):
        mlflow.pyfunc.log_model(name="m", python_model=Echo(), code_paths=["a.py"], code_path=["b.py"])
