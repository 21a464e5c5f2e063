"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("statsmodels", reason="needs statsmodels: run `make test-all`")


def test_the_example(run_example):
    _, best, *_, last, _ = run_example()
    assert best.split()[:2] == ["AutoReg", "ct"]
    assert last.startswith("2024-05-06")
