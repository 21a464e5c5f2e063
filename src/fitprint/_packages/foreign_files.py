"""A file that holds a model and was written without fitprint: a pickle, or a file in a framework's own format."""

from __future__ import annotations

import importlib
import lzma
import os
import pickle
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint.models.errors import PackageError
from fitprint.models.pickling import UNPICKLING_ERRORS, holds, load_pickle, unreadable
from fitprint.plugin.contract import Flavor

_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib"})
_JOBLIB = b"numpy_pickle"  # the module that joblib's streams name for every array
_BROKEN = (*UNPICKLING_ERRORS, LookupError, lzma.LZMAError, zlib.error)


def read_artifact(
    file: str | os.PathLike[str], flavor: Flavor | None, trusted: bool, options: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Read the model in a file.

    Args:
        file: The file.
        flavor: The flavor that reads its framework's formats; a pickle needs none.
        trusted: Whether files that may run code of their author are read.
        options: The options of the package, among which may be some of the flavor's own.

    Returns:
        The model, and the options under which a package keeps the format of the file.

    Raises:
        FileNotFoundError: There is no such file.
        PackageError: The file is broken, or not trusted, or it is not a pickle and no flavor is given.
    """
    path = Path(os.path.realpath(file))
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    if is_pickle(path):
        _check_trust(path, "it is a pickle", trusted)
        return _unpickled(path), {}
    if flavor is None:
        raise PackageError(f"{path} is not a pickle: say which framework wrote it, by the name of its flavor")
    config = {**_own(flavor, options), **flavor.file_config(path)}
    _check_trust(path, flavor.needs_trust(config), trusted)
    return flavor.load(path.parent, config), _own(flavor, config)


def _own(flavor: Flavor, options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in flavor.save_options if name in options}


def is_pickle(path: Path) -> bool:
    """Return whether a file is a pickle, by its name or, from protocol 2 on, by its first bytes."""
    if _SUFFIXES.intersection(path.suffixes):
        return True
    with open(path, "rb") as file:
        first = file.read(2)
    return len(first) == 2 and first[:1] == pickle.PROTO and 2 <= first[1] <= pickle.HIGHEST_PROTOCOL


def _check_trust(path: Path, reason: str | None, trusted: bool) -> None:
    if reason is not None and not trusted:
        raise PackageError(
            f"{path} is not read: {reason}, and reading one runs any code that its author put into it; "
            "if you trust the author, pass trust=True, or --trust"
        )


def _unpickled(path: Path) -> Any:
    try:
        if _is_of_joblib(path):
            return importlib.import_module("joblib").load(path)
        with open(path, "rb") as file:
            return load_pickle(file)
    except _BROKEN as error:
        raise unreadable(path, error) from error


def _is_of_joblib(path: Path) -> bool:
    """Return whether joblib wrote a pickle: compressed, or with arrays beside the stream."""
    with open(path, "rb") as file:
        plain = file.read(1) == pickle.PROTO
        return not plain or holds(file, _JOBLIB)
