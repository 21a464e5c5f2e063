"""Reading ``python_model.pkl`` of fitprint's and of MLflow's, with no mlflow installed."""

from __future__ import annotations

import importlib
import lzma
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from fitprint._packages.python_version import OPENERS
from fitprint.models.errors import PackageError
from fitprint.models.package import member
from fitprint.models.unpickling import UNPICKLING_ERRORS, Unpickler
from fitprint.pyfunc import _stand_in

_CLOUDPICKLE = frozenset({"cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast"})
_BROKEN = (
    *UNPICKLING_ERRORS,
    LookupError,
    OSError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RuntimeError,
    lzma.LZMAError,
    zlib.error,
)
"""What unpickling a broken or foreign stream raises."""


class ModelUnpickler(Unpickler):
    """Finds fitprint's where the stream names MLflow's."""

    def __init__(self, file: BinaryIO, model_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(file)
        self._mlflow = _stand_in.stand_in(lambda model: None, model_config)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("importlib", "import_module") or (module in _CLOUDPICKLE and name == "subimport"):
            return self._module
        if module.partition(".")[0] != _stand_in.TOP:
            return super().find_class(module, name)
        if (module, name) in _stand_in.NAMES:
            return _stand_in.NAMES[module, name]
        if module.startswith(_stand_in.INERT):
            return type(name, (_stand_in.Inert,), {})
        return getattr(self._module(module), name)

    def _module(self, name: str, package: str | None = None) -> Any:
        if name.partition(".")[0] == _stand_in.TOP:
            return _stand_in.submodule(self._mlflow, name)
        return importlib.import_module(name, package)


def read_python_model(folder: Path, config: Mapping[str, Any], model_config: Mapping[str, Any] | None) -> Any:
    """Unpickles the python model of a package. Raises PackageError, one line, for a broken one."""
    path = member(folder, config.get("python_model"))
    compression = config.get("python_model_compression")
    if not isinstance(compression, (str, type(None))) or compression not in OPENERS:
        known = ", ".join(filter(None, OPENERS))
        raise PackageError(f"{path} is compressed as {compression!r}, which is not known: {known} are")
    try:
        with OPENERS[compression](path, "rb") as file:
            return ModelUnpickler(file, model_config).load()
    except _BROKEN as error:
        text = " ".join(str(error).split())[:500]
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {text}") from error
