"""Steps inside a training that another flavor records are part of that one, and leave no run of their own."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("lightning.pytorch", reason="needs lightning: run `make test-deep`")

SCRIPT = """
import json
import logging
import fitprint

fitprint.autolog(["pytorch", "lightning"], strict=True, quiet=True)
import lightning.pytorch
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module
from torch.utils.data import DataLoader, TensorDataset

logging.disable(logging.WARNING)


class Module(lightning.pytorch.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def training_step(self, batch, number):
        return F.cross_entropy(self.layer(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


rows, target = torch.randn(16, 4), torch.arange(16) % 2
off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
trainer = lightning.pytorch.Trainer(max_epochs=2, accelerator="cpu", **off)
trainer.fit(Module(), DataLoader(TensorDataset(rows, target), batch_size=4))
hooks = bool(module._has_any_global_hook())
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    F.cross_entropy(model(rows), target).backward()
    optimizer.step()
fitprint.disable()
runs = [(run.name, run.tags["flavor"], len(run.metric_history("loss_step"))) for run in fitprint.runs()]
print(json.dumps([hooks, runs]))
"""


@pytest.mark.slow
def test_a_fit_of_lightning_is_one_run_and_a_loop_after_it_another(store, run_python):
    done = run_python(SCRIPT)
    hooks, runs = json.loads(done.stdout.splitlines()[-1])
    assert not hooks
    assert runs == [["Linear", "pytorch", 2], ["Module", "lightning", 0]]
