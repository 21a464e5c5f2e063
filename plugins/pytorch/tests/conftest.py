"""What the tests of the flavor share: recording that raises its own errors, and a small classifier with its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

from torch import nn  # noqa: E402

import fitprint  # noqa: E402


@pytest.fixture
def recorded(store: Path) -> Iterator[Path]:
    fitprint.autolog("pytorch", strict=True, quiet=True)
    yield store
    fitprint.disable()


@pytest.fixture
def net() -> Callable[..., Any]:
    """Makes a small net with dropout, always with the same weights."""

    class Net(nn.Module):  # type: ignore[misc, unused-ignore]  # of no module, so that packages have it by value
        def __init__(self, outputs: int = 2) -> None:
            super().__init__()
            self.hidden = nn.Linear(4, 6)
            self.drop = nn.Dropout(0.2)
            self.out = nn.Linear(6, outputs)

        def forward(self, x: Any) -> Any:
            return self.out(self.drop(torch.relu(self.hidden(x))))

    def make(outputs: int = 2) -> Any:
        torch.manual_seed(0)
        return Net(outputs)

    return make


@pytest.fixture
def batch() -> tuple[Any, Any]:
    """Twelve rows of four columns, and their classes."""
    torch.manual_seed(1)
    rows = torch.randn(12, 4)
    return rows, (rows.sum(1) > 0).long()
