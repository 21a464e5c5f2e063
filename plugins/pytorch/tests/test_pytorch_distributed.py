"""Trainings in two processes: one run, by rank 0, and no process waits for another one because of it."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

import fitprint

pytestmark = [pytest.mark.slow, pytest.mark.process]

SCRIPT = """
import sys
import fitprint
fitprint.autolog(strict=True)
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

dist.init_process_group("gloo")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
if sys.argv[1] == "ddp":
    trained = nn.parallel.DistributedDataParallel(model)
else:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    trained = fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
optimizer = torch.optim.Adam(trained.parameters(), lr=0.01)
rows = torch.randn(8, 4) + dist.get_rank()
target = torch.arange(8) % 2
for _ in range(5):
    optimizer.zero_grad()
    F.cross_entropy(trained(rows), target).backward()
    optimizer.step()
torch.save({"model": model.state_dict()}, f"{sys.argv[2]}/rank{dist.get_rank()}.pt")
dist.barrier()
dist.destroy_process_group()
"""


@pytest.fixture
def torchrun(store, tmp_path):
    """Runs the script in two processes, and returns the runs that are left."""

    def run(way):
        script = tmp_path / "script.py"
        script.write_text(SCRIPT)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", f"--master_port={port}"]
        subprocess.run([*command, str(script), way, str(tmp_path)], check=True, timeout=240, capture_output=True)
        return fitprint.runs()

    return run


def test_weights_in_every_process_leave_one_run_with_its_package(torchrun):
    (run,) = torchrun("ddp")
    assert (run.status, run.name) == ("FINISHED", "Sequential")
    assert (run.tags["rank"], run.tags["world_size"]) == ("0", "2")
    assert len(run.metric_history("loss_step")) == 5
    assert fitprint.pytorch.load_model(run.model_path)[0].weight.shape == (8, 4)
    assert run.skipped == []


def test_weights_that_are_distributed_leave_one_run_that_names_the_checkpoint(torchrun):
    (run,) = torchrun("fsdp")
    assert run.status == "FINISHED"
    assert run.models == {}
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "is_local")]
    assert [checkpoint.path.rpartition("/")[2] for checkpoint in run.checkpoints] == ["rank0.pt"]
    assert len(run.metric_history("loss_step")) == 5
