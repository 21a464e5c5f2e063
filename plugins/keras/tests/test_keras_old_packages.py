"""Packages in the layouts of MLflow 1, which were written with Keras 2."""

from __future__ import annotations

import cloudpickle
import keras
import numpy as np
import pytest
import yaml

import fitprint
from fitprint.models.errors import PackageError

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


class Doubling(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def made(*layers):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.fixture
def package(tmp_path):
    """The folder of a package of MLflow 1, to which the model is to be added."""

    def make(module="keras", **keys):
        folder = tmp_path / "package"
        (folder / "data").mkdir(parents=True)
        (folder / "data/keras_module.txt").write_text(module)
        flavors = {
            "keras": {"data": "data", "keras_module": module, "keras_version": "2.4.3", **keys},
            "python_function": {
                "data": "data",
                "env": "conda.yaml",
                "loader_module": "mlflow.keras",
                "python_version": "3.8.10",
            },
        }
        (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors, "utc_time_created": "2021-01-01 00:00:00"}))
        return folder

    return make


@pytest.mark.parametrize("module", ["keras", "tensorflow.keras"])
@pytest.mark.parametrize("keys", [{}, {"save_format": "h5"}])
def test_a_file_in_hdf5(package, module, keys):
    folder, model = package(module, **keys), made()
    model.save(folder / "data/model.h5")
    assert np.array_equal(fitprint.load_model(folder).predict(X), model.predict(X, verbose=0))
    assert isinstance(fitprint.keras.load_model(folder), keras.Sequential)
    with pytest.raises(PackageError, match="MLflow 1"):
        fitprint.load_model(folder, trust="no-pickle")


def test_custom_objects_in_a_pickle(package):
    folder, model = package(save_format="h5"), made(Doubling())
    model.save(folder / "data/model.h5")
    (folder / "data/custom_objects.cloudpickle").write_bytes(cloudpickle.dumps({"Doubling": Doubling}))
    assert np.array_equal(fitprint.load_model(folder).predict(X), model.predict(X, verbose=0))
    (folder / "data/custom_objects.cloudpickle").unlink()
    with pytest.raises(PackageError, match=r"written with Keras 2\.4\.3.*save it again in the format \.keras"):
        fitprint.load_model(folder)


def test_a_saved_model_of_tensorflow(package):
    folder, model = package("tensorflow.keras", save_format="tf"), made()
    model.export(str(folder / "data/model"), verbose=False)
    assert np.allclose(fitprint.load_model(folder).predict(X), model.predict(X, verbose=0), rtol=1e-6)


def test_a_saved_model_of_keras_2_is_called_through_its_signature(package):
    tensorflow = pytest.importorskip("tensorflow")

    class Several(tensorflow.Module):
        @tensorflow.function(
            input_signature=[
                tensorflow.TensorSpec((None, 3), name="left"),
                tensorflow.TensorSpec((None, 1), name="right"),
            ]
        )
        def both(self, left, right):
            return {"sum": left + right, "product": left * right}

    folder, model = package("tensorflow.keras", save_format="tf"), Several()
    tensorflow.saved_model.save(model, str(folder / "data/model"), signatures=model.both)
    rows = {"left": X.astype("float64"), "right": X[:, :1].astype("float64")}
    predicted = fitprint.load_model(folder).predict(rows)
    assert np.array_equal(predicted["sum"], X + X[:, :1])
    assert np.array_equal(predicted["product"], X * X[:, :1])


def test_a_package_without_a_model_is_refused(package):
    with pytest.raises(PackageError):
        fitprint.load_model(package())
