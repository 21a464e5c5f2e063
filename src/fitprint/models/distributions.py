"""Which installed distribution a module comes from, without a subprocess and normally without a scan of all of them."""

from __future__ import annotations

import functools
import importlib.metadata as metadata
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from fitprint._core.signal_handlers import own

SCRIPT = ("__main__", "__mp_main__")
"""The module names of a script, where it runs and in processes that it spawns; no other process finds it by them."""


@functools.lru_cache(maxsize=512)
def installed_version(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None. It is cached, and not all of the metadata is parsed."""
    installed = _distribution(distribution)
    if installed is None:
        return None
    for line in (installed.read_text("METADATA") or "").splitlines():
        if line.startswith("Version: "):
            return line.removeprefix("Version: ").strip()
        if not line:
            break
    return installed.version  # an egg, or metadata of another kind


def distribution_of_module(name: str) -> str | None:
    """Return the distribution that holds a module, or None for the standard library and for the user's own files."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names or top in SCRIPT:
        return None
    place = file_of(top)
    return None if place is None else _of_file(top, place)


def is_local(name: str) -> bool:
    """Return whether a module is one of the user's own files: neither in a distribution nor in the standard library."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in SCRIPT:
        return False
    place = file_of(top)
    return place is not None and not _in_site_packages(place) and _of_file(top, place) is None


def file_of(top: str) -> str | None:
    """Return the file of a top-level module (of a package its ``__init__.py``, or its folder), or None.

    A module that is not imported is looked up as an import would, without importing it.
    """
    module = sys.modules.get(top)
    place, folders = getattr(module, "__file__", None), getattr(module, "__path__", None)
    if module is None:
        spec = _spec(top)
        place = spec.origin if spec is not None and spec.has_location else None
        folders = spec.submodule_search_locations if spec is not None else None
    if place is None:
        listed = list(folders or [])
        place = os.path.join(listed[0], "") if listed else None
    return place


def _spec(top: str) -> ModuleSpec | None:
    try:
        return find_spec(top)
    except (ImportError, ValueError, AttributeError):  # an invalid name, or a finder that fails
        return None


@functools.lru_cache(maxsize=512)
def _of_file(top: str, place: str) -> str | None:
    location = place.rpartition(os.sep + top)[0]
    by_name = _distribution(top)
    if by_name is not None and (_root(by_name) == location or _edited(by_name, top, location)):
        return by_name.metadata["Name"]
    if _in_site_packages(place) or any(Path(location).glob("*.dist-info")):  # pip can install into any folder
        owners = _packages_distributions().get(top)
        return owners[0] if owners else None
    return next((owner.metadata["Name"] for owner in _editable() if _edited(owner, top, location)), None)


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _root(distribution: metadata.Distribution) -> str:
    """Return the folder that a distribution is installed in."""
    return os.path.normpath(str(distribution.locate_file("")))


@functools.lru_cache(maxsize=512)
def _in_site_packages(place: str) -> bool:
    return any(part in ("site-packages", "dist-packages") for part in Path(place).parts)


@functools.cache
def _packages_distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


@functools.cache
def _editable() -> tuple[metadata.Distribution, ...]:
    return tuple(distribution for distribution in metadata.distributions() if _project(distribution) is not None)


def _edited(distribution: metadata.Distribution, top: str, location: str) -> bool:
    """Return whether a module belongs to a distribution that is installed for editing.

    A script that only lies beside the distribution's modules does not. Installers either put a folder on the path
    through a ``.pth`` file, or hook into imports; then ``top_level.txt`` has the names of the modules.
    """
    project = _project(distribution)
    if project is None:
        return False
    added = _path_lines(distribution)
    if added:
        return location in added
    names = distribution.read_text("top_level.txt")
    return location.startswith(project) and (names is None or top in names.split())


def _path_lines(distribution: metadata.Distribution) -> list[str]:
    """Return the folders that the ``.pth`` files of a distribution put on the path."""
    folders = []
    for file in distribution.files or ():
        if file.suffix == ".pth":
            lines = Path(str(file.locate())).read_text("utf-8").splitlines()
            folders += [
                os.path.normpath(line.strip()) for line in lines if not line.startswith(("import ", "import\t"))
            ]
    return folders


def _project(distribution: metadata.Distribution) -> str | None:
    """Return the folder of a distribution that is installed for editing (PEP 610, ``direct_url.json``)."""
    import json
    from urllib.parse import unquote, urlparse
    from urllib.request import url2pathname

    try:
        text = distribution.read_text("direct_url.json")
        origin = json.loads(text) if text else {}
    except own(OSError, ValueError):
        return None
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return os.path.normpath(url2pathname(unquote(urlparse(origin.get("url", "")).path)))
