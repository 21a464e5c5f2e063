"""Checkpoints that users write: by `torch.save`, and by `torch.distributed.checkpoint`, here in one process."""

from __future__ import annotations

from concurrent.futures import wait

import pytest
import torch
import torch.distributed.checkpoint as dcp
import torch.nn.functional as F  # noqa: N812  its usual name
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict

import fitprint
from fitprint.plugin import PackageError

pytestmark = [
    pytest.mark.filterwarnings("ignore:torch.distributed is disabled, unavailable or uninitialized"),
    pytest.mark.filterwarnings("ignore:TypedStorage is deprecated"),
]


def steps(model, optimizer, rows, target, count=3):
    for _ in range(count):
        optimizer.zero_grad()
        F.cross_entropy(model(rows), target).backward()
        optimizer.step()


class State:
    """The user's own object, as in PyTorch's tutorial: `torch.distributed.checkpoint` asks it for its state."""

    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer

    def state_dict(self):
        model, optimizer = get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer}

    def load_state_dict(self, state):
        set_state_dict(self.model, self.optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])


def finished():
    fitprint.disable()
    return fitprint.runs()


@pytest.mark.parametrize("form", ["tensors", "modules", "own"])
def test_a_folder_of_shards_is_a_checkpoint(recorded, net, batch, tmp_path, form):
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    kept = []
    for epoch in range(2):
        steps(model, optimizer, *batch)
        saved = {
            "tensors": {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()},
            "modules": {"model": model, "optimizer": optimizer},
            "own": {"app": State(model, optimizer)},
        }[form]
        dcp.save(saved, checkpoint_id=tmp_path / f"epoch{epoch}")
        kept.append(model.out.weight.detach().clone())
    (run,) = finished()
    noted = [(checkpoint.path, checkpoint.step) for checkpoint in run.checkpoints]
    assert noted == [(str(tmp_path / "epoch0"), 2), (str(tmp_path / "epoch1"), 5)]
    assert all(checkpoint.sha256 for checkpoint in run.checkpoints)
    assert len(run.metric_history("loss_step")) == 6
    fitprint.package_checkpoint(run, 1, tmp_path / "first", trust=True)
    assert torch.equal(fitprint.pytorch.load_model(tmp_path / "first").out.weight, kept[0])


def test_a_writer_tells_its_folder(recorded, net, batch, tmp_path):
    model = net()
    steps(model, torch.optim.SGD(model.parameters(), lr=0.1), *batch)
    dcp.save({"model": model.state_dict()}, storage_writer=dcp.FileSystemWriter(tmp_path / "written"))
    (run,) = finished()
    assert [checkpoint.path for checkpoint in run.checkpoints] == [str(tmp_path / "written")]


def test_what_another_thread_saves_later_is_of_the_step_at_which_it_was_asked_for(recorded, net, batch, tmp_path):
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        steps(model, optimizer, *batch)
        saving = dcp.async_save({"model": model.state_dict()}, checkpoint_id=tmp_path / "later")
        steps(model, optimizer, *batch)
        wait([saving])
        assert saving.exception() is None
        steps(model, optimizer, *batch)
        (run,) = finished()
    finally:
        torch.distributed.destroy_process_group()
    assert [(checkpoint.path, checkpoint.step) for checkpoint in run.checkpoints] == [(str(tmp_path / "later"), 2)]
    assert len(run.metric_history("loss_step")) == 9


def test_a_training_goes_on_from_a_folder_of_shards(recorded, net, batch, tmp_path):
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    steps(model, optimizer, *batch)
    dcp.save({"app": State(model, optimizer)}, checkpoint_id=tmp_path / "last")
    first = fitprint.run_of(model).run_id
    resumed = net()
    optimizer = torch.optim.Adam(resumed.parameters())
    dcp.load({"app": State(resumed, optimizer)}, checkpoint_id=tmp_path / "last")
    steps(resumed, optimizer, *batch)
    later, _ = finished()
    assert [step for step, _ in later.metric_history("loss_step")] == [3, 4, 5]
    assert later.tags["resumed_from"] == first
    assert len(later.metric_history("loss_step")) == 3


def test_a_model_is_saved_after_its_optimizer_is_gone(recorded, net, batch, tmp_path):
    def train(model):
        steps(model, torch.optim.Adam(model.parameters()), *batch)

    model = net()
    train(model)
    torch.save(model.state_dict(), tmp_path / "last.pt")
    (run,) = finished()
    assert [(checkpoint.path, checkpoint.step) for checkpoint in run.checkpoints] == [(str(tmp_path / "last.pt"), 2)]


def test_a_folder_without_a_checkpoint_is_said_to_be_none(recorded, net, batch, tmp_path):
    model = net()
    steps(model, torch.optim.SGD(model.parameters(), lr=0.1), *batch)
    dcp.save({"model": model.state_dict()}, checkpoint_id=tmp_path / "cut")
    (tmp_path / "cut" / ".metadata").unlink()
    (run,) = finished()
    with pytest.raises(PackageError, match="cut cannot be loaded"):
        fitprint.package_checkpoint(run, 1, tmp_path / "package", trust=True)
