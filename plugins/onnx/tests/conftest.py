"""What the tests of the flavor share: a model to convert."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")

from sklearn.datasets import load_iris  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402


class Trained(NamedTuple):
    """A classifier and the rows it was trained on, in the type that graphs are declared with."""

    model: Any
    rows: Any


@pytest.fixture
def classifier(recorded: Path) -> Trained:
    """Trained while everything is recorded."""
    X, y = load_iris(return_X_y=True)
    rows = X.astype(np.float32)
    return Trained(LogisticRegression(max_iter=500).fit(rows, y), rows)


def graph(name: str = "linear", **changed: Any) -> Any:
    """A model of one's own: y = x * factor, of two inputs where there is another one."""
    one = onnx.TensorProto.FLOAT
    value = onnx.helper.make_tensor_value_info
    shape = ["rows", 2]
    factor = onnx.numpy_helper.from_array(np.full((2,), changed.get("factor", 2.0), np.float32), "factor")
    made = onnx.helper.make_graph(
        [onnx.helper.make_node("Mul", ["x", "factor"], ["y"])],
        name,
        [value("x", one, shape)],
        [value("y", one, shape)],
        [factor],
    )
    return onnx.helper.make_model(
        made, producer_name="by hand", ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )


@pytest.fixture
def by_hand() -> Any:
    return graph
