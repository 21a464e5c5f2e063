"""Epochs, validation, and what the user's program says by itself: `SummaryWriter`, clipping, schedulers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import fitprint


def finished():
    """The only run, after every loop has ended."""
    fitprint.disable()
    (run,) = fitprint.runs()
    assert run.status == "FINISHED"
    return run


def values(run, name):
    return [value for _, value in run.metric_history(name)]


def step(model, optimizer, rows, target):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(rows), target)
    loss.backward()
    optimizer.step()
    return loss.item()


@pytest.fixture
def loaders(batch):
    data = TensorDataset(*batch)
    return [DataLoader(data, batch_size=size) for size in (4, 5, 6)]


def validate(model, loader):
    """The mean loss over a loader."""
    model.eval()
    with torch.no_grad():
        losses = [(F.cross_entropy(model(rows), target).item(), len(rows)) for rows, target in loader]
    model.train()
    return sum(loss * count for loss, count in losses) / sum(count for _, count in losses)


def test_epochs_and_validation(recorded, net, loaders):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    means, validated = [], []
    for _ in range(3):
        losses = [step(model, optimizer, *batch) for batch in loaders[0]]
        means.append(sum(losses) / len(losses))
        validated.append(validate(model, loaders[1]))
    run = finished()
    assert values(run, "loss") == pytest.approx(means)
    assert values(run, "val_loss") == pytest.approx(validated)
    assert [number for number, _ in run.metric_history("val_loss")] == [0, 1, 2]
    assert run.params["batch_size"] == 4


def test_only_the_first_loader_that_is_validated_on_counts(recorded, net, loaders):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    validated = []
    for _ in range(2):
        for batch in loaders[0]:
            step(model, optimizer, *batch)
        validate(model, loaders[0])  # of the training data: no validation
        validated.append(validate(model, loaders[1]))
        validate(model, loaders[2])
    assert values(finished(), "val_loss") == pytest.approx(validated)


def test_a_validation_inside_an_epoch_has_the_step_of_the_optimizer(recorded, net, loaders):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    validated = []
    for number, batch in enumerate(loaders[0]):
        step(model, optimizer, *batch)
        if number == 1:
            validated.append(validate(model, loaders[1]))
    run = finished()
    assert run.metric_history("val_loss_step") == [(1, pytest.approx(validated[0]))]
    assert len(values(run, "loss")) == 1
    assert "val_loss" not in run.metrics


def test_without_a_loader_there_are_no_epochs(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rows, target = batch[0][6:], batch[1][6:]
    for _ in range(3):
        step(model, optimizer, batch[0], batch[1])
        with torch.no_grad():
            F.cross_entropy(model(batch[0]), batch[1])  # of the training data again
    expected = validate(model, [(rows, target)])
    run = finished()
    assert "loss" not in run.metrics
    assert values(run, "val_loss_step") == pytest.approx([expected])


def test_another_function_is_no_validation(recorded, net, loaders):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for batch in loaders[0]:
        step(model, optimizer, *batch)
    model.eval()
    with torch.no_grad():
        F.mse_loss(torch.ones(2), torch.zeros(2))
    assert [name for name in finished().metrics if name.startswith("val")] == []


def test_a_loss_of_several_parts_is_recorded_and_nothing_is_guessed_of_its_validation(recorded, net, loaders):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    told = []
    for rows, target in loaders[0]:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(rows), target) + 0.1 * model.out.weight.abs().sum()
        loss.backward()
        optimizer.step()
        told.append(loss.item())
    validate(model, loaders[1])
    run = finished()
    assert values(run, "loss_step") == told
    assert "val_loss" not in run.metrics


@pytest.mark.process
@pytest.mark.slow
def test_workers_that_persist_do_not_hide_the_epochs(recorded, net, batch):
    loader = DataLoader(TensorDataset(*batch), batch_size=4, num_workers=1, persistent_workers=True)
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        for rows, target in loader:
            step(model, optimizer, rows, target)
    run = finished()
    assert [number for number, _ in run.metric_history("loss")] == [0, 1]
    losses = values(run, "loss_step")
    assert values(run, "loss") == pytest.approx([sum(losses[:3]) / 3, sum(losses[3:]) / 3])


def test_what_a_summary_writer_is_given(recorded, net, batch, tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    writer = tensorboard.SummaryWriter(tmp_path / "logs")
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    writer.add_scalar("before", 1.0)  # of no loop
    for number in range(3):
        loss = step(model, optimizer, *batch)
        writer.add_scalar("train/loss", torch.tensor(loss), 10 * number)
        writer.add_scalar("accuracy", 0.5 + number / 10)
    writer.add_scalars("both", {"a": 1.0, "b": 2.0}, 7)
    writer.add_hparams({"width": 6}, {"final": 0.25}, run_name="here")
    writer.close()
    run = finished()
    assert run.metric_history("train/loss") == [
        (10 * n, pytest.approx(v)) for n, v in enumerate(values(run, "loss_step"))
    ]
    assert run.metric_history("accuracy") == [(0, 0.5), (1, 0.6), (2, 0.7)]
    assert (run.metrics["both/a"], run.metrics["both/b"]) == (1.0, 2.0)
    assert (run.params["width"], run.metrics["final"]) == (6, 0.25)
    assert "before" not in run.metrics


def test_clipping_and_schedulers(recorded, net, batch):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(batch[0]), batch[1]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        scheduler.step()
    run = finished()
    assert run.metric_history("lr") == [(0, 0.5), (1, pytest.approx(0.05))]
    assert (run.params["scheduler"], run.params["max_grad_norm"]) == ("StepLR", 2.0)
    assert (run.params["lr"], run.params["momentum"]) == (0.5, 0.9)


def test_losses_on_a_device_are_read_together_and_at_most_a_thousand_at_a_time(recorded, monkeypatch):
    from fitprint_pytorch import _values

    counts = []
    stack = torch.stack
    monkeypatch.setattr(torch, "stack", lambda tensors: counts.append(len(tensors)) or stack(tensors))
    monkeypatch.setattr(_values, "copied", lambda loss: loss.detach().clone())
    monkeypatch.setattr("fitprint_pytorch._losses.copied", lambda loss: loss.detach().clone())
    weight = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(weight.parameters(), lr=0.1)
    for _ in range(1200):
        weight(torch.ones(1)).sum().backward()
        optimizer.step()
    run = finished()
    assert len(values(run, "loss_step")) == 1200 == sum(counts)
    assert max(counts) <= 1000


def test_loaders_that_live_for_one_epoch(recorded, net, batch):
    """Nothing but the loop refers to the iterator, and nothing at all to the loader."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    means, validated = [], []
    for _ in range(2):
        losses = [step(model, optimizer, *rows) for rows in DataLoader(TensorDataset(*batch), batch_size=4)]
        means.append(sum(losses) / len(losses))
        validated.append(validate(model, DataLoader(TensorDataset(*batch), batch_size=5)))
    run = finished()
    assert values(run, "loss") == pytest.approx(means)
    assert values(run, "val_loss") == pytest.approx(validated)


def test_a_validation_that_sums_over_its_rows(recorded, net, loaders):
    """As in PyTorch's example for MNIST, which divides the sum of all batches by the number of rows."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for rows in loaders[0]:
        step(model, optimizer, *rows)
    model.eval()
    with torch.no_grad():
        total = sum(F.cross_entropy(model(rows), target, reduction="sum").item() for rows, target in loaders[1])
    assert values(finished(), "val_loss") == pytest.approx([total / 12])


def test_an_optimizer_without_a_learning_rate(recorded, net, batch):
    class Rateless(torch.optim.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, {})

        def step(self, closure=None):
            return None

    model = net()
    optimizer = Rateless(model.parameters())
    for _ in range(2):
        F.cross_entropy(model(batch[0]), batch[1]).backward()
        optimizer.step()
    run = finished()
    assert len(values(run, "loss_step")) == 2
    assert "lr" not in run.metrics
    assert run.skipped == []
