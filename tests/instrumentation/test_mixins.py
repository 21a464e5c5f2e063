"""Methods that a class inherits from beside the patched tree: from a mixin, or from a parent of the base."""

from __future__ import annotations

import collections
import sys

import pytest

import fitprint
from fitprint._instrumentation.class_trees import ClassTree
from fitprint._instrumentation.wrapper import Patched, ours


class Fits:
    """A mixin beside every tree of these tests."""

    def fit(self):
        return "mixin"

    @classmethod
    def make(cls):
        return cls


@pytest.fixture(autouse=True)
def restored():
    """Whatever a test does, the mixin is as before after it."""
    before = dict(vars(Fits))
    yield
    assert dict(vars(Fits)) == before
    assert list(vars(Fits)) == list(before)


def make_tree():
    class Base:
        def fit(self):
            raise NotImplementedError

    class Model(Fits, Base):
        pass

    return Base, Model


def status_of(name):
    return next(row for row in fitprint.status() if row.name == name)


def test_a_mixin_before_the_base_is_patched_for_the_tree_alone(tree):
    base, model = make_tree()
    tree.watch(base)
    assert type(vars(Fits)["fit"]) is Patched
    assert model().fit() == "mixin"
    assert len(tree.calls) == 1
    assert Fits().fit() == Fits.fit(Fits()) == "mixin"
    assert len(tree.calls) == 1, "an object that is not of the tree"
    assert Fits.fit(model()) == "mixin"
    assert len(tree.calls) == 2


def test_a_class_that_is_made_later(tree):
    class Empty:
        def fit(self):
            raise NotImplementedError

    tree.watch(Empty)
    assert ours(vars(Fits)["fit"]) is None

    class Later(Fits, Empty):
        pass

    assert Later().fit() == "mixin"
    assert len(tree.calls) == 1


def test_the_parent_of_a_base(tree):
    """As in Keras, where `Model.fit` is that of a parent."""

    class Model(Fits):
        pass

    class Sequential(Model):
        pass

    class Other(Fits):
        pass

    tree.watch(Model)
    assert [cls().fit() for cls in (Model, Sequential, Other)] == ["mixin"] * 3
    assert len(tree.calls) == 2


def test_an_own_method_that_calls_that_of_the_mixin(tree):
    base, model = make_tree()

    class Own(model):
        def fit(self):
            return "own " + super().fit()

    tree.watch(base)
    assert Own().fit() == "own mixin"
    assert tree.calls == ["Own", "Fits"]


def test_a_mixin_of_two_trees_is_restored_with_the_last(tree):
    (base, model), (other, cousin) = make_tree(), make_tree()
    first, second = tree.watch(base), tree.watch(other)
    assert (model().fit(), cousin().fit(), len(tree.calls)) == ("mixin", "mixin", 2)
    tree.creation.forget(first)
    tree.trees.remove(first)
    assert (model().fit(), cousin().fit(), len(tree.calls)) == ("mixin", "mixin", 3)
    tree.creation.forget(second)
    tree.trees.remove(second)
    assert ours(vars(Fits)["fit"]) is None


def test_a_mixin_that_is_the_base_of_another_tree(tree):
    base, model = make_tree()
    tree.watch(base)
    tree.watch(Fits)
    assert (model().fit(), Fits().fit(), len(tree.calls)) == ("mixin", "mixin", 2)


def test_class_methods(tree):
    tree.names = ("make",)
    base, model = make_tree()
    tree.watch(base)
    assert (model.make(), Fits.make()) == (model, Fits)
    assert len(tree.calls) == 1


def test_a_class_of_another_flavor_is_left_alone(tree):
    base, model = make_tree()

    class Theirs(Fits, base):
        pass

    tree.watch(base, is_ours=lambda cls: cls is not Theirs)
    assert (model().fit(), Theirs().fit()) == ("mixin", "mixin")
    assert len(tree.calls) == 1


def test_restoring_a_tree_leaves_what_another_flavor_patched_in_it(tree):
    base, _ = make_tree()

    class Theirs(base):
        def fit(self):
            return "theirs"

    theirs = tree.watch(Theirs)
    mine = tree.watch(base, is_ours=lambda cls: cls is not Theirs)
    tree.creation.forget(mine)
    tree.trees.remove(mine)
    assert ours(vars(Theirs)["fit"]) is not None
    assert Theirs().fit() == "theirs"
    assert tree.calls == ["Theirs"]
    tree.creation.forget(theirs)
    tree.trees.remove(theirs)
    assert ours(vars(Theirs)["fit"]) is None


