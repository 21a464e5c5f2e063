"""The toy's models that predict arrays, recorded."""

from __future__ import annotations

import pytest

import fitprint


@pytest.fixture
def scoring(toy, store):
    """`toylearn.scoring`."""
    return toy.recorded("scoring")


@pytest.fixture
def line(scoring):
    """A model whose predictions are half of its rows."""
    return scoring.Line().fit([1, 2], [0.5, 0.5])


@pytest.fixture
def unknown(scoring):
    """A model whose training was not recorded."""
    with fitprint.suppress():
        return scoring.Line().fit([1, 2], [0.5, 0.5])
