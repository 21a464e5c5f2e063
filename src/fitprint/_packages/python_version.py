"""Code that was pickled by value is bytecode: it runs in the minor version of Python that wrote it, and in no other."""

from __future__ import annotations

import bz2
import gzip
import lzma
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fitprint.models.errors import PackageError
from fitprint.models.package import member
from fitprint.models.unpickling import holds

OPENERS: Mapping[Any, Callable[..., Any]] = {None: open, "gzip": gzip.open, "bzip2": bz2.open, "lzma": lzma.open}
"""How a python model is opened: MLflow's names of compressions, and None."""

_MARK = b"CodeType"  # cloudpickle names it for every function whose code is in the stream


def refuse_another_python(folder: Path, document: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Raises PackageError, before anything is unpickled, for code by value of another minor version of Python."""
    generic = document["flavors"].get("python_function")
    written = str(generic.get("python_version") or "") if isinstance(generic, dict) else ""
    here = platform.python_version()
    minor = ".".join(written.split(".")[:2])
    if not written or minor == ".".join(here.split(".")[:2]):
        return
    if config.get("code_by_value") or any(_holds_code(path, config) for path in _pickles(folder, config)):
        raise PackageError(
            f"{folder} holds code pickled by Python {written}, which Python {here} cannot run: "
            f"load it with Python {minor}, or save the model again here"
        )


def _pickles(folder: Path, config: Mapping[str, Any]) -> list[Path]:
    """The files of a package that cloudpickle wrote."""
    if config.get("python_model"):
        return [member(folder, config["python_model"])]
    if config.get("serialization_format") != "cloudpickle":
        return []
    named = [config.get(key) for key in ("pickled_model", "data", "model_path")]
    return [path for name in named if name and (path := member(folder, name)).is_file()]


def _holds_code(path: Path, config: Mapping[str, Any]) -> bool:
    try:
        with OPENERS[config.get("python_model_compression")](path, "rb") as file:
            return holds(file, _MARK)
    except (OSError, EOFError, lzma.LZMAError, KeyError, TypeError):
        return False  # what is broken is told when it is loaded
    return False
