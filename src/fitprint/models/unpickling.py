"""Reading pickles: arrays of another numpy, and classes by value in the process that they came from."""

from __future__ import annotations

import functools
import pickle
from typing import Any, BinaryIO

UNPICKLING_ERRORS = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError)
"""What unpickling a broken or foreign stream raises, whatever it holds; some readers expect more."""

CLOUDPICKLE = ("cloudpickle", "cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast")
_BLOCK = 1 << 20
_CORES = ("numpy.core", "numpy._core")
"""The names in numpy 1 and 2. Each knows the other's, but 1.26 for some of the modules only, and 2 with a warning."""


class Unpickler(pickle.Unpickler):
    """Finds numpy's own parts under the name that they have here; everything else as pickle does."""

    def find_class(self, module: str, name: str) -> Any:
        core = next((each for each in _CORES if f"{module}.".startswith(f"{each}.")), None)
        if core is not None:
            module = _core_here() + module[len(core) :]
        found = super().find_class(module, name)
        return _set_state_of_new(found) if module in CLOUDPICKLE and name == "_class_setstate" else found


def load_pickle(file: BinaryIO) -> Any:
    """What `pickle.load` gives and raises, also for arrays of numpy 2 where numpy 1 is installed, and the reverse."""
    return Unpickler(file).load()


@functools.cache
def _core_here() -> str:
    import numpy as np

    return _CORES[not np.__version__.startswith("1.")]


def _set_state_of_new(set_state: Any) -> Any:
    """cloudpickle's own, for classes that are new here.

    Of a class that was pickled in this process cloudpickle finds the original: to set its state would put copies in
    the place of the user's own methods.
    """

    def set_state_of_new(kind: Any, state: Any) -> Any:
        is_there = all(name in vars(kind) for name in state[0] if name != "_abc_impl")
        return kind if is_there else set_state(kind, state)

    return set_state_of_new


def holds(file: BinaryIO, mark: bytes) -> bool:
    """Whether some bytes are in a file, which is read in blocks from where it stands."""
    before = b""
    while block := file.read(_BLOCK):
        if mark in before + block:
            return True
        before = block[-len(mark) :]
    return False
