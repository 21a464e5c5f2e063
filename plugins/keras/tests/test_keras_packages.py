"""Packages: what is written, what is read here and in stock MLflow, and what is refused."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml

import fitprint
from fitprint._instrumentation import registry
from fitprint.models.errors import PackageError

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
OWN_MODULE = """
import keras

@keras.saving.register_keras_serializable("own")
class Doubling(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

class Halving(keras.layers.Layer):
    def call(self, inputs):
        return inputs / 2

def squared(inputs):
    return inputs * inputs
"""


def fitted(*layers):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X, X[:, :1], verbose=0)
    return model


def several():
    keras.utils.set_random_seed(3)
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    joined = keras.layers.Concatenate()([right, left])
    model = keras.Model(
        [right, left], [keras.layers.Dense(1, name="one")(joined), keras.layers.Dense(2, name="two")(joined)]
    )
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit([X[:, :2], X], [X[:, :1], X[:, 1:]], verbose=0)
    return model


def document(package):
    return yaml.safe_load((package / "MLmodel").read_text("utf-8"))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's own."""
    (tmp_path / "own_layers.py").write_text(OWN_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("own_layers")
    sys.modules.pop("own_layers")
    for name in [name for name in keras.saving.get_custom_objects() if name.startswith("own>")]:
        keras.saving.get_custom_objects().pop(name)


def test_the_layout_is_that_of_mlflow(recorded):
    model = fitted()
    package = fitprint.last_run().model_path
    flavors = document(package)["flavors"]
    assert flavors["keras"] == {
        "code": None,
        "data": "data",
        "keras_backend": keras.backend.backend(),
        "keras_version": keras.__version__,
        "save_exported_model": False,
    }
    assert flavors["python_function"]["loader_module"] == "mlflow.keras"
    assert "data" not in flavors["python_function"]
    assert sorted(path.name for path in (package / "data").iterdir()) == ["keras_module.txt", "model.keras"]
    assert (package / "data/keras_module.txt").read_text() == "keras"
    loaded = fitprint.load_model(package, trust="no-pickle")
    assert np.array_equal(loaded.predict(X), model.predict(X, verbose=0))
    assert "keras==" in (package / "requirements.txt").read_text()


def test_a_loaded_model_trains_on_with_the_state_of_its_optimizer(recorded):
    model = fitted()
    loaded = fitprint.keras.load_model(fitprint.last_run().model_path)
    fitprint.disable()
    for one in (model, loaded):
        one.run_eagerly = True
        one.fit(X, X[:, :1], verbose=0, shuffle=False)
    assert int(loaded.optimizer.iterations) == 2
    assert np.allclose(model.get_weights()[0], loaded.get_weights()[0])


def test_custom_objects_of_a_module_come_with_the_package(recorded, own, run_python, tmp_path):
    model = fitted(own.Doubling(), own.Halving(), keras.layers.Dense(3, activation=own.squared))
    run = fitprint.last_run()
    assert run.skipped == []
    package = run.model_path
    assert document(package)["flavors"]["keras"]["loading"] == "data/loading.json"
    assert (package / "code/own_layers.py").exists()
    with pytest.raises(PackageError):
        fitprint.load_model(package, trust="no-pickle")
    np.save("rows.npy", X)
    np.save("expected.npy", model.predict(X, verbose=0))
    (tmp_path / "own_layers.py").unlink()
    run_python(
        "import sys, fitprint, numpy as np\n"
        "predicted = fitprint.load_model(sys.argv[1]).predict(np.load('rows.npy'))\n"
        "assert np.array_equal(predicted, np.load('expected.npy'))\n",
        package,
    )


SCRIPT = """
import fitprint
import keras
import numpy as np

class Doubling(keras.layers.Layer):
    def call(self, inputs):
        return FACTOR * inputs

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.doubling, self.dense = Doubling(), keras.layers.Dense(1, activation=squared)

    def call(self, inputs):
        return self.dense(self.doubling(inputs))

def squared(inputs):
    return inputs * inputs

def own_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

FACTOR = 2
X = np.load("rows.npy")
fitprint.autolog(strict=True, quiet=True)
model = Net()
model.compile("sgd", own_loss, run_eagerly=True)
model.fit(X, X[:, :1], verbose=0)
run = fitprint.last_run()
assert not run.skipped, run.skipped
np.save("expected.npy", model.predict(X, verbose=0))
open("package.txt", "w").write(str(run.model_path))
loaded = fitprint.keras.load_model(run.model_path)
assert type(loaded) is Net and loaded.loss.__name__ == "own_loss"
"""


def test_objects_of_a_script_come_with_the_package(store, run_python, load_elsewhere, tmp_path):
    np.save("rows.npy", X)
    run_python(SCRIPT)
    package = Path((tmp_path / "package.txt").read_text())
    assert np.array_equal(load_elsewhere(package, X), np.load("expected.npy"))
    assert "cloudpickle==" in (package / "requirements.txt").read_text()
    with pytest.raises(PackageError, match="custom objects"):
        fitprint.load_model(package, trust="no-pickle")


@pytest.mark.mlflow
def test_stock_mlflow_loads_objects_of_a_script(store, run_python, load_elsewhere, mlflow_python, tmp_path):
    np.save("rows.npy", X)
    run_python(SCRIPT)
    package = Path((tmp_path / "package.txt").read_text())
    assert np.array_equal(load_elsewhere(package, X, mlflow_python), np.load("expected.npy"))


def test_objects_that_cannot_be_pickled_are_told(recorded):
    lock = threading.Lock()

    class Local(keras.layers.Layer):
        def call(self, inputs):
            with lock:
                return inputs

    model = fitted(Local())
    run = fitprint.last_run()
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("custom objects", "keras")]
    with pytest.raises(PackageError, match="Local"):
        fitprint.load_model(run.model_path)
    with keras.saving.custom_object_scope({"Local": Local}):
        assert np.array_equal(fitprint.load_model(run.model_path).predict(X), model.predict(X, verbose=0))


def test_lambdas_need_trust(recorded):
    model = fitted(keras.layers.Lambda(lambda rows: rows * 2, output_shape=(3,)))
    package = fitprint.last_run().model_path
    assert np.array_equal(fitprint.load_model(package).predict(X), model.predict(X, verbose=0))
    with pytest.raises(PackageError):
        fitprint.load_model(package, trust="no-pickle")


def test_a_package_that_hides_its_lambdas_is_refused_by_keras(recorded):
    fitted(keras.layers.Lambda(lambda rows: rows * 2, output_shape=(3,)))
    package = fitprint.last_run().model_path
    text = (package / "MLmodel").read_text("utf-8")
    (package / "MLmodel").write_text(text.replace("    loading: data/loading.json\n", ""))
    with pytest.raises(PackageError, match="unsafe"):
        fitprint.load_model(package, trust="no-pickle")


@pytest.mark.parametrize("damage", ["empty", "missing"])
def test_a_damaged_package_is_refused(recorded, damage):
    fitted()
    package = fitprint.last_run().model_path
    if damage == "empty":
        (package / "data/model.keras").write_bytes(b"")
    else:
        (package / "data/model.keras").unlink()
    with pytest.raises(PackageError):
        fitprint.load_model(package)


def test_log_model_leaves_the_model_as_it_is(store):
    model = fitted()
    before = sorted(vars(model))
    fitprint.keras.save_model(model, "package", input_example=X[:3])
    assert model.predict_function is None
    assert sorted(vars(model)) == before
    assert fitprint.load_model("package").metadata.signature is not None


def test_every_size_of_a_weight():
    from fitprint_keras import _packages

    sizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "uint8": 1, "bool": 1, "float8_e4m3fn": 1}
    assert {dtype: _packages._itemsize(dtype) for dtype in sizes} == sizes


