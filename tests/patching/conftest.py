"""What is patched in these tests: functions and methods of the toy, and trees of classes."""

from __future__ import annotations

import sys

import pytest

from fitprint._instrumentation.class_trees import ClassTree, Creation
from fitprint._instrumentation.targets import patch_attribute


class Tree:
    """Watches a base class; `calls` are the classes whose own `fit` was called, outermost first."""

    def __init__(self, *names):
        self.calls = []
        self.names = names or ("fit",)
        self.creation = Creation()
        self.trees = []

    def begin(self, function, instance, args, kwargs):
        self.calls.append(function.__qualname__.rpartition(".")[0].rpartition(".")[2])

    def watch(self, base, is_ours=lambda cls: True):
        tree = ClassTree(base, self.names, self.begin, is_ours)
        self.creation.watch(tree)
        self.trees.append(tree)
        return tree

    def restore(self):
        return [name for tree in self.trees for name in self.creation.forget(tree)]


@pytest.fixture
def tree():
    found = Tree()
    yield found
    if found.creation.trees:
        found.restore()


class Passthrough:
    """Surrounds a call and changes nothing."""

    def __init__(self, args, kwargs):
        self.args, self.kwargs, self.returned = args, kwargs, None

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass

    def result(self):
        return self.returned


@pytest.fixture
def passing():
    return Passthrough


@pytest.fixture
def begun():
    return []


@pytest.fixture
def begin(begun):
    def begin(function, instance, args, kwargs):
        begun.append((instance, args, kwargs))
        return Passthrough(args, kwargs)

    return begin


@pytest.fixture
def base(toy):
    toy.imported()
    return sys.modules["toylearn.base"]


@pytest.fixture
def patched(base, begin):
    """`Base.fit`, patched."""
    original = vars(base.Base)["fit"]
    place = patch_attribute(base.Base, "fit", begin)
    yield original
    place.restore()


@pytest.fixture
def train(toy, begin):
    """`toylearn.training.train`, patched."""
    toy.imported()
    module = sys.modules["toylearn.training"]
    place = patch_attribute(module, "train", begin)
    yield module.train
    place.restore()
