"""Packages: what is written, what reads them, and what of a learner is in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cloudpickle
import fastai
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat

import fitprint
from fitprint._instrumentation import registry
from fitprint.models import PackageError

FIXTURES = Path(__file__).parent / "fixtures"
pytestmark = pytest.mark.filterwarnings(
    "ignore:load_learner:UserWarning", "ignore:The given NumPy array is not writable:UserWarning"
)


def document(package):
    return yaml.safe_load((package / "MLmodel").read_text())


def package_of(learner):
    learner.fit_one_cycle(1, 0.1)
    return fitprint.last_run().model_path


def predicted_by(learner, items):
    return learner.get_preds(dl=learner.dls.test_dl(items, num_workers=0))[0].numpy()


def stacked(predictions):
    return np.stack(list(predictions["predictions"]))


DOCUMENTED = """
flavors:
  fastai:
    data: model.fastai
    fastai_version: {fastai_version}
  python_function:
    data: model.fastai
    env: conda.yaml
    loader_module: mlflow.fastai
    python_version: 3.8.12
signature:
  inputs: '[{{"type": "tensor",
             "tensor-spec":
                 {{"dtype": "uint8", "shape": [-1, 300, 300, 3]}}
           }}]'
  outputs: '[{{"type": "tensor",
              "tensor-spec":
                 {{"dtype": "float32", "shape": [-1,2]}}
            }}]'
"""
"""What MLflow's documentation on Azure shows of the package of a classifier of images."""


