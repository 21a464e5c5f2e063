"""Every kind of pyfunc package that MLflow writes loads and predicts here, with no mlflow installed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import sys

import pandas as pd
import pytest
import yaml

import fitprint
from fitprint.models import PackageError, SchemaError

# the code in MLflow's packages leaves files open, and that is told when they are collected
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})


@pytest.mark.usefixtures("same_python_as_mlflow")
def test_a_python_model_with_artifacts_config_and_code(fixture_model):
    model = fitprint.load_model(fixture_model("pyfunc_python_model"))
    assert model.predict(FRAME).tolist() == [7.5, 10.5]
    assert model.predict(FRAME, params={"k": 5}).tolist() == [37.5, 52.5]
    assert model.model_config == {"alpha": 0.1}
    assert model.loader_module == "mlflow.pyfunc.model"
    assert type(model.unwrap_python_model()).__name__ == "Toy"
    assert model.unwrap() is model.unwrap_python_model()


@pytest.mark.usefixtures("same_python_as_mlflow")
def test_a_function_with_a_type_hint_gets_the_data_as_it_is(fixture_model):
    model = fitprint.load_model(fixture_model("pyfunc_function"))
    assert model.predict(["a", "b"]) == ["A", "B"]
    assert model.predict(pd.DataFrame({"x": ["a", "b"]})) == ["A", "B"]


@pytest.mark.usefixtures("same_python_as_mlflow")
@pytest.mark.parametrize(
    ("data", "told"), [(["a", 1], "element 1 of the data: expected str, got int 1"), ("a", "expected a list, got str")]
)
def test_data_that_does_not_fit_the_type_hint_is_refused(fixture_model, data, told):
    model = fitprint.load_model(fixture_model("pyfunc_function"))
    with pytest.raises(SchemaError, match="does not fit the type hint") as refused:
        model.predict(data)
    assert told in str(refused.value)


def test_a_loader_module(fixture_model):
    model = fitprint.load_model(fixture_model("pyfunc_loader_module"))
    assert model.predict(FRAME).tolist() == [1.0, 2.0]
    assert type(model.unwrap()).__name__ == "_M"
    with pytest.raises(TypeError, match="holds no python model: its loader is toyloader"):
        model.unwrap_python_model()


def test_a_script_that_is_a_model(fixture_model):
    model = fitprint.load_model(fixture_model("pyfunc_models_from_code"))
    assert model.predict(FRAME).equals(FRAME)


@pytest.mark.usefixtures("same_python_as_mlflow")
def test_no_module_named_mlflow_is_left_behind(fixture_model):
    for name in ("pyfunc_python_model", "pyfunc_function", "pyfunc_models_from_code"):
        fitprint.load_model(fixture_model(name))
    assert sys.modules["mlflow"] is None
    assert not [name for name in sys.modules if name.startswith("mlflow.")]


@pytest.mark.usefixtures("same_python_as_mlflow")
def test_reading_leaves_no_file_in_a_package(fixture_model, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for name in ("pyfunc_python_model", "pyfunc_loader_module", "pyfunc_models_from_code"):
        copy = tmp_path / name
        shutil.copytree(fixture_model(name), copy)
        before = sorted(copy.rglob("*"))
        fitprint.load_model(copy)
        assert sorted(copy.rglob("*")) == before


@pytest.mark.usefixtures("same_python_as_mlflow")
@pytest.mark.parametrize(("name", "compress"), [("gzip", gzip), ("bzip2", bz2), ("lzma", lzma)])
def test_a_compressed_python_model(fixture_model, tmp_path, name, compress):
    copy = tmp_path / "compressed"
    shutil.copytree(fixture_model("pyfunc_python_model"), copy)
    change(copy, python_model="python_model.pkl.x", python_model_compression=name)
    (copy / "python_model.pkl.x").write_bytes(compress.compress((copy / "python_model.pkl").read_bytes()))
    (copy / "python_model.pkl").unlink()
    assert fitprint.load_model(copy).predict(FRAME).tolist() == [7.5, 10.5]


def test_an_unknown_compression_is_refused(fixture_model, tmp_path):
    copy = tmp_path / "compressed"
    shutil.copytree(fixture_model("pyfunc_python_model"), copy)
    change(copy, python_model_compression="zstd")
    with pytest.raises(PackageError, match="compressed with 'zstd', which is not known; known are gzip, bzip2, lzma"):
        fitprint.load_model(copy)


def change(folder, **keys):
    """Sets keys of the generic flavor in an MLmodel."""
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document["flavors"]["python_function"].update(keys)
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
