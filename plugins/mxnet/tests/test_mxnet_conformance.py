"""MXNet on the conformance kit."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

mx = pytest.importorskip("mxnet", reason="needs mxnet: run `make test-deep`")

from mxnet import gluon  # noqa: E402
from mxnet.gluon.contrib.estimator import Estimator  # noqa: E402
from mxnet.gluon.contrib.estimator.event_handler import EarlyStoppingHandler, EpochEnd, TrainBegin  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402


class Noting(TrainBegin, EpochEnd):  # type: ignore[misc, unused-ignore]
    """An event handler of the user's: it notes what the estimator has measured."""

    priority = np.inf

    def __init__(self) -> None:
        self.seen: dict[str, list[float]] = {}

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        for metric in [*estimator.train_metrics, *estimator.val_metrics]:
            name, value = metric.get()
            self.seen.setdefault(name.replace(" ", "_"), []).append(float(value))
        return False


class Nesting(Noting):
    """An event handler that trains another network."""

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        train({**data(), "handlers": []}, epochs=1)


def points(rows: int) -> tuple[Any, Any]:
    x = np.random.default_rng(rows).normal(size=(rows, 3)).astype("float32")
    return x, (x.sum(1) > 0).astype("float32")


def loader(rows: int) -> Any:
    return gluon.data.DataLoader(gluon.data.ArrayDataset(*points(rows)), batch_size=8)


def data() -> dict[str, Any]:
    mx.random.seed(5)
    np.random.seed(5)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(4), gluon.nn.BatchNorm(), gluon.nn.Dropout(0.2), gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier())
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
    estimator = Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer=trainer)
    estimator.logger.handlers.clear()
    stopping = EarlyStoppingHandler(estimator.val_metrics[0], patience=1, mode="max")
    return {"estimator": estimator, "train": loader(24), "eval": loader(12), "handlers": [Noting(), stopping]}


def train(given: dict[str, Any], **changed: Any) -> Any:
    given["estimator"].fit(given["train"], given["eval"], **{"epochs": 6, **changed}, event_handlers=given["handlers"])
    return given["estimator"], given["handlers"]


def scores(trained: Any, given: dict[str, Any]) -> dict[str, float]:
    held_out = given["eval"]
    trained[0].evaluate(held_out)
    return {"accuracy_held_out": trained[0].val_metrics[0].get()[1]}


def noted(trained: Any) -> Any:
    return next(handler for handler in trained[1] if isinstance(handler, Noting))


def stopped(trained: Any) -> dict[str, float]:
    stopping = next(handler for handler in trained[1] if isinstance(handler, EarlyStoppingHandler))
    epochs = len(noted(trained).seen["training_accuracy"])
    assert epochs < 6
    return {"stopped_epoch": epochs - 1, "best_value": stopping.best}


def symbol() -> Any:
    hidden = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="hidden")
    active = mx.sym.Activation(hidden, act_type="tanh", name="active")
    scores = mx.sym.FullyConnected(active, num_hidden=2, name="scores")
    return mx.sym.SoftmaxOutput(scores, name="softmax")


def module_data() -> dict[str, Any]:
    mx.random.seed(5)
    np.random.seed(5)
    logger = logging.Logger("quiet", logging.CRITICAL)
    module = mx.mod.Module(symbol(), logger=logger)
    seen: dict[str, list[float]] = {}

    def note(kind: str) -> Any:
        def after(state: Any) -> None:
            if kind == "validation" or state.locals["end_of_batch"]:
                for name, value in state.eval_metric.get_global_name_value():
                    seen.setdefault(f"{kind}_{name}", []).append(float(value))

        return after

    train, evaluation = (mx.io.NDArrayIter(*points(rows), batch_size=4) for rows in (24, 12))
    callbacks = {"batch_end_callback": [note("training")], "eval_end_callback": [note("validation")]}
    return {"module": module, "train": train, "eval": evaluation, "callbacks": callbacks, "seen": seen}


def fit_module(given: dict[str, Any], **changed: Any) -> Any:
    options = {"num_epoch": 3, "optimizer_params": {"learning_rate": 0.2}, "eval_metric": ["acc", "ce"], **changed}
    given["module"].fit(given["train"], given["eval"], **given["callbacks"], **options)
    return given["module"], given["seen"]


