"""PyTorch on the conformance kit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402


def net() -> Any:
    """Return a small net with dropout, whose predictions depend on its mode. Its classes are all PyTorch's own."""
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.2), nn.Linear(6, 1))


def data() -> dict[str, Any]:
    torch.manual_seed(0)
    rows = torch.randn(24, 4)
    return {"rows": rows, "target": rows.sum(1, keepdim=True), "model": net(), "losses": [], "means": [], "valid": []}


def train(given: dict[str, Any]) -> dict[str, Any]:
    """Three epochs of three batches, each followed by a validation."""
    torch.manual_seed(1)
    model, loss_of = given["model"], nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    training = DataLoader(TensorDataset(given["rows"][:18], given["target"][:18]), batch_size=6, shuffle=True)
    validation = DataLoader(TensorDataset(given["rows"][18:], given["target"][18:]), batch_size=4)
    for _ in range(3):
        model.train()
        losses = [step(model, optimizer, loss_of, *batch) for batch in training]
        given["losses"] += losses
        given["means"].append(sum(losses) / len(losses))
        model.eval()
        with torch.no_grad():
            sums = [loss_of(model(inputs), target).item() * len(inputs) for inputs, target in validation]
        given["valid"].append(sum(sums) / 6)
    return given


def step(model: Any, optimizer: Any, loss_of: Any, inputs: Any, target: Any) -> float:
    optimizer.zero_grad()
    loss = loss_of(model(inputs), target)
    loss.backward()
    optimizer.step()
    return float(loss.item())


def save(trained: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        torch.save(trained["model"].state_dict(), f"{folder}/weights.pt")


def predict(model: Any, rows: Any) -> Any:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        predicted = model(torch.as_tensor(rows)).numpy()
    model.train(was_training)
    return predicted


def fails(given: dict[str, Any]) -> None:
    """The optimizer refuses its last step: it was made for a closure."""
    optimizer = torch.optim.LBFGS(given["model"].parameters())
    optimizer.step()


def nested(given: dict[str, Any]) -> None:
    """A step whose closure trains another model."""
    optimizer = torch.optim.SGD(given["model"].parameters(), lr=0.1)

    def closure() -> Any:
        train(data())
        loss = given["model"](given["rows"]).mean()
        loss.backward()
        return loss

    optimizer.step(closure)


COMMON: dict[str, Any] = {
    "data": data,
    "loop": True,
    "train": train,
    "model": lambda trained: trained["model"],
    "rows": lambda given: np.asarray(given["rows"]),
    "predict": predict,
    "params": lambda trained: {"optimizer_name": "Adam", "lr": 0.01, "loss": "mse_loss", "weights": 37},
    "history": lambda trained: {
        "loss_step": trained["losses"],
        "loss": trained["means"],
        "val_loss": trained["valid"],
    },
}


class TestPyTorch(FlavorConformance):
    flavor = "pytorch"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.5)
    without = {  # noqa: RUF012
        "test_early_stopping_is_told": "a loop ends when its author ends it",
        "test_models_clone": "PyTorch copies no module untrained",
    }
    cases = (
        Case("saved", ends=save, nested=nested, fails=fails, **COMMON),
        Case("unsaved", **COMMON),
    )
