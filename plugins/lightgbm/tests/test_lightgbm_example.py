"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("lightgbm", reason="needs lightgbm: run `make test-all`")


def test_the_example(run_example):
    assert run_example()[-1] == "the package predicts the same: True"
