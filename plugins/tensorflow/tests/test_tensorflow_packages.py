"""Packages: what is written, and what is read here and in stock MLflow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import yaml

import fitprint
from fitprint._instrumentation import registry
from fitprint.models.errors import PackageError

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


class Scaling(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(3.0)

    @tf.function
    def __call__(self, rows):
        return rows * self.factor


class Plain(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(3.0)

    def __call__(self, rows):
        return rows * self.factor


def net():
    tf.keras.utils.set_random_seed(3)
    return tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])


def flavors(package):
    return yaml.safe_load((package / "MLmodel").read_text("utf-8"))["flavors"]


def test_a_module_is_a_saved_model(store, tmp_path):
    module = Scaling()
    module(tf.constant(X))
    fitprint.tensorflow.save_model(module, tmp_path / "package")
    found = flavors(tmp_path / "package")
    assert found["tensorflow"] == {"code": None, "model_type": "tf2-module", "saved_model_dir": "tf2model"}
    assert found["python_function"]["loader_module"] == "mlflow.tensorflow"
    assert "data" not in found["python_function"]
    assert np.array_equal(fitprint.load_model(tmp_path / "package").predict(X), 3 * X)
    assert np.array_equal(fitprint.tensorflow.load_model(tmp_path / "package")(X), 3 * X)
    with pytest.raises(PackageError):
        fitprint.load_model(tmp_path / "package", trust="no-pickle")


def test_a_module_without_a_graph_cannot_predict(store):
    with fitprint.start_run() as run:
        info = fitprint.tensorflow.log_model(Plain(), name="model")
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("predict", "tensorflow")]
    assert "python_function" not in info.flavors
    assert float(fitprint.tensorflow.load_model(info.model_uri).factor) == 3


def test_a_model_of_keras(store, tmp_path):
    model = net()
    fitprint.tensorflow.save_model(model, tmp_path / "package", input_example=X[:2])
    assert flavors(tmp_path / "package")["tensorflow"]["model_type"] == "keras"
    assert sorted(path.name for path in (tmp_path / "package/data").iterdir()) == [
        "keras_module.txt",
        "model.keras",
        "save_format.txt",
    ]
    assert np.allclose(fitprint.load_model(tmp_path / "package").predict(X), model(X), rtol=1e-6)
    assert model.predict_function is None


def test_a_damaged_package_is_refused(store, tmp_path):
    fitprint.tensorflow.save_model(net(), tmp_path / "package")
    (tmp_path / "package/data/model.keras").write_bytes(b"no archive")
    with pytest.raises(PackageError):
        fitprint.load_model(tmp_path / "package")


EXCHANGE = """
    import mlflow, numpy as np, tensorflow as tf
    from mlflow.models import infer_signature

    X = np.load("rows.npy")
    for name in ("module", "keras"):
        np.save(f"{name}.npy", np.asarray(mlflow.pyfunc.load_model(name).predict(X)))

    class Halving(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
        def __call__(self, rows):
            return rows / 2

    class Doubling(tf.keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    mlflow.tensorflow.save_model(Halving(), "their_module", signature=infer_signature(X, X))
    model = mlflow.tensorflow.load_model("keras")
    mlflow.tensorflow.save_model(model, "their_keras", signature=infer_signature(X, model.predict(X, verbose=0)))
    own = tf.keras.Sequential([tf.keras.Input((3,)), Doubling()])
    mlflow.tensorflow.save_model(own, "their_custom", custom_objects={"Doubling": Doubling})
"""


@pytest.mark.mlflow
def test_stock_mlflow_and_fitprint_read_each_others_packages(store, run_python, mlflow_python):
    module, model = Scaling(), net()
    module(tf.constant(X))
    fitprint.tensorflow.save_model(module, "module")
    fitprint.tensorflow.save_model(model, "keras")
    np.save("rows.npy", X)
    run_python(EXCHANGE, python=mlflow_python)
    expected = model.predict(X, verbose=0)
    assert np.array_equal(np.load("module.npy"), 3 * X)
    assert np.array_equal(np.load("keras.npy"), expected)
    assert np.array_equal(fitprint.load_model("their_module").predict(X), X / 2)
    assert np.allclose(fitprint.load_model("their_keras").predict(X), expected, rtol=1e-6)
    assert np.array_equal(fitprint.load_model("their_custom").predict(X), 2 * X)
    with pytest.raises(PackageError):
        fitprint.load_model("their_custom", trust="no-pickle")


LARGE = """
import tensorflow as tf

class Product(tf.Module):
    def __init__(self, count):
        self.factors = [tf.Variable(tf.zeros((1000, 1000))) for _ in range(count)]

    @tf.function(input_signature=[tf.TensorSpec([None, 1000])])
    def __call__(self, rows):
        for factor in self.factors:
            rows = rows @ factor
        return rows

make = Product
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("tensorflow", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["tensorflow"].flavor().defaults["max_model_size"] == said_limit
