"""ONNX on the conformance kit."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

from sklearn.linear_model import LogisticRegression  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

NUMBERS = itertools.count()
ROWS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def by_hand() -> dict[str, Any]:
    """A model each time another one: the same is recorded once."""
    value = onnx.helper.make_tensor_value_info
    factor = onnx.numpy_helper.from_array(np.arange(3, dtype=np.float32), "factor")
    made = onnx.helper.make_graph(
        [onnx.helper.make_node("Mul", ["x", "factor"], ["y"])],
        "linear",
        [value("x", 1, ["rows", 3])],
        [value("y", 1, ["rows", 3])],
        [factor],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(made, producer_name="by hand", ir_version=8, opset_imports=opset)
    model.doc_string = f"number {next(NUMBERS)}"
    return {"model": model, "rows": ROWS}


def save(given: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(given["model"], Path(folder) / "model.onnx")
    return given["model"]


def fitted() -> dict[str, Any]:
    return {"model": LogisticRegression().fit(ROWS, ROWS[:, 0] > 0), "rows": ROWS, "name": f"number {next(NUMBERS)}"}


def convert(given: dict[str, Any]) -> Any:
    return skl2onnx.to_onnx(given["model"], given["rows"][:1], name=given["name"], options={"zipmap": False})


def predicted(model: Any, rows: Any) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [spec.name for spec in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: rows}), strict=True))


def same(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    return expected.keys() == found.keys() and all(np.allclose(expected[name], found[name]) for name in expected)


class TestOnnx(FlavorConformance):
    flavor = "onnx"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.1)
    without = {  # noqa: RUF012
        "test_models_clone": "a graph is no estimator",
        "test_metrics_are_the_frameworks_own_history": "nothing is trained",
        "test_early_stopping_is_told": "nothing is trained",
        "test_training_inside_training_is_one_run": "onnxmltools over skl2onnx is tested in test_onnx_conversions.py",
        "test_a_failed_training_is_a_failed_run": "a conversion that fails leaves nothing: test_onnx_conversions.py",
        "test_the_exception_is_as_without_recording": "tested in test_onnx_conversions.py",
    }
    cases = (
        Case(
            "saved",
            data=by_hand,
            train=save,
            rows=lambda given: given["rows"],
            predict=predicted,
            same_prediction=same,
            params=lambda model: {"producer": "by hand", "nodes": 1},
        ),
        Case(
            "converted",
            data=fitted,
            train=convert,
            rows=lambda given: given["rows"],
            predict=predicted,
            same_prediction=same,
            params=lambda model: {"producer": f"skl2onnx {skl2onnx.__version__}"},
        ),
    )
