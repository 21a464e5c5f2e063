"""Which flavor loads a package: the one its loader belongs to, while its native flavor stays loadable."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

import fitprint
from fitprint._packages.resolve import choose
from fitprint.models import PackageError
from fitprint.pyfunc._flavor import PyfuncFlavor


@pytest.fixture
def package(fixture_model, tmp_path):
    """A copy of the scikit-learn package of MLflow's, with keys of its generic flavor changed."""

    def copy(**keys):
        folder = tmp_path / "package"
        shutil.copytree(fixture_model("sklearn_pickle"), folder)
        document = yaml.safe_load((folder / "MLmodel").read_text())
        document["flavors"]["python_function"].update(keys)
        document.pop("signature", None)
        (folder / "MLmodel").write_text(yaml.safe_dump(document))
        return folder

    return copy


def rows(model):
    return pd.DataFrame(np.zeros((2, model.n_features_in_)), columns=getattr(model, "feature_names_in_", None))


@pytest.mark.newest
def test_a_loader_of_the_users_decides_how_it_predicts_and_the_native_model_stays(package):
    folder = package(loader_module="loads_probabilities", code="code", data="model.pkl")
    (folder / "code").mkdir()
    (folder / "code" / "loads_probabilities.py").write_text(
        "import pickle\n"
        "class M:\n"
        "    def __init__(self, model): self.model = model\n"
        "    def predict(self, data): return ['from the loader', type(self.model).__name__]\n"
        "def _load_pyfunc(path):\n"
        "    with open(path, 'rb') as file:\n        return M(pickle.load(file))\n"
    )
    native = fitprint.sklearn.load_model(folder)
    assert fitprint.load_model(folder).predict(rows(native)) == ["from the loader", type(native).__name__]
    assert native.predict(rows(native)).shape == (2,)


@pytest.mark.newest
def test_predict_fn_names_the_method_of_the_native_model(package):
    model = fitprint.load_model(package(predict_fn="get_params"))
    assert model.predict(False) == model.unwrap().get_params(False)


@pytest.mark.newest
def test_a_method_that_the_native_model_does_not_have_is_told(package):
    with pytest.raises(PackageError, match="has no method 'predict_never', which its MLmodel names as predict_fn"):
        fitprint.load_model(package(predict_fn="predict_never"))


def test_a_hand_made_folder_may_name_its_file_in_the_generic_flavor_alone(tmp_path):
    about = {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"}
    flavor, config = choose(tmp_path, {"python_function": about}, None, PyfuncFlavor())
    assert (flavor.name, config) == ("sklearn", about)


def test_without_a_generic_flavor_the_only_one_loads(tmp_path):
    flavor, config = choose(tmp_path, {"sklearn": {"pickled_model": "m"}}, None, PyfuncFlavor())
    assert (flavor.name, config) == ("sklearn", {"pickled_model": "m"})


def test_a_flavor_that_a_package_does_not_have_is_told_with_those_it_has(tmp_path):
    with pytest.raises(PackageError, match="has no flavor xgboost; it has: sklearn, python_function"):
        choose(tmp_path, {"sklearn": {}, "python_function": {"loader_module": "mlflow.sklearn"}}, "xgboost", None)


def test_python_models_have_no_native_flavor(fixture_model):
    with pytest.raises(PackageError, match="has no flavor sklearn; it has: python_function"):
        fitprint.sklearn.load_model(fixture_model("pyfunc_function"))
