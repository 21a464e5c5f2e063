"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch: run `make test-deep`")


def test_the_example(run_example):
    assert run_example() == [
        "25 steps, 5 epochs",
        "validation loss as the loop computed it: True",
        "learning rates: [0.05, 0.04, 0.032, 0.0256, 0.0205]",
        "[1]",
    ]
