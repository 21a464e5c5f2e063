"""What a pickled model finds as `mlflow` where it is not installed: fitprint, whose calls have MLflow's names."""

from __future__ import annotations

import io
import pickle
import sys

import pytest

import fitprint
from fitprint.pyfunc._mlflow_compat import ModelUnpickler


def module(name):
    """What cloudpickle's reference to a module becomes."""
    stream = b"\x80\x05ccloudpickle.cloudpickle\nsubimport\n" + pickle.dumps(name)[2:-1] + b"\x85R."
    return ModelUnpickler(io.BytesIO(stream)).load()


def test_a_model_that_uses_mlflow_uses_fitprint():
    mlflow = module("mlflow")
    assert mlflow.pyfunc.load_model is fitprint.pyfunc.load_model
    assert mlflow.pyfunc.PythonModel is fitprint.pyfunc.PythonModel
    assert mlflow.models.infer_signature is fitprint.infer_signature
    assert mlflow.log_metric is fitprint.log_metric
    assert mlflow.sklearn.load_model.__self__ is fitprint.sklearn
    assert sys.modules["mlflow"] is None


def test_modules_below_it_are_found_by_their_names():
    assert module("mlflow.pyfunc").PythonModelContext is fitprint.pyfunc.PythonModelContext
    assert module("mlflow.sklearn") is fitprint.sklearn
    assert module("mlflow.types.schema").ColSpec is fitprint.models.ColSpec


def test_other_modules_are_what_they_are():
    assert module("json") is sys.modules["json"]


@pytest.mark.parametrize("name", ["langchain", "__version__", "_private"])
def test_what_fitprint_has_nothing_for_is_named(name):
    with pytest.raises(AttributeError, match=f"mlflow.{name}: mlflow is not installed"):
        getattr(module("mlflow"), name)


def test_it_is_only_found_by_code_that_was_pickled_with_it():
    module("mlflow")
    with pytest.raises(ModuleNotFoundError):
        __import__("mlflow")
