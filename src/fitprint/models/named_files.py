"""The files that an MLmodel names: as model, code, artifact or example, or under a key of any plugin's own."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

_UNPICKLED = ("pickled_model", "python_model")
_BY_BASE_NAME = ("model_code_path",)


def named_paths(document: Mapping[str, Any]) -> set[str]:
    """Every text of an MLmodel that could be the path of a file or a folder, as a path inside the package."""
    found = {posixpath.normpath(each) for each in _texts(document)}
    for config in _flavors(document):
        for key in _BY_BASE_NAME:
            if isinstance(config.get(key), str):
                found.add(posixpath.basename(config[key].replace("\\", "/")))
    return found - {"."}


def is_named(name: str, paths: set[str]) -> bool:
    """Whether a file of a package is one of these paths, or lies below one."""
    if "." in paths:
        return True
    while name:
        if name in paths:
            return True
        name = name.rpartition("/")[0]
    return False


def unpickled_files(document: Mapping[str, Any]) -> set[str]:
    """The files that loaders unpickle, whatever they look like."""
    found = {config[key] for config in _flavors(document) for key in _UNPICKLED if isinstance(config.get(key), str)}
    return {posixpath.normpath(each) for each in found}


def code_folders(document: Mapping[str, Any]) -> set[str]:
    """The folders of code that loaders put where imports find them; MLflow's own name for it among them."""
    named = {config["code"] for config in _flavors(document) if isinstance(config.get("code"), str)}
    return {posixpath.normpath(each) for each in named if each} | {"code"}


def _flavors(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    flavors = document.get("flavors")
    return [each for each in flavors.values() if isinstance(each, Mapping)] if isinstance(flavors, Mapping) else []


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if each and len(each) < 1000:  # a signature is no path
                yield each
        elif isinstance(each, Mapping):
            waiting.extend(each.values())
        elif isinstance(each, (list, tuple)):
            waiting.extend(each)