def test_a_mixin_of_another_package_is_left_and_said(tree):
    base, _ = make_tree()
    fits = type("UsersMixin", (), {"fit": lambda self: "user's", "__module__": "somewhere.else_"})

    class Mine(fits, base):
        pass

    class Yours(fits, base):
        pass

    watched = tree.watch(base)
    assert Mine().fit() == "user's"
    assert tree.calls == []
    assert watched.out_of_reach() == [
        "Yours and 1 more inherit fit from somewhere.else_.UsersMixin, which is not below Base and not part of tests"
    ]


def test_a_mixin_of_the_package_of_the_base_s_own_base(tree):
    """As in XGBoost, whose estimators inherit `score` from scikit-learn."""

    class Mixin:
        def fit(self):
            return "mixin"

    class Framework:
        pass

    class Base(Framework):
        def fit(self):
            raise NotImplementedError

    class Model(Mixin, Base):
        pass

    Mixin.__module__ = Framework.__module__ = "framework.base"
    Base.__module__ = Model.__module__ = "library.models"
    tree.watch(Base)
    assert Model().fit() == "mixin"
    assert len(tree.calls) == 1


def test_a_class_written_in_c_is_left_and_said(tree):
    class Counted(collections.OrderedDict):
        pass

    watched = ClassTree(Counted, ("popitem",), tree.begin, lambda cls: True, ("collections", "tests"))
    tree.creation.watch(watched)
    tree.trees.append(watched)
    assert watched.out_of_reach() == ["OrderedDict.popitem cannot be replaced, as in a class that is written in C"]
    Counted(a=1).popitem()
    assert tree.calls == []


MIXIN = """

class Learns:
    def fit(self, rows, labels=None):
        self.mean_ = 7.0
        return self


class FromAMixin(Learns, Base):
    pass
"""
USERS = """
from toylearn import Base

class TheirMixin:
    def fit(self, rows, labels=None):
        return self

class Mine(TheirMixin, Base):
    pass
"""


@pytest.mark.usefixtures("store")
def test_a_flavor_records_it_and_says_what_it_does_not_reach(toy, tmp_path):
    base = toy.site / "toylearn" / "base.py"
    base.write_text(base.read_text() + MIXIN)
    (toy.site / "users_own.py").write_text(USERS)
    toy.imported()
    module = sys.modules["toylearn.base"]
    before = dict(vars(module.Learns))
    fitprint.autolog("toy", strict=True)
    assert status_of("toy").reason == ""
    module.FromAMixin().fit([1], [2])
    module.Learns().fit([1], [2])
    assert [(run.name, run.metrics["mean"]) for run in fitprint.runs()] == [("FromAMixin", 7.0)]
    import users_own

    users_own.Mine().fit([1], [2])
    assert len(fitprint.runs()) == 1
    assert status_of("toy").reason == (
        "Mine inherits fit from users_own.TheirMixin, which is not below Base and not part of toylearn"
    )
    fitprint.disable()
    assert dict(vars(module.Learns)) == before
    del sys.modules["users_own"]


NAMED = """

from fitprint.plugin import Patch

class ToyFlavor(ToyFlavor):
    def patches(self):
        return [Patch("toylearn.base", "Base.fit", subclasses=True), Patch("toylearn.base", "Learns.fit")]
"""


@pytest.mark.usefixtures("store")
def test_a_mixin_that_a_flavor_names_itself_is_recorded_on_every_object(toy):
    for file, text in (("toylearn/base.py", MIXIN), ("fitprint_toy.py", NAMED)):
        path = toy.site / file
        path.write_text(path.read_text() + text)
    toy.imported()
    module = sys.modules["toylearn.base"]
    fitprint.autolog("toy")
    for cls in (module.FromAMixin, module.Learns):
        cls().fit([1], [2])
    assert [run.tags["class"].rpartition(".")[2] for run in fitprint.runs()] == ["Learns", "FromAMixin"]
    fitprint.disable()
    assert ours(vars(module.Learns)["fit"]) is None


TWO_PACKAGES = """

class ToyFlavor(ToyFlavor):
    def tops(self):
        return {"toylearn", "toyside"}
"""


@pytest.mark.usefixtures("store")
def test_a_mixin_of_another_package_of_the_framework(toy):
    plugin = toy.site / "fitprint_toy.py"
    plugin.write_text(plugin.read_text() + TWO_PACKAGES)
    (toy.site / "toyside.py").write_text("from toylearn import Base" + MIXIN)
    toy.imported()
    fitprint.autolog("toy")
    import toyside

    toyside.FromAMixin().fit([1], [2])
    assert [run.name for run in fitprint.runs()] == ["FromAMixin"]
    del sys.modules["toyside"]
