"""The files that an MLmodel file names: models, code, artifacts, examples, or files under keys of any plugin."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

_UNPICKLED = ("pickled_model", "python_model")
_BY_BASE_NAME = ("model_code_path",)


def named_paths(document: Mapping[str, Any]) -> set[str]:
    """Return every string of an MLmodel document that could be the path of a file or a folder inside the package."""
    paths = {posixpath.normpath(text) for text in _texts(document)}
    for config in _flavors(document):
        for key in _BY_BASE_NAME:
            if isinstance(config.get(key), str):
                paths.add(posixpath.basename(config[key].replace("\\", "/")))
    return paths - {"."}


def is_named(name: str, paths: set[str]) -> bool:
    """Return whether a file of a package is one of these paths, or lies below one."""
    if "." in paths:
        return True
    while name:
        if name in paths:
            return True
        name = name.rpartition("/")[0]
    return False


def unpickled_files(document: Mapping[str, Any]) -> set[str]:
    """Return the files that loaders unpickle, whatever they look like."""
    paths = {config[key] for config in _flavors(document) for key in _UNPICKLED if isinstance(config.get(key), str)}
    return {posixpath.normpath(path) for path in paths}


def code_folders(document: Mapping[str, Any]) -> set[str]:
    """Return the folders of code that loaders put where imports find them, and MLflow's default name of it."""
    named = {config["code"] for config in _flavors(document) if isinstance(config.get("code"), str)}
    return {posixpath.normpath(folder) for folder in named if folder} | {"code"}


def _flavors(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    flavors = document.get("flavors")
    return (
        [flavor for flavor in flavors.values() if isinstance(flavor, Mapping)] if isinstance(flavors, Mapping) else []
    )


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if item and len(item) < 1000:  # longer ones are no paths, for example a signature
                yield item
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
