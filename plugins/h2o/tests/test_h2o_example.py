"""The example of the plugin runs, and says what it should."""

from __future__ import annotations


def test_the_example(run_example):
    lines = [line for line in run_example() if not line.startswith("Closing connection")]  # which H2O says at the end
    assert lines[-1] == "the package predicts the same: True"
