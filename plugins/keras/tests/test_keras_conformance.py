"""Keras on the conformance kit."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs keras: run `make test-deep`")

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

RATE = 1.5
"""So large that the second epoch is worse than the first one, and that early stopping ends the training there."""


def numbers(rows: int, columns: int) -> Any:
    return np.random.default_rng(0).normal(size=(rows, columns)).astype("float32").round(3)


def compiled(model: Any, **options: Any) -> Any:
    """Compiled to run eagerly: a graph takes longer to make than these trainings."""
    rate = keras.optimizers.SGD(learning_rate=RATE)
    model.compile(**{"optimizer": rate, "loss": "mse", "run_eagerly": True, **options})
    return model


NUMBERED = "TensorFlow numbers all variables of a process, which optimizers keep; test_keras_fit.py compares the state"


def begin() -> None:
    """Keras counts in its names what a process has made: begin again, and with the same random numbers."""
    keras.utils.clear_session(free_memory=False)  # else it collects garbage each time
    keras.utils.set_random_seed(1)


def sequential() -> dict[str, Any]:
    begin()
    layers = [keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)]
    stopping = keras.callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True)
    inputs = numbers(24, 3)
    return {
        "model": compiled(keras.Sequential(layers), metrics=["mae"]),
        "x": inputs,
        "y": inputs.sum(axis=1, keepdims=True),
        "callbacks": [stopping],
    }


def fit(data: dict[str, Any]) -> Any:
    given = {name: value for name, value in data.items() if name != "model"}
    return data["model"].fit(**given, epochs=4, batch_size=24, verbose=0)


def fit_with(data: dict[str, Any], callback: Any) -> Any:
    return fit({**data, "callbacks": [*data["callbacks"], callback]})


class Stop(keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
    """A callback in which a user presses Ctrl-C."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        raise KeyboardInterrupt


def several() -> dict[str, Any]:
    begin()
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    joined = keras.layers.Concatenate()([right, left])
    first, second = keras.layers.Dense(1, name="first")(joined), keras.layers.Dense(2, name="second")(joined)
    model = compiled(keras.Model([right, left], {"first": first, "second": second}))
    targets = {"first": numbers(24, 1), "second": numbers(24, 2)}
    stopping = [keras.callbacks.EarlyStopping("loss", patience=1)]
    return {"model": model, "x": {"left": numbers(24, 3), "right": numbers(24, 2)}, "y": targets, "callbacks": stopping}


def steps(data: dict[str, Any]) -> tuple[Any, list[float]]:
    model = data["model"]
    return model, [float(model.train_on_batch(data["x"], data["y"])[0]) for _ in range(3)]


def save(trained: tuple[Any, list[float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trained[0].save(f"{folder}/saved.keras")


def predicted(model: Any, rows: Any) -> Any:
    return model.predict(rows, verbose=0)


def scores(history: Any, data: dict[str, Any]) -> dict[str, float]:
    x, y = data["x"], data["y"]
    values = history.model.evaluate(x, y, verbose=0, return_dict=True)
    return {f"{name}_x": value for name, value in values.items()}


def stopped(history: Any) -> dict[str, float]:
    losses = history.history["loss"]
    best = int(np.argmin(losses))
    return {"stopped_epoch": len(losses) - 1, "best_epoch": best, "restored_epoch": best}


class TwoStages(keras.Sequential):  # type: ignore[misc, name-defined, unused-ignore]
    """Trains another model before itself."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        fit(sequential())
        return super().fit(*args, **kwargs)


def nested(data: dict[str, Any]) -> Any:
    model = compiled(TwoStages([keras.Input((3,)), keras.layers.Dense(1)]))
    return model.fit(data["x"], data["y"], verbose=0)


# what Keras itself does with the newest numpy, with recording and without
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
class TestKeras(FlavorConformance):
    flavor = "keras"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.4)
    without = {  # noqa: RUF012
        "test_what_is_handed_over_is_not_changed": NUMBERED,
        "test_predicting_leaves_the_model_as_it_is": NUMBERED,
    }
    cases = (
        Case(
            "sequential",
            data=sequential,
            train=fit,
            model=lambda history: history.model,
            scores=scores,
            rows=lambda data: data["x"],
            predict=predicted,
            params=lambda history: {
                "epochs": 4,
                "batch_size": 24,
                "optimizer": "SGD",
                "optimizer_learning_rate": RATE,
                "loss": "mse",
                "patience": 1,
                "total_params": 21,
            },
            history=lambda history: {**history.history, "learning_rate": [RATE] * len(history.epoch)},
            stopped=stopped,
            nested=nested,
            by_callback=fit_with,
            breaks_off=lambda data: fit_with(data, Stop()),
            fails=lambda data: data["model"].fit(data["x"], data["y"][:3], verbose=0),
            clone=keras.models.clone_model,
        ),
        Case(
            "several",
            data=several,
            train=fit,
            model=lambda history: history.model,
            rows=lambda data: data["x"],
            predict=predicted,
            history=lambda history: history.history,
        ),
        Case(
            "steps",
            data=sequential,
            loop=True,
            train=steps,
            ends=save,
            model=lambda trained: trained[0],
            rows=lambda data: data["x"],
            predict=predicted,
            history=lambda trained: {"loss": trained[1]},
            fails=lambda data: data["model"].train_on_batch(data["x"], data["y"][:3]),
        ),
    )
