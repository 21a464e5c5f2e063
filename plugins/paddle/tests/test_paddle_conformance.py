"""PaddlePaddle on the conformance kit."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

paddle = pytest.importorskip("paddle", reason="needs paddle: run `make test-deep`")

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

_BUILDING = threading.Lock()


class Points(paddle.io.Dataset):
    def __init__(self, rows: int) -> None:
        super().__init__()
        self.x = np.random.default_rng(rows).normal(size=(rows, 3)).astype("float32")
        self.y = (self.x.sum(1, keepdims=True) > 0).astype("int64")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.x[index], self.y[index]

    def __len__(self) -> int:
        return len(self.x)


class Noting(paddle.callbacks.Callback):
    """A callback of the user's: it notes what PaddlePaddle tells it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._note("", logs)

    def on_eval_end(self, logs: Any = None) -> None:
        self._note("eval_", logs)

    def _note(self, prefix: str, logs: Any) -> None:
        for name in ("loss", "acc"):
            self.seen.setdefault(prefix + name, []).append(float(np.ravel(logs[name])[0]))


class Net(paddle.nn.Layer):
    """A classifier that is different in training and in evaluation, and draws no numbers in either."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = paddle.nn.Linear(3, 4)
        self.norm = paddle.nn.BatchNorm1D(4)
        self.out = paddle.nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.out(self.norm(paddle.tanh(self.hidden(x))))


class Pair(paddle.nn.Layer):
    """A network with two inputs and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.out = paddle.nn.Linear(3, 2)

    def forward(self, left: Any, right: Any) -> Any:
        return self.out(left), right.sum(axis=1)


def ready(network: Any, loss: Any) -> Any:
    # so that the parameters of each model have the same names and values; names and seed are those of all threads
    with _BUILDING, paddle.utils.unique_name.guard():
        paddle.seed(7)
        model = paddle.Model(network())
    optimizer = paddle.optimizer.Adam(0.05, parameters=model.parameters())
    model.prepare(optimizer, loss, paddle.metric.Accuracy() if network is Net else None)
    return model


def data() -> dict[str, Any]:
    stopping = paddle.callbacks.EarlyStopping("acc", patience=1, verbose=0, save_best_model=False)
    model = ready(Net, paddle.nn.CrossEntropyLoss())
    return {"model": model, "train": Points(20), "eval": Points(12), "callbacks": [Noting(), stopping]}


def train(given: dict[str, Any], **changed: Any) -> Any:
    options = {"epochs": 6, "batch_size": 8, "verbose": 0, "shuffle": False, "callbacks": given["callbacks"], **changed}
    given["model"].fit(given["train"], given["eval"], **options)
    return given["model"], given["callbacks"]


def history(trained: Any) -> dict[str, list[float]]:
    return trained[1][0].seen


def scores(trained: Any, given: dict[str, Any]) -> dict[str, float]:
    points = given["eval"]
    return {"acc_points": trained[0].evaluate(points, verbose=0)["acc"]}


def stopped(trained: Any) -> dict[str, float]:
    noting, stopping = trained[1]
    assert len(noting.seen["acc"]) < 6
    return {"stopped_epoch": len(noting.seen["acc"]) - 1, "best_value": stopping.best_value}


def predict(model: Any, rows: Any) -> pd.DataFrame:
    model.network.eval()
    with paddle.no_grad():
        return pd.DataFrame(model.network(paddle.to_tensor(rows)).numpy())


class Nesting(Noting):
    """A callback that trains another model."""

    def on_train_end(self, logs: Any = None) -> None:
        train(data(), callbacks=[], epochs=1)


def pair_data() -> dict[str, Any]:
    left = np.random.default_rng(1).normal(size=(10, 3)).astype("float32")
    right = np.arange(40, dtype="int64").reshape(10, 4)
    label = (left.sum(1, keepdims=True) > 0).astype("int64")

    def losses(scores: Any, _sums: Any, expected: Any) -> Any:
        return paddle.nn.functional.cross_entropy(scores, expected)

    loader = paddle.io.DataLoader(paddle.io.TensorDataset([left, right, label]), batch_size=5)
    return {"model": ready(Pair, losses), "loader": loader, "rows": {"left": left, "right": right}}


def fit_pair(given: dict[str, Any]) -> Any:
    given["model"].fit(given["loader"], epochs=2, verbose=0)
    return given["model"]


def predict_pair(model: Any, rows: Any) -> dict[str, Any]:
    scores, sums = model.network(paddle.to_tensor(rows["left"]), paddle.to_tensor(rows["right"]))
    return {"output_0": scores.numpy(), "output_1": sums.numpy()}


@pytest.mark.filterwarnings("ignore:To copy construct from a tensor")  # PaddlePaddle warns of its own call
@pytest.mark.filterwarnings("ignore:When training, we now always track")  # and so does its layer
class TestPaddle(FlavorConformance):
    flavor = "paddle"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=2)
    without = {  # noqa: RUF012
        "test_predictions_are_known": (
            "the cases predict with the network, as a package does, and not by paddle.Model.predict: see "
            "test_paddle_fits.py"
        ),
        "test_disabling_restores_every_attribute": (
            "making a graph and adding a hook changes counters in PaddlePaddle's modules: see test_paddle_fits.py"
        ),
        "test_threads_leave_a_run_each[classifier]": (
            "PaddlePaddle keeps the metrics of all threads in one dict, so that early stopping depends on the others"
        ),
        "test_models_clone": "PaddlePaddle copies no model untrained",
        "test_the_native_model_comes_back": "PaddlePaddle reads a network without its class and its paddle.Model",
        "test_its_loader_works_without_fitprint[classifier]": "the package names MLflow's own loader",
        "test_models_pickle": "a prepared paddle.Model cannot be pickled: its optimizer has a lambda",
        "test_models_copy": "a prepared paddle.Model cannot be copied: it has the place of its tensors",
    }
    cases = (
        Case(
            "classifier",
            data=data,
            train=train,
            by_callback=lambda given, callback: train(given, callbacks=[*given["callbacks"], callback]),
            callback_differs={"model/model.json": "PaddlePaddle numbers the operations of all graphs of a process"},
            model=lambda trained: trained[0],
            scores=scores,
            rows=lambda given: given["eval"].x,
            predict=predict,
            params=lambda trained: {
                "epochs": 6,
                "batch_size": 8,
                "optimizer_name": "Adam",
                "learning_rate": 0.05,
                "network": "Net",
                "loss_function": "CrossEntropyLoss",
                "metrics": ["acc"],
                "early_stopping.monitor": "acc",
                "early_stopping.patience": 1,
            },
            history=history,
            stopped=stopped,
            nested=lambda given: train(given, callbacks=[Nesting()], epochs=1),
            fails=lambda given: train(given, epochs="many"),
            pickles=False,
            copies=False,
        ),
        Case(
            "two-inputs",
            data=pair_data,
            train=fit_pair,
            rows=lambda given: given["rows"],
            predict=predict_pair,
            params=lambda model: {"network": "Pair", "loss_function": "losses"},
            pickles=False,
            copies=False,
        ),
    )
