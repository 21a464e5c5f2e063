"""The toy's loops and conversions, recorded."""

from __future__ import annotations

import importlib

import pytest

import fitprint


@pytest.fixture
def looping(toy, store):
    """`toylearn.looping`."""
    toy.imported()
    found = importlib.import_module("toylearn.looping")
    fitprint.autolog("toy", quiet=True)
    return found


@pytest.fixture
def net(looping):
    return looping.Net()


@pytest.fixture
def converting(toy, store):
    """`toylearn.converting`."""
    toy.imported()
    found = importlib.import_module("toylearn.converting")
    fitprint.autolog("toy", quiet=True)
    return found


@pytest.fixture
def toylearn(toy):
    return toy.imported()
