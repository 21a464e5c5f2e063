"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow", reason="needs tensorflow: run `make test-deep`")


def test_the_example(run_example):
    assert run_example() == ["SGD: 50 steps, loss fell: True", "the package predicts the same: True"]
