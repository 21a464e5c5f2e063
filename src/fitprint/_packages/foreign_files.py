"""A model that was written without fitprint: a pickle, or a file of the framework's own, read to become a package."""

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
from fitprint.models.pickling import BROKEN, holds, load_pickle
from fitprint.plugin.flavor import Flavor

_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib"})
_JOBLIB = b"numpy_pickle"  # the module that joblib's own streams name for every array
_BROKEN = (*BROKEN, LookupError, lzma.LZMAError, zlib.error)


def read_artifact(
    file: str | os.PathLike[str], flavor: Flavor | None, trusted: bool, options: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The model in a file, and the options under which a package keeps the file's format.

    ``flavor`` reads the formats of its framework, with its own among the ``options``; a pickle needs none.
    ``trusted``: whether what may run code of its author is read. Raises PackageError where it is not, for a broken
    file, and where no flavor is given for a file that is no pickle; FileNotFoundError for one that is not there.
    """
    path = Path(os.path.realpath(file))
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    if is_pickle(path):
        _check_trust(path, "it is a pickle", trusted)
        return _unpickled(path), {}
    if flavor is None:
        raise PackageError(f"{path} is no pickle: say which framework wrote it, by the name of its flavor")
    config = {**_own(flavor, options), **flavor.file_config(path)}
    _check_trust(path, flavor.needs_trust(config), trusted)
    return flavor.load(path.parent, config), _own(flavor, config)


def _own(flavor: Flavor, given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in flavor.save_options if name in given}


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle, by its name or, for those of protocol 2 and later, by its first bytes."""
    if _SUFFIXES.intersection(path.suffixes):
        return True
    with open(path, "rb") as file:
        first = file.read(2)
    return len(first) == 2 and first[:1] == pickle.PROTO and 2 <= first[1] <= pickle.HIGHEST_PROTOCOL


def _check_trust(path: Path, reason: str | None, trusted: bool) -> None:
    if reason is not None and not trusted:
        raise PackageError(
            f"{path} is not read: {reason}, and reading one runs whatever its author put into it; "
            "where you trust that, say so: trust=True, or --trust"
        )


def _unpickled(path: Path) -> Any:
    try:
        if _is_of_joblib(path):
            return importlib.import_module("joblib").load(path)
        with open(path, "rb") as file:
            return load_pickle(file)
    except _BROKEN as error:
        text = " ".join(str(error).split())[:500]
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {text}") from error


def _is_of_joblib(path: Path) -> bool:
    """Whether joblib wrote a pickle: compressed, or with arrays beside the stream."""
    with open(path, "rb") as file:
        plain = file.read(1) == pickle.PROTO
        return not plain or holds(file, _JOBLIB)
