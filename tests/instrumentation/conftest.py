"""What is patched in these tests: functions and methods of the toy, and trees of classes."""

from __future__ import annotations

import sys

import pytest

import fitprint
from fitprint._instrumentation.class_trees import ClassTree, Creation
from fitprint._instrumentation.targets import package_of, patch_attribute
from fitprint._instrumentation.wrapper import Patched


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
        self.creation.watch_mixins({package_of(base)})
        self.trees.append(tree)
        return tree

    def restore(self):
        return [name for tree in self.trees for name in self.creation.forget(tree)]


@pytest.fixture
def tree():
    watched = Tree()
    yield watched
    if watched.creation.trees:
        watched.restore()


class Passthrough:
    """Surrounds a call and changes nothing."""

    def __init__(self, args, kwargs):
        self.args, self.kwargs, self.returned = args, kwargs, None

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass


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
def is_patched():
    """Returns whether a class has a `fit` of its own that is fitprint's wrapper."""
    return lambda cls: type(vars(cls).get("fit")) is Patched


@pytest.fixture
def make_family():
    """Makes three classes, each below the one before: the first and the last have a `fit` of their own."""

    def make():
        class Base:
            def fit(self):
                return "base"

        class Inherits(Base):
            pass

        class Owns(Inherits):
            def fit(self):
                return ("owns", super().fit())

        return Base, Inherits, Owns

    return make


@pytest.fixture
def row():
    """Returns the row of a flavor, by default the toy's, in `fitprint.status()`."""
    return lambda name="toy": next(row for row in fitprint.status() if row.name == name)


@pytest.fixture
def attributes():
    """Returns every attribute that the toy's flavor may touch."""

    def collect():
        base, training = sys.modules["toylearn.base"], sys.modules["toylearn.training"]
        classes = [cls for cls in vars(base).values() if isinstance(cls, type)]
        top = sys.modules["toylearn"]
        values = {
            (cls.__name__, name): value for cls in classes for name, value in vars(cls).items() if name[:2] != "__"
        }
        values |= {(cls.__name__, "hook"): vars(cls).get("__init_subclass__") for cls in classes}
        return values | {("training", "train"): training.train, ("toylearn", "train"): top.train}

    return collect


@pytest.fixture
def same():
    """Returns whether two such collections hold the same objects under the same names."""
    return lambda before, after: before.keys() == after.keys() and all(before[name] is after[name] for name in before)


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
