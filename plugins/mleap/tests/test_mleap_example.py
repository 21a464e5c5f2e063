"""The example of the plugin runs, and says what it should."""

from __future__ import annotations


def test_the_example(run_example):
    assert run_example()[-1] == "the bundle predicts the same: True"
