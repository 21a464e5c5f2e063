"""The code in a package: put where imports find it first, and read from its source alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_once
from fitprint.models.package import member

_places: set[str] = set()


class _SourceAlone(SourceFileLoader):
    """Neither reads nor writes compiled files: these would be files that the package does not list."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError  # the machinery then reads the source, and keeps nothing


def add_code(folder: Path, config: Mapping[str, Any]) -> None:
    """Puts a package's own code where imports find it first, as MLflow's reader does.

    By Python's rules a module that is already imported wins; where that is another one, a line says so.
    """
    code = config.get("code")
    if not code:
        return
    place = str(member(folder, code).absolute())
    if _finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _finder)
    _places.add(place)
    if place in sys.path:
        sys.path.remove(place)
    sys.path.insert(0, place)
    sys.path_importer_cache.pop(place, None)
    for file in sorted(Path(place).iterdir()):
        _tell_of_another(folder, file)


def _finder(path: str) -> Any:
    if not any(path == place or path.startswith(place + "/") for place in _places):
        raise ImportError  # not ours: the next hook is asked
    return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_SourceAlone, SOURCE_SUFFIXES))


def _tell_of_another(folder: Path, file: Path) -> None:
    """Says where a module of this name, with another content, is imported already."""
    imported = getattr(sys.modules.get(file.stem), "__file__", None) if file.suffix in ("", ".py") else None
    if imported is None:
        return
    own = file / "__init__.py" if file.is_dir() else file
    other = Path(imported)
    if own.is_file() and other.is_file() and own.read_bytes() != other.read_bytes():
        warn_once(
            ("code", str(own)),
            f"{folder}: its module {file.stem} is not loaded, because another one is already imported from {other}; "
            "load the two models in processes of their own",
        )
