"""Writing and reading pickles: plain pickle, or cloudpickle where code must travel by value; arrays of any numpy.

The pickler notes which modules the stream names, so that requirements need no subprocess and no reload."""

from __future__ import annotations

import dis
import functools
import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from fitprint.models.distributions import SCRIPT
from fitprint.models.package import Package, PackageFile

PROTOCOL = 5


class _ByValueError(Exception):
    """Something in the model cannot be found by its name in another process."""


class _NotingPickler(pickle.Pickler):
    """Pickles by name, notes the modules, and gives up at the first object that has no importable name."""

    def __init__(self, file: Any, modules: set[str]) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._modules = modules
        self._seen: dict[int, object] = {}

    def reducer_override(self, obj: Any) -> Any:
        named = _named(obj)
        if id(named) not in self._seen:
            self._seen[id(named)] = named
            if not _importable(named):
                raise _ByValueError(f"{_module_of(named)}.{named.__qualname__} cannot be found by its name")
            self._modules.add(_module_of(named))
        return NotImplemented


def dump_model(model: Any, package: Package, name: str, form: str | None = None) -> str:
    """Pickles a model into a file of the package. Returns the format: ``pickle`` or ``cloudpickle``.

    ``form``: this one and no other. Raises what pickling raises, and PackageTooLarge.
    """
    with package.open(name) as file:
        if form == "cloudpickle":
            _dump_by_value(model, package, file)
            return form
        try:
            _NotingPickler(file, package.modules).dump(model)
            return "pickle"
        except (_ByValueError, pickle.PicklingError, AttributeError, TypeError) as error:
            # not found by name, or not picklable by plain pickle (a lambda among the params)
            if form == "pickle":
                raise pickle.PicklingError(
                    f"not by plain pickle: {error}; serialization_format='cloudpickle'"
                ) from None
            file.restart()
        _dump_by_value(model, package, file)
        return "cloudpickle"


def _dump_by_value(model: Any, package: Package, file: PackageFile) -> None:
    import cloudpickle

    class ByValue(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, types.ModuleType):
                package.modules.add(obj.__name__)
            elif isinstance(obj, types.CodeType):
                package.modules |= imported_in(obj)
            elif _importable(_named(obj)):  # what travels by value needs no module
                package.modules.add(_module_of(_named(obj)))
            return super().reducer_override(obj)

    package.modules.clear()
    with spawned_script_by_value():
        ByValue(file, protocol=PROTOCOL).dump(model)
    package.modules.add("cloudpickle")
    package.code_by_value = True


def imported_in(code: types.CodeType) -> set[str]:
    """The modules that code imports when it runs."""
    return {each.argval for each in dis.get_instructions(code) if each.opname == "IMPORT_NAME" and each.argval}


@contextmanager
def spawned_script_by_value() -> Iterator[None]:
    """What a script defines travels by value in the processes that it spawned too: cloudpickle does so in it alone."""
    import cloudpickle

    script = sys.modules.get("__mp_main__")
    registered = script is not None and script.__name__ not in cloudpickle.list_registry_pickle_by_value()
    if registered:
        cloudpickle.register_pickle_by_value(script)
    try:
        yield
    finally:
        if registered:
            cloudpickle.unregister_pickle_by_value(script)


def _named(obj: Any) -> Any:
    """What the stream names for an object: a class or function itself, of anything else its class."""
    return obj if isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType)) else type(obj)


def _module_of(named: Any) -> str:
    return getattr(named, "__module__", None) or "builtins"


def _importable(named: Any) -> bool:
    """Whether another process could find a class or function by its name, as far as the name alone tells.

    What cannot be found for other reasons, plain pickle refuses itself.
    """
    module = getattr(named, "__module__", None)
    return module not in SCRIPT and "<locals>" not in getattr(named, "__qualname__", "")


BROKEN = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError)
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
