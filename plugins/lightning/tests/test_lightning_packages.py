"""The package of a trained module: its signature, what it requires, the best checkpoint, and no package of a part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pytorch_lightning
import torch
from lightning import pytorch as lightning
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader

import fitprint
from fitprint._instrumentation import registry
from fitprint_lightning._sharding import is_sharded

ROWS = np.ones((2, 3), dtype=np.float32)


def predicted(module: Any, rows: Any) -> Any:
    with torch.no_grad():
        return module.eval()(torch.from_numpy(rows)).numpy()


def test_the_package_predicts_and_requires_lightning(recorded, net, loader, trainer):
    module = net()
    trainer().fit(module, loader())
    run = fitprint.last_run()
    assert reasons(run) == []
    assert module.trainer is not None, "the user's module keeps its trainer"
    assert (fitprint.load_model(run.model_path).predict(ROWS) == predicted(module, ROWS)).all()
    required = (run.model_path / "requirements.txt").read_text()
    assert f"lightning=={lightning.__version__}" in required
    assert "pytorch-lightning" not in required.replace("pytorch_lightning", "pytorch-lightning")
    text = (run.model_path / "MLmodel").read_text()
    assert '"dtype": "float32", "shape": [-1, 3]' in text
    assert "loader_module: mlflow.pytorch" in text


def reasons(run: Any) -> list[tuple[str, str]]:
    """What a run lacks; the module with these tests is in a folder that is too large for a package's code."""
    return [(skip.what, skip.rule) for skip in run.skipped if skip.rule != "code"]


class Named(lightning.LightningModule):
    """Takes one part of a batch, which is a dict."""

    def __init__(self, example: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)
        if example:
            self.example_input_array = torch.zeros(2, 3)

    def forward(self, x: Any) -> Any:
        return self.layer(x)

    def training_step(self, batch: Any, index: int) -> Any:
        return self(batch["x"]).square().mean()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.parametrize("example", [True, False])
def test_the_module_s_own_example_tells_what_a_batch_does_not(recorded, net, trainer, example):
    batches = DataLoader([{"x": torch.ones(3), "y": torch.ones(1)}] * 4, batch_size=2)
    trainer(max_epochs=1).fit(net(Named, example=example), batches)
    run = fitprint.last_run()
    assert reasons(run) == ([] if example else [("signature", "flavor")])
    assert list(run.models) == ["model"]


def test_the_best_checkpoint_is_packaged_if_that_is_asked_for(store, net, loader, trainer, tmp_path):
    fitprint.autolog(strict=True, quiet=True, package_of="best")
    best = ModelCheckpoint(tmp_path / "best", monitor="val_loss", mode="max")  # the first one, as the loss falls
    module = net()
    fitted = trainer(max_epochs=4, callbacks=[best], enable_checkpointing=True)
    fitted.fit(module, loader(), loader(10))
    run = fitprint.last_run()
    last = predicted(module, ROWS)
    assert run.tags["package_of"] == "best"
    assert run.tags["package_checkpoint"] == best.best_model_path
    expected = net()
    expected.load_state_dict(torch.load(best.best_model_path, weights_only=False)["state_dict"])
    packaged = fitprint.load_model(run.model_path).predict(ROWS)
    assert (packaged == predicted(expected, ROWS)).all()
    assert not (packaged == last).all()


def test_a_package_of_a_checkpoint_can_be_made_later(recorded, net, loader, trainer, tmp_path):
    saving = ModelCheckpoint(tmp_path / "all", save_top_k=-1)
    trainer(max_epochs=3, callbacks=[saving], enable_checkpointing=True).fit(net(), loader())
    run = fitprint.last_run()
    first = run.checkpoints[0]
    package = fitprint.package_checkpoint(run, 1, trust="all")
    expected = net()
    expected.load_state_dict(torch.load(first.path, weights_only=False)["state_dict"])
    assert (fitprint.load_model(package).predict(ROWS) == predicted(expected, ROWS)).all()


def test_a_compiled_module_is_packaged_as_it_was_before(recorded, net, loader, trainer):
    module = net(Named, example=False)
    batches = DataLoader([{"x": torch.ones(3)}] * 4, batch_size=2)
    trainer(max_epochs=1).fit(torch.compile(module, backend="eager"), batches)
    run = fitprint.last_run()
    assert run.name == "Named"
    assert (fitprint.load_model(run.model_path).predict(ROWS) == predicted(module, ROWS)).all()


def test_what_marks_a_part_of_a_weight():
    whole = nn.Linear(2, 2)
    assert not is_sharded(whole)
    for mark in ("ds_id", "_fsdp_flattened"):
        part = nn.Linear(2, 2)
        setattr(part.weight, mark, True)
        assert is_sharded(part), mark


class Old(pytorch_lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        return self.layer(x)

    def training_step(self, batch: Any, index: int) -> Any:
        loss = nn.functional.mse_loss(self(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_the_other_name_of_lightning(recorded, net, loader, tmp_path):
    module = net(Old)
    quiet = {
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "logger": False,
    }
    fitted = pytorch_lightning.Trainer(accelerator="cpu", max_epochs=2, default_root_dir=tmp_path, **quiet)
    fitted.fit(module, loader())
    run = fitprint.last_run()
    assert run.tags["flavor"] == "lightning"
    assert [step for step, _ in run.metric_history("train_loss")] == list(range(8))
    assert (fitprint.load_model(run.model_path).predict(ROWS) == predicted(module, ROWS)).all()
    assert "pytorch-lightning==" in (run.model_path / "requirements.txt").read_text()


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["lightning"].flavor().defaults["max_model_size"] == said_limit
