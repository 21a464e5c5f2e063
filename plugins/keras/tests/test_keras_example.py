"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("keras", reason="needs keras: run `make test-deep`")


def test_the_example(run_example):
    first, *others = run_example()
    assert first == "Adam with 0.05, loss fell: True"
    assert all(line.endswith(": True") for line in others)
    assert len(others) == 3