def test_a_classifier_of_images_has_the_documented_package(recorded, pictures, load_elsewhere, mlflow_pythons):
    learner = pictures()
    package = package_of(learner)
    assert fitprint.last_run().skipped == []
    written, expected = document(package), yaml.safe_load(DOCUMENTED.format(fastai_version=fastai.__version__))
    assert expected["flavors"]["fastai"].items() <= written["flavors"]["fastai"].items()
    for part, text in expected["signature"].items():
        assert json.loads(written["signature"][part]) == json.loads(text)
    generic = written["flavors"]["python_function"]
    assert generic["data"] == expected["flavors"]["python_function"]["data"]
    assert generic["env"] == {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    assert (package / "code" / f"{generic['loader_module']}.py").is_file()
    images = np.stack(learner.dls.train_ds.items[:3])
    assert images.dtype == np.uint8
    expected_of_images = predicted_by(learner, list(images))
    for python in (None, *mlflow_pythons.values()):
        if python != "":
            predicted = load_elsewhere(package, images, python)
            assert (predicted.dtype, predicted.shape) == (np.float32, (3, 2))
            np.testing.assert_allclose(predicted, expected_of_images, rtol=1e-6)


def test_a_table_has_named_columns_with_the_dtypes_of_the_user(recorded, tabular, table):
    learner = tabular()
    package = package_of(learner)
    assert fitprint.last_run().skipped == []
    inputs = {column["name"]: column["type"] for column in json.loads(document(package)["signature"]["inputs"])}
    assert inputs == {"kind": "string", "size": "double", "count": "long"}
    rows = table.drop(columns="target")
    predicted = fitprint.load_model(package, trust="all").predict(rows)
    np.testing.assert_allclose(stacked(predicted), predicted_by(learner, rows), rtol=1e-6)


def test_texts(recorded, texts, load_elsewhere, mlflow_pythons):
    learner = texts()
    package = package_of(learner)
    assert fitprint.last_run().skipped == []
    (column,) = json.loads(document(package)["signature"]["inputs"])
    assert (column["name"], column["type"]) == ("text", "string")  # as fastai calls it
    rows = pd.DataFrame({"text": ["a good film", "bad bad bad"]})
    expected = predicted_by(learner, rows)
    for python in (None, *mlflow_pythons.values()):
        if python != "":
            predicted = load_elsewhere(package, rows, python)
            np.testing.assert_allclose(np.stack(predicted[:, 0].tolist()), expected, rtol=1e-6)


def test_ratings(recorded, ratings):
    learner = ratings()
    package = package_of(learner)
    inputs = {column["name"]: column["type"] for column in json.loads(document(package)["signature"]["inputs"])}
    assert inputs == {"user": "long", "item": "long"}
    rows = pd.DataFrame({"user": [1, 2], "item": [3, 0]})
    predicted = fitprint.load_model(package, trust="all").predict(rows)
    np.testing.assert_allclose(stacked(predicted), predicted_by(learner, rows), rtol=1e-6)


def test_a_table_that_was_not_seen_leaves_no_inputs(store, tabular):
    learner = tabular()  # recording is off
    fitprint.autolog("fastai", strict=True, quiet=True)
    package = package_of(learner)
    fitprint.disable()
    (skip,) = fitprint.last_run().skipped
    assert (skip.what, skip.rule) == ("signature", "flavor")
    assert "signature" not in document(package)


def test_the_file_is_what_export_writes(recorded, tabular, tmp_path):
    learner = tabular(path=tmp_path)
    package = package_of(learner)
    before = {name: id(value) for name, value in vars(learner).items()}
    fitprint.save_model(learner, tmp_path / "by-hand")
    assert {name: id(value) for name, value in vars(learner).items()} == before
    learner.export("exported.pkl", cloudpickle)  # the default of fastai 2.8, not of 2.7
    exported, written = ((tmp_path / name).stat().st_size for name in ("exported.pkl", "by-hand/model.fastai"))
    assert abs(exported - written) < 0.05 * exported
    loaded = fitprint.fastai.load_model(package, trust="all")
    assert len(loaded.dls.train_ds) == 0
    assert loaded.opt is None
    assert [callback.name for callback in loaded.cbs] == [callback.name for callback in learner.cbs]


def test_what_it_needs(recorded, tabular):
    lines = (package_of(tabular()) / "requirements.txt").read_text().split()
    assert {"fastai", "torch", "fastcore", "cloudpickle", "pandas"} <= {line.partition("==")[0] for line in lines}
    assert "fitprint" not in " ".join(lines)


@pytest.mark.newest  # written by fastai 2.8
def test_a_package_of_mlflow_loads():
    fixture = json.loads((FIXTURES / "tabular.json").read_text())
    assert document(FIXTURES / "tabular")["flavors"]["python_function"]["loader_module"] == "mlflow.fastai"
    assert type(fitprint.fastai.load_model(FIXTURES / "tabular", trust="all")).__name__ == "TabularLearner"
    predicted = fitprint.load_model(FIXTURES / "tabular", trust="all").predict(pd.DataFrame(fixture["rows"]))
    np.testing.assert_allclose(stacked(predicted), fixture["predicted"], rtol=1e-6)


def test_a_learner_is_a_pickle(recorded, tabular, tmp_path):
    package = package_of(tabular())
    with pytest.raises(PackageError, match="its learner is a pickle"):
        fitprint.load_model(package, trust="no-pickle")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/model.fastai").write_bytes(b"no learner")
    (tmp_path / "damaged/MLmodel").write_text((FIXTURES / "tabular/MLmodel").read_text())
    with pytest.raises(PackageError, match=re.escape("model.fastai cannot be loaded")):
        fitprint.load_model(tmp_path / "damaged", trust="all")


def test_a_large_learner_is_refused_before_it_is_written(recorded, tabular):
    fitprint.autolog("fastai", strict=True, quiet=True, max_model_size=100)
    assert package_of(tabular()) is None
    assert [(skip.what, skip.rule) for skip in fitprint.last_run().skipped] == [("model", "max_model_size")]


LARGE = """
import torch
from fastai.data.core import Datasets
from fastai.learner import Learner
from torch import nn

def as_tensor(number: float):
    return torch.tensor([number])

def make(count):
    layers = nn.Sequential(*[nn.Linear(1000, 1000) for _ in range(count)])
    numbers = Datasets([0.0, 1.0], [[as_tensor], [as_tensor]])
    return Learner(numbers.dataloaders(bs=2), layers, nn.MSELoss())
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("fastai", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["fastai"].flavor().defaults["max_model_size"] == said_limit


def test_data_in_a_plain_list_which_fastai_cannot_export(recorded):
    torch.manual_seed(0)
    images = torch.randn(20, 1, 4, 4)
    rows = [(image, int(image.mean() > 0)) for image in images]
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    learner = Learner(
        DataLoaders.from_dsets(rows[:16], rows[16:], bs=4, num_workers=0), model, loss_func=CrossEntropyLossFlat()
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    with pytest.raises(AttributeError):
        learner.dls.new_empty()
    run = fitprint.last_run()
    assert [skip.what for skip in run.skipped] == ["signature"]
    expected = torch.softmax(model.eval()(images[:5]), 1).detach().numpy()
    predicted = fitprint.load_model(run.model_path).predict(images[:5].numpy())
    assert np.allclose(predicted, expected, atol=1e-6)
