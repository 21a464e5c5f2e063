"""Which installed distribution a module comes from, without a subprocess and, as a rule, without a scan."""

from __future__ import annotations

import functools
import importlib.metadata as metadata
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

SCRIPT = ("__main__", "__mp_main__")
"""What a script is called where it runs, and in the processes that it spawns: nobody else finds it by these names."""


@functools.lru_cache(maxsize=512)
def installed_version(distribution: str) -> str | None:
    """The installed version of a distribution, or None. Cached, and without parsing all of its metadata."""
    found = _distribution(distribution)
    if found is None:
        return None
    for line in (found.read_text("METADATA") or "").splitlines():
        if line.startswith("Version: "):
            return line.removeprefix("Version: ").strip()
        if not line:
            break
    return found.version  # an egg, or metadata of another kind


def distribution_of_module(name: str) -> str | None:
    """The distribution that holds a module, or None for the standard library and for files of the user's own."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names or top in SCRIPT:
        return None
    place = file_of(top)
    return None if place is None else _of_file(top, place)


def is_local(name: str) -> bool:
    """Whether a module is a file of the user's own: of no distribution, not of the standard library."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in SCRIPT:
        return False
    place = file_of(top)
    return place is not None and not _in_site_packages(place) and _of_file(top, place) is None


def file_of(top: str) -> str | None:
    """The file of a top-level module (of a package its ``__init__.py``, or its folder), or None.

    One that is not imported is looked for as an import would, and not imported.
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
    except (ImportError, ValueError, AttributeError):  # a name that is none, or a finder that fails
        return None


@functools.lru_cache(maxsize=512)
def _of_file(top: str, place: str) -> str | None:
    location = place.rpartition(os.sep + top)[0]
    by_name = _distribution(top)
    if by_name is not None and (_root(by_name) == location or _edited(by_name, top, location)):
        return by_name.metadata["Name"]
    if _in_site_packages(place) or any(Path(location).glob("*.dist-info")):  # pip can install into any folder
        found = _packages_distributions().get(top)
        return found[0] if found else None
    return next((each.metadata["Name"] for each in _editable() if _edited(each, top, location)), None)


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _root(distribution: metadata.Distribution) -> str:
    """The folder that a distribution is installed in."""
    return os.path.normpath(str(distribution.locate_file("")))


def _in_site_packages(place: str) -> bool:
    return any(part in ("site-packages", "dist-packages") for part in Path(place).parts)


@functools.cache
def _packages_distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


@functools.cache
def _editable() -> tuple[metadata.Distribution, ...]:
    return tuple(each for each in metadata.distributions() if _project(each) is not None)


def _edited(distribution: metadata.Distribution, top: str, location: str) -> bool:
    """Whether a module is of a distribution installed for editing, and not only a script's beside it.

    Installers either put a folder on the path through a ``.pth`` file, or hook into imports: then the names of the
    modules stand in ``top_level.txt``.
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
    """The folders that the ``.pth`` files of a distribution put on the path."""
    found = []
    for file in distribution.files or ():
        if file.suffix == ".pth":
            lines = Path(str(file.locate())).read_text("utf-8").splitlines()
            found += [os.path.normpath(line.strip()) for line in lines if not line.startswith(("import ", "import\t"))]
    return found


def _project(distribution: metadata.Distribution) -> str | None:
    """The folder of a distribution installed for editing (PEP 610, ``direct_url.json``)."""
    import json
    from urllib.parse import unquote, urlparse
    from urllib.request import url2pathname

    try:
        text = distribution.read_text("direct_url.json")
        found = json.loads(text) if text else {}
    except (OSError, ValueError):
        return None
    if not found.get("dir_info", {}).get("editable"):
        return None
    return os.path.normpath(url2pathname(unquote(urlparse(found.get("url", "")).path)))
