"""Whether this environment can load a package: the version of Python, and how the installed versions differ.

Code that was pickled by value is bytecode, which only the minor version of Python that wrote it can run.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_once, warn_user
from fitprint._core.signal_handlers import own
from fitprint.models import differences
from fitprint.models.errors import PackageError
from fitprint.models.package_paths import member
from fitprint.models.pickling import holds

OPENERS: Mapping[Any, Callable[..., Any]] = {None: open, "gzip": gzip.open, "bzip2": bz2.open, "lzma": lzma.open}
"""The functions that open a python model, by MLflow's names of compressions; None for no compression."""

_MARK = b"CodeType"  # cloudpickle writes it for every function whose code is in the stream


def refuse_another_python(folder: Path, document: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Check, before anything is unpickled, that code by value is of this minor version of Python.

    Raises:
        PackageError: It is of another one.
    """
    generic = document["flavors"].get("python_function")
    written = str(generic.get("python_version") or "") if isinstance(generic, dict) else ""
    here = platform.python_version()
    minor = ".".join(written.split(".")[:2])
    if not written or minor == ".".join(here.split(".")[:2]):
        return
    if config.get("code_by_value") or any(_holds_code(path, config) for path in _pickles(folder, config)):
        raise PackageError(
            f"{folder} holds code pickled by Python {written}, which Python {here} cannot run: "
            f"load it with Python {minor}, or save the model again with this Python"
        )


def _pickles(folder: Path, config: Mapping[str, Any]) -> list[Path]:
    """Return the files of a package that cloudpickle wrote."""
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
    except own(OSError, EOFError, lzma.LZMAError, KeyError, TypeError):
        return False  # a broken file is reported when it is loaded
    return False


_ALIKE = frozenset({differences.SAME, differences.UNNEEDED})


@contextlib.contextmanager
def environment_told(folder: Path, document: Mapping[str, Any], quiet: bool = False) -> Iterator[None]:
    """Surround a load with messages on how this environment differs from the one of the package.

    What is raised inside is raised on: a PackageError gets the table of differences, for other errors that is logged
    before. A PackageError without a cause says that the package itself is broken, and gets no table. If the load works,
    important differences are logged in one line, unless `quiet` is set.
    """
    try:
        yield
    except PackageError as error:
        report = _report(folder, document) if error.__cause__ is not None else ""
        if not report:
            raise
        raise PackageError(f"{error}\n{report}") from error.__cause__
    except own(Exception):
        report = _report(folder, document)
        if report:
            warn_user(f"{folder} could not be loaded. {report}")
        raise
    line = None if quiet else differences.summary(differences.differences(folder, document))
    if line is not None:
        warn_once(("versions", str(folder)), f"{folder}: {line}")


def _report(folder: Path, document: Mapping[str, Any]) -> str:
    rows = differences.differences(folder, document)
    if all(row.meaning in _ALIKE for row in rows):
        return ""
    return differences.report(folder, document, rows)
