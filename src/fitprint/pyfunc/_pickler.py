"""Writing ``python_model.pkl``: code travels by value if it has no importable name, and readers do not need fitprint.

The base class of every python model is written under MLflow's name, so stock MLflow loads the file; fitprint's own
reader uses its base class in place of MLflow's. Paths of source files on the author's machine are left out.
"""

from __future__ import annotations

import importlib
import io
import os
import types
from typing import Any, BinaryIO

from fitprint.models.package import Package, PackageFile
from fitprint.models.pickling import PROTOCOL, found_by_name, imported_in, spawned_script_by_value
from fitprint.pyfunc._python_model import PythonModel, PythonModelContext

MLFLOW_MODULE = "mlflow.pyfunc.model"


class _Module:
    """Represents in the stream a module that need not be installed here: the reader imports it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> Any:
        return importlib.import_module, (self._name,)


def dump(python_model: Any, package: Package, name: str) -> None:
    """Pickle a python model into a file of the package.

    Raises:
        PackageTooLarge: The package would be over its limit. Whatever pickling raises is raised too.
    """
    with package.open(name) as file:
        _dump(python_model, file, file.modules)
        file.modules.add("cloudpickle")


def dumped(python_model: Any) -> bytes:
    """Return the same stream, in memory."""
    file = io.BytesIO()
    _dump(python_model, file, set())
    return file.getvalue()


def _dump(python_model: Any, file: BinaryIO | PackageFile, modules: set[str]) -> None:
    import cloudpickle

    mlflow = _Module(MLFLOW_MODULE)

    class ModelPickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if obj is PythonModel or obj is PythonModelContext:
                return getattr, (mlflow, obj.__name__)
            if obj is mlflow:
                return NotImplemented  # it reduces itself; only the writer needs the module of its class
            if isinstance(obj, types.CodeType):
                modules.update(imported_in(obj))
                stripped = obj.replace(co_filename=_base_name(obj.co_filename))
                return self.dispatch_table[types.CodeType](stripped)
            reduced = super().reducer_override(obj)
            if isinstance(obj, (type, types.FunctionType)) and reduced is not NotImplemented:
                _strip_file(reduced)  # by value: what it refers to is noted when it is pickled
            else:
                modules.update(_needed(obj))
            return reduced

    with spawned_script_by_value():
        ModelPickler(file, protocol=PROTOCOL).dump(python_model)


def _needed(obj: Any) -> set[str]:
    """Return the modules that a reader imports for an object."""
    if isinstance(obj, types.ModuleType):
        return {obj.__name__}
    named = obj if isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType)) else type(obj)
    if not found_by_name(named):  # its class travels by value
        return set()
    modules = {getattr(named, "__module__", None) or "builtins"}
    if isinstance(obj, type) and issubclass(obj, PythonModel):
        modules.add("fitprint")  # importing its module imports the base class from fitprint
    return modules


def _strip_file(reduced: Any) -> None:
    """Remove the path of the source file from what cloudpickle keeps of a function's globals.

    Code that uses ``__file__`` keeps it: cloudpickle stores it a second time, among the globals that the code uses.
    """
    for state in reduced[1]:
        if isinstance(state, dict) and "__file__" in state and "__name__" in state:
            state["__file__"] = _base_name(str(state["__file__"]))


def _base_name(path: str) -> str:
    return os.path.basename(path.replace("\\", "/"))
