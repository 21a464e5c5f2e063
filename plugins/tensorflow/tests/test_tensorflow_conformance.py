"""TensorFlow on the conformance kit."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="needs tensorflow: run `make test-deep`")

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402


class Linear(tf.Module):  # type: ignore[misc, name-defined, unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.ones((3, 1)))

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])  # type: ignore[untyped-decorator, unused-ignore]
    def __call__(self, rows: Any) -> Any:
        return rows @ self.weight


# the first SavedModel of a process adds a name to a class of TensorFlow's, `FunctionSpec.JitCompile`, recorded or not
with tempfile.TemporaryDirectory() as folder:
    tf.saved_model.save(Linear(), folder)


def data() -> dict[str, Any]:
    rows = np.random.default_rng(0).normal(size=(8, 3)).astype("float32").round(3)
    optimizer = tf.keras.optimizers.SGD(0.25)
    return {"model": Linear(), "optimizer": optimizer, "x": rows, "y": 2 * rows[:, :1]}


def step(given: dict[str, Any], target: Any) -> float:
    model = given["model"]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(given["x"]) - target) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    given["optimizer"].apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return float(loss)


def train(given: dict[str, Any]) -> tuple[Any, list[float]]:
    return given["model"], [step(given, given["y"]) for _ in range(3)]


def save(trained: tuple[Any, list[float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tf.train.Checkpoint(model=trained[0]).write(f"{folder}/saved")


def failing(given: dict[str, Any]) -> None:
    given["optimizer"].apply([tf.ones((2, 2))], given["model"].trainable_variables)


# what Keras itself does with the newest numpy, with recording and without
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
class TestTensorFlow(FlavorConformance):
    flavor = "tensorflow"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.5)
    without = {  # noqa: RUF012
        "test_early_stopping_is_told": "a loop ends when its author ends it",
        "test_training_inside_training_is_one_run": "a step of an optimizer calls nothing of the user's",
        "test_models_pickle": "a module with a tf.function cannot be pickled",
        "test_models_clone": "TensorFlow copies no module untrained",
        "test_the_native_model_comes_back": "a SavedModel comes back as another class: test_tensorflow_packages.py",
        "test_what_is_handed_over_is_not_changed": "TensorFlow numbers all variables, and optimizers keep the numbers",
    }
    cases = (
        Case(
            "module",
            data=data,
            loop=True,
            train=train,
            ends=save,
            model=lambda trained: trained[0],
            rows=lambda given: given["x"],
            predict=lambda model, rows: model(tf.constant(rows)).numpy(),
            params=lambda trained: {"optimizer": "SGD", "optimizer_learning_rate": 0.25, "trainable_params": 3},
            history=lambda trained: {"loss": trained[1]},
            fails=failing,
            pickles=False,
        ),
    )
