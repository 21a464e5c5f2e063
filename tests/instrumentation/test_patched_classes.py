"""Patching a method in a whole tree of classes: those there are, those made later, and all of it undone."""

from __future__ import annotations

import abc
import sys
import zoneinfo
from types import ModuleType
from typing import Generic, Protocol, TypeVar

import pytest

from fitprint._instrumentation.class_trees import _mixins

T = TypeVar("T")


def test_only_classes_that_own_the_method_are_patched_and_all_is_undone(tree, is_patched, make_family):
    base, inherits, owns = make_family()
    before = [dict(vars(cls)) for cls in (base, inherits, owns)]
    tree.watch(base)
    assert (is_patched(base), "fit" in vars(inherits), is_patched(owns)) == (True, False, True)
    assert owns().fit() == ("owns", "base")
    assert tree.calls == ["Owns", "Base"]
    assert tree.restore() == []
    assert [dict(vars(cls)) for cls in (base, inherits, owns)] == before
    assert "__init_subclass__" not in vars(base)


def test_classes_made_later_are_patched_and_put_back(tree, is_patched, make_family):
    base, inherits, _ = make_family()
    tree.watch(base)

    class Later(inherits):
        def fit(self):
            return "later"

    class LaterStill(Later):
        pass

    assert is_patched(Later)
    assert "fit" not in vars(LaterStill)
    assert LaterStill().fit() == "later"
    assert tree.calls == ["Later"]
    original = vars(Later)["fit"].__wrapped__
    tree.restore()
    assert vars(Later)["fit"] is original

    class AfterTheEnd(base):
        def fit(self):
            pass

    assert not is_patched(AfterTheEnd)


def test_a_class_defined_again_is_patched_again(tree, is_patched, make_family):
    base, _, _ = make_family()
    tree.watch(base)
    made = []
    for number in range(2):

        class Again(base):
            value = number

            def fit(self):
                return self.value

        made.append(Again)
    assert [cls().fit() for cls in made] == [0, 1]
    assert all(map(is_patched, made))
    assert tree.calls == ["Again", "Again"]


def test_a_base_with_an_init_subclass_of_its_own(tree, is_patched):
    made = []

    class Base:
        def __init_subclass__(cls, tag=None, **kwargs):
            super().__init_subclass__(**kwargs)
            made.append((cls.__name__, tag))

        def fit(self):
            pass

    original = vars(Base)["__init_subclass__"]
    tree.watch(Base)

    class Below(Base, tag="x"):
        def fit(self):
            return "below"

    assert made == [("Below", "x")]
    assert is_patched(Below)
    tree.restore()
    assert vars(Base)["__init_subclass__"] is original
    assert isinstance(original, classmethod)


def test_a_class_below_that_has_one_of_its_own_which_calls_no_super(tree, is_patched, make_family):
    base, _, _ = make_family()
    tree.watch(base)

    class Middle(base):
        def __init_subclass__(cls, **kwargs):
            cls.marked = True  # forgets super()

        def fit(self):
            pass

    class Below(Middle):
        def fit(self):
            return "below"

    assert Below.marked
    assert is_patched(Middle)
    assert is_patched(Below)
    hook = vars(Middle)["__init_subclass__"].__wrapped__
    tree.restore()
    assert vars(Middle)["__init_subclass__"] is hook
    assert not is_patched(Below)


def test_abstract_bases_stay_abstract(tree, is_patched):
    class Base(abc.ABC):
        @abc.abstractmethod
        def fit(self): ...

    original = vars(Base)["fit"]
    tree.watch(Base)
    with pytest.raises(TypeError, match="abstract"):
        Base()

    class Below(Base):
        def fit(self):
            return "below"

    assert Below().fit() == "below"
    assert is_patched(Below)
    tree.restore()
    assert vars(Base)["fit"] is original
    assert original.__isabstractmethod__
    assert Below.__abstractmethods__ == frozenset()


