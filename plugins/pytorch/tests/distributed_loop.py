"""A plain loop in several processes, which the tests start by torchrun: `distributed_loop.py MODE WAY FOLDER`.

The ways are `ddp`, `fsdp1` (`FullyShardedDataParallel`) and `fsdp2` (`fully_shard`). The modes are `compare`: trains by
each way without recording and with it, and writes down what each rank saw; `restart`: rank 1 kills itself, and what
torchrun starts again goes on from the last checkpoint; `wait`: trains until it is ended from outside.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.nn.functional as F  # noqa: N812  its usual name
from torch import nn
from torch.distributed import distributed_c10d
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard

import fitprint

MODE, WAY, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
COLLECTIVES = (
    *("all_reduce", "broadcast", "reduce", "barrier", "gather", "scatter", "send", "recv", "all_gather"),
    *("all_gather_into_tensor", "reduce_scatter_tensor", "all_gather_object", "broadcast_object_list"),
)
STEPS, KILLED_AT, SAVED_EVERY = 8, 5, 3
calls: dict[str, int] = {}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.1), nn.Linear(8, 2))

    def forward(self, x: Any) -> Any:
        return self.layers(x)


class State:
    """What a training has learnt, as `torch.distributed.checkpoint` saves it from all processes."""

    def __init__(self, model: Any, optimizer: Any) -> None:
        self.model, self.optimizer = model, optimizer

    def state_dict(self) -> dict[str, Any]:
        model, optimizer = get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        set_state_dict(self.model, self.optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])


def begin(way: str) -> tuple[Any, Any]:
    torch.manual_seed(0)
    model: Any = Net()
    if way == "ddp":
        model = nn.parallel.DistributedDataParallel(model)
    elif way == "fsdp1":
        model = FullyShardedDataParallel(model, device_id=torch.device("cpu"))
    else:
        model = fully_shard(model, mesh=init_device_mesh("cpu", (dist.get_world_size(),)))
    return model, torch.optim.Adam(model.parameters(), lr=0.01)


def step(model: Any, optimizer: Any, number: int) -> float:
    rows = torch.randn(8, 4, generator=torch.Generator().manual_seed(number)) + dist.get_rank()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(rows), torch.arange(8) % 2)
    loss.backward()
    optimizer.step()
    return loss.item()


# compare


def count(name: str) -> None:
    own = getattr(distributed_c10d, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[name] = calls.get(name, 0) + 1
        return own(*args, **kwargs)

    for module in (distributed_c10d, dist):
        setattr(module, name, counted)


def observe(way: str, folder: str) -> dict[str, Any]:
    """Train, and return what must not differ: losses, collectives, weights of this rank, random states."""
    calls.clear()
    group = next(iter(distributed_c10d._world.pg_names))
    before = group._get_sequence_number_for_group()
    model, optimizer = begin(way)
    losses = [step(model, optimizer, number) for number in range(STEPS)]
    if way == "ddp":
        torch.save({"model": model.state_dict()}, FOLDER / f"{folder}-rank{dist.get_rank()}.pt")
    else:
        dcp.save({"app": State(model, optimizer)}, checkpoint_id=FOLDER / folder)
    parts = [getattr(weight, "_local_tensor", weight).detach().flatten().tolist() for weight in model.parameters()]
    random = [torch.get_rng_state().sum().item(), torch.rand(1).item()]
    sequence = group._get_sequence_number_for_group() - before
    return {"losses": losses, "calls": dict(calls), "sequence": sequence, "weights": parts, "random": random}


def compare() -> None:
    for name in COLLECTIVES:
        count(name)
    seen = {}
    for way in ("ddp", "fsdp1", "fsdp2"):
        plain = observe(way, f"plain-{way}")
        fitprint.autolog(strict=True, quiet=True)
        recorded = observe(way, f"recorded-{way}")
        fitprint.disable()
        seen[way] = {name: [plain[name], recorded[name]] for name in plain}
    (FOLDER / f"rank{dist.get_rank()}.json").write_text(json.dumps(seen))


# restart


def latest(steps: int) -> Path | None:
    complete = [FOLDER / f"step{number}" for number in range(steps)]
    return next((path for path in reversed(complete) if (path / ".metadata").exists()), None)


def restart() -> None:
    """Train, and save after each `SAVED_EVERY` steps; the first time, rank 1 kills itself in between."""
    fitprint.autolog(quiet=True)
    model, optimizer = begin(WAY)
    last, first = latest(STEPS), 0
    if last is not None:
        dcp.load({"app": State(model, optimizer)}, checkpoint_id=last)
        first = int(last.name.removeprefix("step")) + 1
    for number in range(first, STEPS):
        step(model, optimizer, number)
        if number % SAVED_EVERY == SAVED_EVERY - 1:
            dcp.save({"app": State(model, optimizer)}, checkpoint_id=FOLDER / f"step{number}")
            dist.barrier()
        if last is None and number == KILLED_AT - 1 and dist.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def wait() -> None:
    fitprint.autolog(quiet=True)
    model, optimizer = begin(WAY)
    for number in range(100_000):
        step(model, optimizer, number)
        (FOLDER / f"training-{dist.get_rank()}").touch()
        time.sleep(0.05)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # PyTorch deprecates parts of its own first form of FSDP
    dist.init_process_group("gloo")
    {"compare": compare, "restart": restart, "wait": wait}[MODE]()
    dist.destroy_process_group()
