"""Where runs are stored: in a folder, or wherever a plugin of the entry point group ``fitprint.stores`` puts them.

A plugin registers a subclass of `Store` under the scheme of its URLs.
"""

from __future__ import annotations

import functools
import os
from importlib import metadata
from typing import Any

from fitprint._core.paths import absolute
from fitprint._core.publish import publish
from fitprint.stores.contract import JoinedRun, OpenRun, Store, StoreError, UnknownRunError
from fitprint.stores.folder import FolderStore
from fitprint.stores.run_folder import RunFolder, is_run_folder

__all__ = ["JoinedRun", "OpenRun", "Store", "StoreError", "UnknownRunError", "open_store"]

GROUP = "fitprint.stores"

publish("fitprint.stores", JoinedRun, OpenRun, Store, StoreError, UnknownRunError)


def open_store(location: str) -> Store:
    """Return the store at a location.

    Args:
        location: A folder, or a URL whose scheme a store plugin serves.

    Returns:
        The store. Neither the folder nor anything in it is created.

    Raises:
        ValueError: If no installed plugin serves the scheme of the URL.
    """
    return _open(absolute(location, ""))


_INSTEAD = {
    **dict.fromkeys(("http", "https"), "fitprint sends nothing to a tracking server: give a folder"),
    **dict.fromkeys(("sqlite", "postgresql", "mysql", "mssql"), "fitprint needs no database: give a folder"),
}
"""What to do in place of what MLflow's tracking URIs mean."""


@functools.lru_cache(maxsize=16)
def _open(location: str) -> Store:
    if "://" not in location:
        folder = os.path.abspath(location)
        return RunFolder(folder) if is_run_folder(folder) else FolderStore(folder)
    scheme = location.partition("://")[0]
    plugins = {entry_point.name: entry_point for entry_point in metadata.entry_points(group=GROUP)}
    if scheme not in plugins:
        installed = ", ".join(sorted(plugins)) or "none"
        instead = _INSTEAD.get(scheme, "give a folder, or install one")
        raise ValueError(f"no store plugin serves {scheme}:// (installed: {installed}); {instead}")
    create: Any = plugins[scheme].load()
    store: Store = create(location)
    return store