def test_virtual_subclasses_and_metaclasses(tree, is_patched):
    class Meta(type):
        def __subclasses__(cls):
            raise AssertionError("a metaclass's own idea of subclasses is not asked")

    class Base(metaclass=Meta):
        def fit(self):
            pass

    class Below(Base):
        def fit(self):
            pass

    tree.watch(Base)
    assert is_patched(Below)


def test_generic_bases_and_protocols(tree, is_patched):
    """The hook of `typing.Generic` is a class method written in C since Python 3.12."""
    original = vars(Generic)["__init_subclass__"]

    class Base(Generic[T]):
        def fit(self):
            return "base"

    tree.watch(Base)

    class Unrelated(Protocol):
        def fit(self): ...

    class Later(Base[int]):
        def fit(self):
            return "later"

    assert (is_patched(Base), is_patched(Unrelated), is_patched(Later)) == (True, False, True)
    assert Later().fit() == "later"
    tree.restore()
    assert not is_patched(Later)
    assert vars(Generic)["__init_subclass__"] is original


def test_class_and_static_methods_and_properties(tree):
    tree.names = ("fit", "make", "helper")

    class Base:
        def fit(self):
            pass

        @classmethod
        def make(cls):
            return cls

        @staticmethod
        def helper(value):
            return value

    class Below(Base):
        @property
        def fit(self):
            return lambda: "from a property"

    before = dict(vars(Base))
    tree.watch(Base)
    assert Below.make() is Below
    assert Base().make() is Base
    assert (Base.helper(1), Below().helper(2)) == (1, 2)
    assert Below().fit() == "from a property"
    tree.restore()
    assert {name: vars(Base)[name] for name in ("fit", "make", "helper")} == {
        name: before[name] for name in ("fit", "make", "helper")
    }


def test_classes_that_are_not_ours_are_left_alone(tree, is_patched, make_family):
    base, _, owns = make_family()
    tree.watch(base, is_ours=lambda cls: cls is not owns)
    assert not is_patched(owns)
    assert is_patched(base)
    assert owns().fit() == ("owns", "base")
    assert tree.calls == ["Base"]


def test_a_class_whose_making_fails_raises_its_own_error(tree, is_patched):
    class Base:
        def __init_subclass__(cls):
            if "bad" in cls.__name__:
                raise ValueError("bad name")

        def fit(self):
            pass

    tree.watch(Base)
    with pytest.raises(ValueError, match="bad name"):
        type("bad", (Base,), {"fit": lambda self: None})
    good = type("Good", (Base,), {"fit": lambda self: None})
    assert is_patched(good)


def test_a_class_made_inside_the_making_of_another(tree, is_patched):
    made = []

    class Base:
        def __init_subclass__(cls):
            if cls.__name__ == "Outer":
                made.append(type("Inner", (Base,), {"fit": lambda self: "inner"}))

        def fit(self):
            pass

    tree.watch(Base)
    outer = type("Outer", (Base,), {"fit": lambda self: "outer"})
    assert is_patched(outer)
    assert is_patched(made[0])


def test_methods_added_after_the_class_was_made_are_found_when_asked(tree, is_patched, make_family):
    """cloudpickle builds a class first and gives it its methods later."""
    base, _, _ = make_family()
    tree.watch(base)
    late = type("Late", (base,), {})
    late.fit = lambda self: "late"
    assert not is_patched(late)
    tree.creation.patch_all()
    assert is_patched(late)


def test_classes_whose_attributes_cannot_be_set_are_left_alone(monkeypatch):
    class Mixin:
        def __init_subclass__(cls, **kwargs):
            super().__init_subclass__(**kwargs)

    module = ModuleType("framework_with_zones")
    module.ZoneInfo, module.Mixin = zoneinfo.ZoneInfo, Mixin  # the first is written in C, and has the method too
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert "__init_subclass__" in vars(zoneinfo.ZoneInfo)
    assert _mixins(module.__name__) == {Mixin}
