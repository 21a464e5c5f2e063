"""A program that trains in several processes, which the tests start: `distributed_training.py MODE FOLDER RANKS`.

The modes are `compare`: trains by DDP and by FSDP2, each without recording and with it, and prints what each rank saw;
`restart`: rank 1 kills itself, and the training that is started again goes on from the last checkpoint; `wait`: trains
until it is ended from outside; `spawn`: starts its processes itself; `alone`: a forward that needs all processes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lightning import pytorch as lightning
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import nn
from torch.distributed import distributed_c10d
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.utils.data import DataLoader, TensorDataset

import fitprint

MODE, FOLDER, RANKS = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
SETTINGS = {"strict": True, "quiet": True}
COLLECTIVES = (
    *("all_reduce", "broadcast", "reduce", "barrier", "gather", "scatter", "send", "recv", "all_gather"),
    *("all_gather_into_tensor", "reduce_scatter_tensor", "all_gather_object", "broadcast_object_list"),
)
calls: dict[str, int] = {}


class Net(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.1), nn.Linear(4, 1))

    def forward(self, x: Any) -> Any:
        return self.layers(x)

    def training_step(self, batch: Any, index: int) -> Any:
        loss = nn.functional.mse_loss(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True, sync_dist=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", nn.functional.mse_loss(self(batch[0]), batch[1]), sync_dist=True)

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=0.05)


class Sharded(Net):
    """Its weights are DTensors, of which each process has a part."""

    def configure_model(self) -> None:
        if not any(isinstance(weight, DTensor) for weight in self.parameters()):
            fully_shard(self.layers, mesh=self.device_mesh["data_parallel"])


class Exchanging(Net):
    """Its forward gathers a tensor of each process."""

    def forward(self, x: Any) -> Any:
        return self.layers(x) + 0 * self.all_gather(x).sum()


def loader(rows_of_rank: int) -> Any:
    rows = RANKS * rows_of_rank
    x = torch.randn(rows, 3, generator=torch.Generator().manual_seed(0))
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=5)


def trainer(folder: str, strategy: Any = "ddp", epochs: int = 2, callbacks: tuple[Any, ...] = ()) -> Any:
    saving = ModelCheckpoint(FOLDER / folder, monitor="val_loss", save_last=True)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return lightning.Trainer(
        max_epochs=epochs, strategy=strategy, accelerator="cpu", devices=RANKS, callbacks=[*callbacks, saving], **quiet
    )


def count(name: str) -> None:
    own = getattr(distributed_c10d, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[name] = calls.get(name, 0) + 1
        return own(*args, **kwargs)

    for module in (distributed_c10d, dist):
        setattr(module, name, counted)


def observe(cls: type, strategy: Any, folder: str) -> dict[str, Any]:
    """Train, and return what must not differ: collectives, weights of this rank, random states."""
    lightning.seed_everything(1)
    calls.clear()
    groups = list(distributed_c10d._world.pg_names) if dist.is_initialized() else []
    before = [group._get_sequence_number_for_group() for group in groups]
    module, fitted = cls(), trainer(folder, strategy())
    fitted.fit(module, loader(20), loader(5))
    sequence = [group._get_sequence_number_for_group() for group in groups]
    parts = [weight.to_local() if isinstance(weight, DTensor) else weight for weight in module.parameters()]
    return {
        "calls": dict(calls),
        "sequence": [after - first for after, first in zip(sequence, before, strict=True)][:1],
        "weights": [part.detach().flatten().tolist() for part in parts],
        "random": [torch.get_rng_state().sum().item(), torch.rand(1).item()],
        "callbacks": [type(callback).__name__ for callback in fitted.callbacks],
    }


def compare() -> None:
    for name in COLLECTIVES:
        count(name)
    shard = lambda: ModelParallelStrategy(data_parallel_size=RANKS, tensor_parallel_size=1)  # noqa: E731
    observe(Net, lambda: "ddp", "first")  # joins the processes, which takes collectives of its own
    seen = {}
    for cls, strategy in ((Net, lambda: "ddp"), (Sharded, shard)):
        plain = observe(cls, strategy, f"plain-{cls.__name__}")
        fitprint.autolog(**SETTINGS)
        recorded = observe(cls, strategy, f"recorded-{cls.__name__}")
        fitprint.disable()
        seen[cls.__name__] = {name: [plain[name], recorded[name]] for name in plain}
    (FOLDER / f"rank{os.environ['RANK']}.json").write_text(json.dumps(seen))


class KillsRankOne(Callback):
    def on_train_batch_end(self, trainer: Any, *others: Any) -> None:
        if trainer.ckpt_path is None and trainer.global_rank == 1 and trainer.global_step == 6:
            os.kill(os.getpid(), signal.SIGKILL)


class Slow(Callback):
    def on_train_batch_end(self, trainer: Any, *others: Any) -> None:
        (FOLDER / f"training-{trainer.global_rank}").touch()
        time.sleep(0.05)


def fit(cls: type = Net, **settings: Any) -> None:
    fitprint.autolog(quiet=True)
    trainer("kept", **settings).fit(cls(), loader(20), loader(5), ckpt_path="last")


if __name__ == "__main__":
    {
        "compare": compare,
        "restart": lambda: fit(epochs=4, callbacks=(KillsRankOne(),)),
        "wait": lambda: fit(epochs=10_000, callbacks=(Slow(),)),
        "spawn": lambda: fit(strategy="ddp_spawn"),
        "alone": lambda: fit(Exchanging),
    }[MODE]()
