"""Lightning on the conformance kit, under both of its names."""

from __future__ import annotations

import functools
import importlib
import warnings
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning.pytorch", reason="needs lightning: run `make test-deep`")
pytest.importorskip("pytorch_lightning", reason="needs pytorch_lightning: run `make test-deep`")

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from fitprint.testing import Budget, Case, FlavorConformance

EPOCHS = 8
QUIET = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False, "logger": False}
PACKAGES = ("lightning.pytorch", "pytorch_lightning")


@functools.cache
def net_class(package: str) -> Any:
    """Return a class of modules of one of the two packages. It travels by value, like those of a user's script."""
    lightning = importlib.import_module(package)

    class Net(lightning.LightningModule):
        def __init__(self, rate: float) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layers = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.1), nn.Linear(4, 1))

        def forward(self, x: Any) -> Any:
            return self.layers(x)

        def training_step(self, batch: Any, index: int) -> Any:
            loss = nn.functional.mse_loss(self(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", nn.functional.mse_loss(self(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=self.hparams["rate"])

    Net.__qualname__ = Net.__name__ = f"Net_{package.replace('.', '_')}"
    Net.__module__ = "__main__"
    return Net


class Kept:
    """A callback of the user's that keeps what Lightning computes, as the history to compare with."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {"train_loss_step": [], "train_loss_epoch": [], "val_loss": []}

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
        self.history["train_loss_step"].append(float(outputs["loss"]))

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        self.history["val_loss"].append(float(trainer.callback_metrics["val_loss"]))


@functools.cache
def kept_class(package: str) -> Any:
    kept = type(f"Kept_{package.replace('.', '_')}", (Kept, importlib.import_module(package).Callback), {})
    kept.__module__ = __name__
    globals()[kept.__name__] = kept
    return kept


for name in PACKAGES:
    kept_class(name)


def data(package: str) -> dict[str, Any]:
    lightning = importlib.import_module(package)
    torch.manual_seed(0)
    module = net_class(package)(rate=2.0)
    x = torch.randn(20, 3)
    return {
        "trainer": {
            "max_epochs": EPOCHS,
            "accelerator": "cpu",
            "num_sanity_val_steps": 0,
            "callbacks": [kept_class(package)(), lightning.callbacks.EarlyStopping("val_loss", patience=1)],
            **QUIET,
        },
        "model": module,
        "loader": DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=5),
        "rows": x[:7].numpy(),
    }


def train(package: str, data: dict[str, Any], **changed: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = importlib.import_module(package).Trainer(**data["trainer"])
        torch.manual_seed(1)
        arguments = {"model": data["model"], "train_dataloaders": data["loader"], "val_dataloaders": data["loader"]}
        trainer.fit(**{**arguments, **changed})
    return data["model"], trainer


def train_with(package: str, data: dict[str, Any], callback: Any) -> Any:
    return train(
        package, {**data, "trainer": {**data["trainer"], "callbacks": [*data["trainer"]["callbacks"], callback]}}
    )


def predict(model: Any, rows: Any) -> Any:
    with torch.no_grad():
        return model.eval()(torch.from_numpy(rows)).numpy()


def history(trained: Any) -> dict[str, list[float]]:
    kept = trained[1].callbacks[0].history
    return {name: kept[name] for name in ("train_loss_step", "val_loss")}


def scores(trained: Any, data: dict[str, Any]) -> dict[str, float]:
    loader = data["loader"]
    (values,) = trained[1].validate(trained[0], loader, verbose=False)
    return {"val_loss_loader": values["val_loss"]}


def stopped(trained: Any) -> dict[str, float]:
    stopping = trained[1].early_stopping_callback
    values = history(trained)["val_loss"]
    return {
        "stopped_epoch": stopping.stopped_epoch,
        "best_epoch": values.index(min(values)),
        "best_score": float(stopping.best_score),
    }


def case(name: str, package: str) -> Case:
    return Case(
        name,
        data=functools.partial(data, package),
        train=functools.partial(train, package),
        by_callback=functools.partial(train_with, package),
        callback_differs=dict.fromkeys(("param min_epochs", "default_params"), "Trainer.fit makes 0 of None first"),
        model=lambda trained: trained[0],
        scores=scores,
        rows=lambda data: data["rows"],
        predict=predict,
        params=lambda trained: {"rate": 2.0, "max_epochs": EPOCHS, "optimizer": "Adam", "optimizer.lr": 2.0},
        history=history,
        stopped=stopped,
        pickles=False,
        fails=lambda data: train(package, data, train_dataloaders=[torch.ones(2)]),
    )


class TestLightning(FlavorConformance):
    flavor = "lightning"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.3)
    without = {  # noqa: RUF012
        "test_models_pickle": "the modules are of classes of a script, which pickle only by value",
        "test_threads_leave_a_run_each": "threads share PyTorch's random numbers, so early stopping ends elsewhere",
        "test_training_inside_training_is_one_run": "no module of Lightning trains another one",
        "test_models_clone": "Lightning has no way of its own to copy a module without its weights",
    }
    cases = (case("lightning", "lightning.pytorch"), case("pytorch_lightning", "pytorch_lightning"))
