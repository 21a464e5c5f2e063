"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="needs onnx: run `make test-all`")


def test_the_example(run_example):
    lines = run_example()
    assert lines[0] == "packages: model, onnx"
    assert lines[-1] == "both packages predict the same for 100% of the rows"