EXCHANGE = """
    import sys
    import keras, mlflow, numpy as np
    from mlflow.models import infer_signature

    X = np.load("rows.npy")
    for name in ("plain", "several", "custom"):
        loaded = mlflow.pyfunc.load_model(open(f"{name}.txt").read())
        rows = {"left": X, "right": X[:, :2]} if name == "several" else X
        predicted = loaded.predict(rows)
        np.savez(f"{name}.npz", **(predicted if isinstance(predicted, dict) else {"predicted": predicted}))
    native = mlflow.keras.load_model(open("plain.txt").read())
    assert native.optimizer is not None
    signature = infer_signature(X, native.predict(X, verbose=0))
    mlflow.keras.save_model(native, "theirs", signature=signature)
    mlflow.keras.save_model(native, "exported", signature=signature, save_exported_model=True)
"""


@pytest.mark.mlflow
def test_stock_mlflow_and_fitprint_read_each_others_packages(recorded, own, run_python, mlflow_python, tmp_path):
    np.save("rows.npy", X)
    expected = {}
    for name, train in (
        ("plain", fitted),
        ("several", several),
        ("custom", lambda: fitted(own.Doubling(), own.Halving())),
    ):
        model = train()
        (tmp_path / f"{name}.txt").write_text(str(fitprint.last_run().model_path))
        expected[name] = model.predict([X[:, :2], X] if name == "several" else X, verbose=0)
    (tmp_path / "own_layers.py").rename(tmp_path / "hidden.txt")  # the copy in the package is what counts
    run_python(EXCHANGE, python=mlflow_python)
    assert np.array_equal(np.load("plain.npz")["predicted"], expected["plain"])
    assert np.array_equal(np.load("custom.npz")["predicted"], expected["custom"])
    assert [
        np.array_equal(np.load("several.npz")[name], array)
        for name, array in zip(("one", "two"), expected["several"], strict=True)
    ]
    assert np.array_equal(fitprint.load_model("theirs").predict(X), expected["plain"])
    assert np.allclose(fitprint.load_model("exported").predict(X), expected["plain"], rtol=1e-6)
    with pytest.raises(PackageError):
        fitprint.load_model("exported", trust="no-pickle")


def test_what_is_required(recorded):
    fitted()
    lines = (fitprint.last_run().model_path / "requirements.txt").read_text().split()
    brings = list(registry.entries()["keras"].flavor().requirements(None))
    assert {line.partition("==")[0].replace("_", "-") for line in lines[1:]} == {
        name.replace("_", "-") for name in brings
    }


LARGE = """
import keras

def make(count):
    layers = [keras.layers.Dense(1000, kernel_initializer="zeros") for _ in range(count)]
    return keras.Sequential([keras.Input((1000,)), *layers])
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("keras", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["keras"].flavor().defaults["max_model_size"] == said_limit
