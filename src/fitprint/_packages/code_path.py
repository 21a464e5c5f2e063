"""The code in a package: put where imports find it first, and always read from its source."""

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
    """Neither reads nor writes compiled files, which the package would not list."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError  # so the import system reads the source, and writes nothing


def add_code(folder: Path, config: Mapping[str, Any]) -> None:
    """Put a package's own code where imports find it first, as MLflow's reader does.

    By Python's rules a module that is already imported has precedence; if its content differs, that is reported.
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
        raise ImportError  # not a package: the import system asks the next hook
    return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_SourceAlone, SOURCE_SUFFIXES))


def _tell_of_another(folder: Path, file: Path) -> None:
    """Report that another module of this name, with other content, is already imported."""
    imported = getattr(sys.modules.get(file.stem), "__file__", None) if file.suffix in ("", ".py") else None
    if imported is None:
        return
    own = file / "__init__.py" if file.is_dir() else file
    other = Path(imported)
    if own.is_file() and other.is_file() and own.read_bytes() != other.read_bytes():
        warn_once(
            ("code", str(own)),
            f"{folder}: its module {file.stem} is not loaded, because another one is already imported from {other}; "
            "load the two models in separate processes",
        )
