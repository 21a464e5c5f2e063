"""The tests of the flavor need its framework, which does not run in a process with TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

paddle = pytest.importorskip("paddle", reason="needs paddle: run `make test-deep`")


class Points(paddle.io.Dataset):
    """Rows of random numbers, and in which of two classes each is."""

    def __init__(self, rows: int = 20, shape: tuple[int, ...] = (3,)) -> None:
        super().__init__()
        self.x = np.random.default_rng(0).normal(size=(rows, *shape)).astype("float32")
        self.y = (self.x.reshape(rows, -1).sum(1, keepdims=True) > 0).astype("int64")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.x[index], self.y[index]

    def __len__(self) -> int:
        return len(self.x)


def network() -> Any:
    """Return a small classifier with everything that is different in training: dropout and running statistics."""
    return paddle.nn.Sequential(
        paddle.nn.Linear(3, 4), paddle.nn.BatchNorm1D(4), paddle.nn.Dropout(0.2), paddle.nn.Linear(4, 2)
    )


@pytest.fixture
def points() -> type[Points]:
    return Points


@pytest.fixture
def prepared() -> Callable[..., Any]:
    """Makes a `paddle.Model` that is ready to be trained, always with the same weights."""

    def prepare(layer: Any = None, rate: Any = 0.05, metric: Any = "accuracy", inputs: Any = None) -> Any:
        paddle.seed(3)
        np.random.seed(3)
        layer = layer() if isinstance(layer, type) else layer or network()
        model = paddle.Model(layer, inputs)
        metric = paddle.metric.Accuracy() if metric == "accuracy" else metric
        optimizer = paddle.optimizer.Momentum(rate, parameters=model.parameters())
        model.prepare(optimizer, paddle.nn.CrossEntropyLoss(), metric)
        return model

    return prepare
