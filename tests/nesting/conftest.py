"""The toy, recorded."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._instrumentation import registry


@pytest.fixture
def toylearn(toy, store):
    module = toy.imported()
    fitprint.autolog("toy", quiet=True)
    return module


@pytest.fixture
def flavor(toylearn):
    """The class of the toy's flavor."""
    return type(registry.entries()["toy"].flavor())
