"""Others who wrap the same methods: mixins, wrappers over ours, replacements, a second tree."""

from __future__ import annotations

import functools
import gc
import weakref

import pytest

from fitprint._instrumentation.wrapper import ours


def wrap_fit(cls):
    if "fit" in vars(cls):
        original = vars(cls)["fit"]

        @functools.wraps(original)
        def wrapped(self):
            return ("wrapped", original(self))

        cls.fit = wrapped


class Wrapping:
    """Wraps a method of each class below, as mixins of some frameworks do."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        wrap_fit(cls)


@pytest.mark.parametrize("order", ["mixin first", "base first"])
def test_what_a_mixin_wraps_around_a_method_lies_beneath_us_and_comes_back(tree, order, is_patched, make_family):
    base, _, _ = make_family()
    hook = vars(Wrapping)["__init_subclass__"]
    tree.watch(base)
    bases = (Wrapping, base) if order == "mixin first" else (base, Wrapping)

    class Mixed(*bases):
        def fit(self):
            return "mixed"

    assert is_patched(Mixed), "we lie above, whatever the order"
    assert Mixed().fit() == ("wrapped", "mixed")
    assert tree.calls == ["Mixed"], "recorded once"
    assert ours(vars(Mixed)["fit"].__wrapped__) is None
    beneath = vars(Mixed)["fit"].__wrapped__
    assert tree.restore() == []
    assert vars(Mixed)["fit"] is beneath
    assert vars(Wrapping)["__init_subclass__"] is hook
    assert Mixed().fit() == ("wrapped", "mixed")


def test_the_first_class_below_a_mixin_from_elsewhere_lies_beneath_it_and_later_ones_do_not(
    tree, is_patched, make_family
):
    base, _, _ = make_family()
    tree.watch(base)

    class Elsewhere:  # in no module, so that the watch has not found it
        def __init_subclass__(cls, **kwargs):
            super().__init_subclass__(**kwargs)
            wrap_fit(cls)

    class First(Elsewhere, base):
        def fit(self):
            return "first"

    class Second(Elsewhere, base):
        def fit(self):
            return "second"

    assert (First().fit(), Second().fit()) == (("wrapped", "first"), ("wrapped", "second"))
    assert tree.calls == ["First", "Second"], "each is recorded once"
    theirs = vars(First)["fit"]
    assert tree.restore() == [f"{__name__}.{First.__qualname__}.fit"]
    assert vars(First)["fit"] is theirs
    assert not is_patched(Second)
    assert (First().fit(), Second().fit()) == (("wrapped", "first"), ("wrapped", "second"))


def test_a_mixin_that_is_there_before_the_watch(tree, is_patched, make_family):
    base, _, _ = make_family()

    class Mixed(Wrapping, base):
        def fit(self):
            return "mixed"

    hook = vars(Wrapping)["__init_subclass__"]
    before = vars(Mixed)["fit"]
    tree.watch(base)

    class Below(Mixed):
        def fit(self):
            return "below"

    assert Below().fit() == ("wrapped", "below")
    assert tree.calls == ["Below"]
    assert is_patched(Below)
    tree.restore()
    assert vars(Wrapping)["__init_subclass__"] is hook
    assert vars(Mixed)["fit"] is before


def test_somebody_s_wrapper_over_ours_is_left_and_named_and_revived(tree, make_family):
    base, _, owns = make_family()
    tree.watch(base)
    beneath = vars(owns)["fit"]

    @functools.wraps(owns.fit)
    def over(self):
        return ("over", beneath.__get__(self, type(self))())

    owns.fit = over
    assert tree.restore() == [f"{owns.__module__}.{owns.__qualname__}.fit"]
    assert vars(owns)["fit"] is over
    assert owns().fit() == ("over", ("owns", "base"))
    tree.trees.clear()
    tree.calls.clear()
    tree.watch(base)
    assert vars(owns)["fit"] is over, "ours lies beneath already"
    owns().fit()
    assert tree.calls == ["Owns", "Base"]


def test_somebody_who_replaced_the_method_keeps_theirs(tree, make_family):
    base, _, owns = make_family()
    tree.watch(base)

    def theirs(self):
        return "theirs"

    owns.fit = theirs
    assert tree.restore() == []
    assert vars(owns)["fit"] is theirs


def test_two_trees_share_the_hooks(tree, is_patched, make_family):
    base, _, _ = make_family()
    other = type("Other", (), {"fit": lambda self: "other"})
    first = tree.watch(base)
    tree.watch(other)
    both = type("Both", (base, other), {"fit": lambda self: "both"})
    assert is_patched(both)
    tree.creation.forget(first)
    tree.trees.remove(first)
    assert is_patched(other)
    below = type("BelowOther", (other,), {"fit": lambda self: "below"})
    assert is_patched(below)
    tree.restore()
    assert not is_patched(below)


def test_classes_are_not_kept_alive(tree, make_family):

    base, _, _ = make_family()
    tree.watch(base)
    gone = weakref.ref(type("Gone", (base,), {"fit": lambda self: None}))
    gc.collect()
    assert gone() is None
