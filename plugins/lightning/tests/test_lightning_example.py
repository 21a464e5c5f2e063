"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn: run `make test-deep`")


def test_the_example(run_example):
    told = run_example()
    best, accuracy = told[-2:]
    assert re.fullmatch(r"best epoch \d+, package of the (best|last) one", best)
    assert float(accuracy.split()[-1]) > 0.9
