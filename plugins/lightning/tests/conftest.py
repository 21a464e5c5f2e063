"""The tests of the flavor need its framework; what they share is here and in plugins/conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("lightning.pytorch", reason="needs lightning: run `make test-deep`")

import torch
from lightning import pytorch as lightning
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

FRAMEWORK_WARNS = (
    "ignore:The '.*_dataloader' does not have many workers",
    r"ignore:`isinstance\(treespec, LeafSpec\)` is deprecated",
    "ignore:The number of training batches",
    "ignore:Checkpoint directory",
    "ignore:You defined a `validation_step` but have no",
)


class Net(lightning.LightningModule):
    """A few weights, and dropout, which draws random numbers."""

    def __init__(self, width: int = 4, rate: float = 0.05) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(3, width), nn.Dropout(0.1), nn.Linear(width, 1))

    def forward(self, x: Any) -> Any:
        return self.layers(x)

    def loss(self, batch: Any) -> Any:
        x, y = batch
        return nn.functional.mse_loss(self(x), y)

    def training_step(self, batch: Any, index: int) -> Any:
        loss = self.loss(batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", self.loss(batch))

    def test_step(self, batch: Any, index: int) -> None:
        self.log("test_loss", self.loss(batch))

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["rate"])


def make_loader(rows: int = 20, shuffle: bool = False) -> Any:
    x = torch.randn(rows, 3, generator=torch.Generator().manual_seed(0))
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=5, shuffle=shuffle)


@pytest.fixture
def net() -> Callable[..., Any]:
    """Makes a module, always with the same weights."""

    def make(cls: type = Net, **hyperparameters: Any) -> Any:
        torch.manual_seed(0)
        return cls(**hyperparameters)

    return make


@pytest.fixture
def loader() -> Callable[..., Any]:
    """Makes a loader of batches of 5 rows: inputs with 3 columns, and their sum."""
    return make_loader


@pytest.fixture
def trainer(tmp_path: Any) -> Callable[..., Any]:
    """Makes a trainer that prints nothing and, unless told to, writes nothing."""

    def make(**settings: Any) -> Any:
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        files = {"enable_checkpointing": False, "default_root_dir": str(tmp_path)}
        return lightning.Trainer(**{"accelerator": "cpu", "max_epochs": 2, **quiet, **files, **settings})

    return make
