"""The interpreter counts each name of a module, and each member of a list, that refers to a function or to a patch.

If this falls: a function that a script has imported by name before `autolog()` is not recorded under that name, or
stays patched after `disable()`, because fitprint does not look for names of what nothing else seems to refer to.
"""

from __future__ import annotations

import sys

from fitprint._instrumentation.targets import referred_to
from fitprint._instrumentation.wrapper import Patched


def patches_of_two_functions():
    module = type(sys)("module")
    exec("def train():\n    return 1\n\ndef predict():\n    return 2\n", vars(module))
    for name in ("train", "predict"):
        setattr(module, name, Patched(vars(module)[name], lambda *call: None))
    return module


def test_an_original_is_referred_to_by_its_patch_and_by_the_names_that_have_it():
    module, other = patches_of_two_functions(), type(sys)("other")
    other.fit = module.train.__wrapped__
    patches = [module.train, module.predict]
    other.also = other.fit
    assert referred_to(patches, lambda patched: patched.__wrapped__) == ({id(other.fit): module.train}, 2)
    del other.fit, other.also
    assert referred_to(patches, lambda patched: patched.__wrapped__) == ({}, 0)


def test_a_patch_is_referred_to_by_the_names_that_have_it():
    module, other = patches_of_two_functions(), type(sys)("other")
    other.fit = module.train
    patches = [module.train, module.predict]
    vars(module).clear()
    assert referred_to(patches, lambda patched: patched) == ({id(other.fit): other.fit}, 1)
    del other.fit
    assert referred_to(patches, lambda patched: patched) == ({}, 0)
