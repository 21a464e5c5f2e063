"""The toy's loops and conversions, recorded."""

from __future__ import annotations

import pytest


@pytest.fixture
def looping(toy, store):
    """`toylearn.looping`."""
    return toy.recorded("looping")


@pytest.fixture
def net(looping):
    return looping.Net()


@pytest.fixture
def converting(toy, store):
    """`toylearn.converting`."""
    return toy.recorded("converting")


@pytest.fixture
def toylearn(toy):
    return toy.imported()