def predict_module(module: Any, rows: Any) -> Any:
    arguments, auxiliary = module.get_params()
    copy = mx.mod.Module(module.symbol, label_names=None)
    copy.bind([("data", rows.shape)], for_training=False)
    copy.set_params(arguments, auxiliary, allow_missing=True)
    return copy.predict(mx.io.NDArrayIter(rows, batch_size=len(rows))).asnumpy()


def loop_data() -> dict[str, Any]:
    mx.random.seed(5)
    np.random.seed(5)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(4, activation="tanh"), gluon.nn.Dropout(0.2), gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.2})
    return {"net": net, "trainer": trainer, "x": mx.nd.array(points(24)[0]), "y": mx.nd.array(points(24)[1])}


def step(given: dict[str, Any], rows: int = 24) -> float:
    net = given["net"]
    with mx.autograd.record():
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(net(given["x"]), given["y"])
    loss.backward()
    given["trainer"].step(rows)
    return float(np.mean(loss.asnumpy()))


def loop(given: dict[str, Any]) -> tuple[Any, list[float]]:
    return given["net"], [step(given) for _ in range(3)]


class TestMXNet(FlavorConformance):
    flavor = "mxnet"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=2)
    without = {  # noqa: RUF012
        "test_models_clone": "MXNet copies no network untrained",
        "test_the_native_model_comes_back": "MXNet reads a network without its class, as a SymbolBlock",
        "test_models_pickle": "networks of MXNet hold locks and weak references, which cannot be pickled",
        "test_models_copy": "networks of MXNet hold locks and weak references, which cannot be copied",
    }
    cases = (
        Case(
            "estimator",
            data=data,
            train=train,
            by_callback=lambda given, callback: train({**given, "handlers": [*given["handlers"], callback]}),
            callback_differs=dict.fromkeys(
                ("model/data/net-symbol.json", "artifacts/model_summary.txt"),
                "MXNet numbers the layers of all networks of a process",
            ),
            model=lambda trained: trained[0].net,
            scores=scores,
            rows=lambda given: points(12)[0],
            predict=lambda net, rows: net(mx.nd.array(rows)).asnumpy(),
            params=lambda trained: {
                "epochs": 6,
                "batch_size": 8,
                "optimizer_name": "Adam",
                "learning_rate": 0.05,
                "network": "HybridSequential",
                "loss": "SoftmaxCrossEntropyLoss",
                "parameters": 42,
                "early_stopping.monitor": "validation accuracy",
                "early_stopping.patience": 1,
            },
            history=lambda trained: noted(trained).seen,
            stopped=stopped,
            nested=lambda given: train({**given, "handlers": [Nesting()]}, epochs=1),
            fails=lambda given: train(given, epochs=None),
            pickles=False,
            copies=False,
        ),
        Case(
            "module",
            data=module_data,
            train=fit_module,
            model=lambda trained: trained[0],
            rows=lambda given: points(12)[0],
            predict=predict_module,
            params=lambda trained: {
                "num_epoch": 3,
                "batch_size": 4,
                "optimizer_name": "sgd",
                "optimizer_params.learning_rate": 0.2,
                "initializer": "Uniform",
                "eval_metric": ["acc", "ce"],
                "parameters": 26,
            },
            history=lambda trained: trained[1],
            fails=lambda given: fit_module(given, num_epoch=None),
            pickles=False,
            copies=False,
        ),
        Case(
            "loop",
            data=loop_data,
            loop=True,
            train=loop,
            model=lambda trained: trained[0],
            rows=lambda given: points(12)[0],
            predict=lambda net, rows: net(mx.nd.array(rows)).asnumpy(),
            params=lambda trained: {
                "optimizer_name": "SGD",
                "learning_rate": 0.2,
                "batch_size": 24,
                "network": "HybridSequential",
                "parameters": 26,
            },
            history=lambda trained: {"loss": trained[1]},
            fails=lambda given: step(given, rows=0),
            pickles=False,
            copies=False,
        ),
    )
