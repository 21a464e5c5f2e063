"""Writing and reading pickles: plain pickle, or cloudpickle if code must travel by value.

The pickler notes which modules the stream names, so that finding a package's requirements needs no subprocess and does
not load the model again. The unpickler reads arrays of any version of numpy.
"""

from __future__ import annotations

import dis
import functools
import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from fitprint._core.signal_handlers import own
from fitprint.models.distributions import SCRIPT
from fitprint.models.errors import PackageError
from fitprint.models.package import Package, PackageFile

PROTOCOL = 5


_FOUND_BY_NAME = (type, types.FunctionType, types.BuiltinFunctionType)


class _ByValueError(Exception):
    """Something in the model cannot be found by its name in another process."""


class _NotingPickler(pickle.Pickler):
    """Pickles by name, notes the modules, and gives up at the first object without an importable name."""

    def __init__(self, file: Any, modules: set[str]) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._modules = modules
        self._seen: dict[int, object] = {}

    def reducer_override(self, obj: Any) -> Any:
        named = obj if isinstance(obj, _FOUND_BY_NAME) else type(obj)
        if id(named) not in self._seen:
            self._seen[id(named)] = named
            if not found_by_name(named):
                raise _ByValueError(f"{_module_of(named)}.{named.__qualname__} cannot be found by its name")
            self._modules.add(_module_of(named))
        return NotImplemented


def dump_model(model: Any, package: Package, name: str, form: str | None = None) -> str:
    """Pickle a model into a file of the package.

    Args:
        model: The model.
        package: The package.
        name: The name of the file.
        form: The format, ``pickle`` or ``cloudpickle``; by default the first of them that can hold the model.

    Returns:
        The format.

    Raises:
        PackageTooLarge: The package would be over its limit. Whatever pickling raises is raised too.
    """
    with package.open(name) as file:
        if form == "cloudpickle":
            _dump_by_value(model, file)
            return form
        try:
            _NotingPickler(file, file.modules).dump(model)
            return "pickle"
        except own(_ByValueError, pickle.PicklingError, AttributeError, TypeError) as error:
            # not found by name, or not picklable by plain pickle, such as a lambda among the params
            if form == "pickle":
                raise pickle.PicklingError(
                    f"plain pickle cannot hold the model: {error}; use serialization_format='cloudpickle'"
                ) from None
            file.restart()
        _dump_by_value(model, file)
        return "cloudpickle"


def _dump_by_value(model: Any, file: PackageFile) -> None:
    by_value_pickler(file.modules)(file, protocol=PROTOCOL).dump(model)
    file.modules.add("cloudpickle")


def by_value_pickler(modules: set[str]) -> type[pickle.Pickler]:
    """Return a class of picklers that write code by value wherever another process could not find it by its name.

    It is for frameworks that take a class of picklers in order to write a model.

    Args:
        modules: The modules that reading the stream imports are added to it.

    Returns:
        cloudpickle's class of picklers, which notes these modules.
    """
    import cloudpickle

    class ByValue(cloudpickle.Pickler):  # type: ignore[misc]
        def dump(self, obj: Any) -> Any:
            with spawned_script_by_value():
                return super().dump(obj)

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, types.ModuleType):
                modules.add(obj.__name__)
            elif isinstance(obj, types.CodeType):
                modules.update(imported_in(obj))
            elif found_by_name(_named(obj)):  # what travels by value does not need its module
                modules.add(_module_of(_named(obj)))
            return super().reducer_override(obj)

    return ByValue


def imported_in(code: types.CodeType) -> set[str]:
    """Return the modules that code imports when it runs."""
    return {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname == "IMPORT_NAME" and instruction.argval
    }


@contextmanager
def spawned_script_by_value() -> Iterator[None]:
    """Let what a script defines travel by value also in processes that the script spawned.

    cloudpickle does so only in the script itself.
    """
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
    """Return what the stream names for an object: a class or function itself, for anything else its class."""
    return obj if isinstance(obj, _FOUND_BY_NAME) else type(obj)


def _module_of(named: Any) -> str:
    return getattr(named, "__module__", None) or "builtins"


def found_by_name(named: Any) -> bool:
    """Return whether another process can find a class or function by its name, as far as the name alone tells.

    Plain pickle itself refuses what cannot be found for other reasons. What is defined in a module that the user has
    registered with ``cloudpickle.register_pickle_by_value`` is to travel by value.
    """
    module = getattr(named, "__module__", None)
    if module in SCRIPT or "<locals>" in getattr(named, "__qualname__", ""):
        return False
    by_value = cloudpickle.list_registry_pickle_by_value() if (cloudpickle := sys.modules.get("cloudpickle")) else ()
    return not by_value or not any(f"{module}.".startswith(f"{registered}.") for registered in by_value)


UNPICKLING_ERRORS = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError)
"""The exceptions of unpickling a broken or foreign stream; some readers expect further ones."""

CLOUDPICKLE = ("cloudpickle", "cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast")
_BLOCK = 1 << 20
_CORES = ("numpy.core", "numpy._core")
"""The names in numpy 1 and 2. Each knows the other's names, but 1.26 not for all modules, and 2 with a warning."""


class Unpickler(pickle.Unpickler):
    """Finds numpy's own modules under the name that they have here, and everything else as pickle does."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the class or function of a name in the stream."""
        core = next((core_name for core_name in _CORES if f"{module}.".startswith(f"{core_name}.")), None)
        if core is not None:
            module = _core_here() + module[len(core) :]
        value = super().find_class(module, name)
        return _set_state_of_new(value) if module in CLOUDPICKLE and name == "_class_setstate" else value


def load_pickle(file: BinaryIO) -> Any:
    """Load a pickle like `pickle.load`, but also arrays of numpy 2 if numpy 1 is installed, and the reverse.

    Args:
        file: The file, open for reading in binary.

    Returns:
        The object.

    Raises:
        Exception: What `pickle.load` raises.
    """
    return Unpickler(file).load()


@functools.cache
def _core_here() -> str:
    import numpy as np

    return _CORES[not np.__version__.startswith("1.")]


def _set_state_of_new(set_state: Any) -> Any:
    """Return cloudpickle's function that sets the state of a class, limited to classes that are new here.

    For a class that was pickled in this process, cloudpickle finds the original: to set its state would replace the
    user's own methods by copies.
    """

    def set_state_of_new(kind: Any, state: Any) -> Any:
        is_there = all(name in vars(kind) for name in state[0] if name != "_abc_impl")
        return kind if is_there else set_state(kind, state)

    return set_state_of_new


def unreadable(path: Path, error: BaseException) -> PackageError:
    """Return the error for a file of a package that cannot be unpickled; its message is one line."""
    return PackageError(f"{path} cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())[:500]}")


def holds(file: BinaryIO, mark: bytes) -> bool:
    """Return whether a file holds some bytes; it is read in blocks from its current position."""
    before = b""
    while block := file.read(_BLOCK):
        if mark in before + block:
            return True
        before = block[-len(mark) :]
    return False
