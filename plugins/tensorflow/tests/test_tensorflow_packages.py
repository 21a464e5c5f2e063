"""Packages: what is written, and what is read here and in stock MLflow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
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


QUICKSTART = """
import fitprint
import numpy as np
import tensorflow as tf

fitprint.autolog(strict=True, quiet=True)
X = np.load("rows.npy")

class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = tf.keras.layers.Dense(4, activation="relu"), tf.keras.layers.Dense(2)

    def call(self, rows):
        return self.last(self.first(rows))

model, optimizer = Net(), tf.keras.optimizers.Adam()

@tf.function
def step(rows):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(rows, training=True) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

with fitprint.start_run() as run:
    step(X)
    step(X)
assert not run.skipped, run.skipped
np.save("expected.npy", model(X))
open("package.txt", "w").write(str(run.model_path))
"""


@pytest.fixture
def quickstart(store, run_python, tmp_path):
    """The package of a model of a class that a script defines, as in TensorFlow's quickstart for experts."""
    np.save("rows.npy", X)
    run_python(QUICKSTART)
    return Path((tmp_path / "package.txt").read_text())


def test_a_keras_model_of_a_class_of_the_script_loads_without_the_class(quickstart):
    loaded = fitprint.load_model(quickstart)
    assert np.allclose(loaded.predict(X), np.load("expected.npy"), rtol=1e-6)
    assert "[-1, 3]" in str(loaded.metadata.signature.inputs)


@pytest.mark.mlflow
def test_stock_mlflow_loads_it_without_the_class(quickstart, load_elsewhere, mlflow_python):
    assert np.allclose(load_elsewhere(quickstart, X, mlflow_python), np.load("expected.npy"), rtol=1e-6)


class Exported(tf.Module):
    """What an estimator exports: a signature with an input for each feature."""

    @tf.function(input_signature=[tf.TensorSpec((None,), name="a"), tf.TensorSpec((None, 1), name="b")])
    def predict(self, a, b):
        return {"logits": a[:, tf.newaxis] + b, "both": tf.stack([a, b[:, 0]], axis=1)}


@pytest.mark.parametrize("keys", [{}, {"model_type": "tf1-estimator"}])  # as MLflow 1 wrote it, and as 2 did
def test_an_exported_estimator_predicts_as_in_mlflow(store, tmp_path, keys):
    model = Exported()
    tf.saved_model.save(model, str(tmp_path / "old/tfmodel"), signatures={"predict": model.predict})
    about = {"saved_model_dir": "tfmodel", "meta_graph_tags": ["serve"], "signature_def_key": "predict", **keys}
    generic = {"loader_module": "mlflow.tensorflow", "env": "conda.yaml", "python_version": "3.8.10"}
    (tmp_path / "old/MLmodel").write_text(
        yaml.safe_dump({"flavors": {"tensorflow": about, "python_function": generic}})
    )
    loaded = fitprint.load_model(tmp_path / "old")
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [10.0, 20.0]}, index=["x", "y"])
    predicted = loaded.predict(table)
    assert predicted.to_dict("list") == {"logits": [11.0, 22.0], "both": [[1.0, 10.0], [2.0, 20.0]]}
    assert list(predicted.index) == ["x", "y"]
    arrays = loaded.predict({"a": np.array([1.0]), "b": np.array([[10.0]])})
    assert {name: array.tolist() for name, array in arrays.items()} == {"logits": [[11.0]], "both": [[1.0, 10.0]]}


@pytest.mark.parametrize("save_format", ["tf", "h5"])
def test_models_of_keras_2_in_packages_of_mlflow_2(store, tmp_path, save_format):
    model = net()
    (tmp_path / "old/data").mkdir(parents=True)
    if save_format == "h5":
        model.save(tmp_path / "old/data/model.h5")
    else:
        model.export(str(tmp_path / "old/data/model"), verbose=False)
    (tmp_path / "old/data/keras_module.txt").write_text("tensorflow.keras")
    (tmp_path / "old/data/save_format.txt").write_text(save_format)
    about = {"data": "data", "model_type": "keras", "keras_version": "2.9.0", "save_format": save_format}
    generic = {"data": "data", "loader_module": "mlflow.tensorflow", "python_version": "3.8.10"}
    (tmp_path / "old/MLmodel").write_text(
        yaml.safe_dump({"flavors": {"tensorflow": about, "python_function": generic}})
    )
    expected = model.predict(X, verbose=0)
    assert np.allclose(fitprint.load_model(tmp_path / "old").predict(X), expected, rtol=1e-6)
    predicted = fitprint.load_model(tmp_path / "old").predict(pd.DataFrame(X, index=list("abcdef")))
    assert np.allclose(predicted.to_numpy(), expected, rtol=1e-6)
    assert list(predicted.index) == list("abcdef")


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
