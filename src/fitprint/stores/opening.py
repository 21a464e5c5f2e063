"""From a location to its store: a folder, or a URL whose scheme a plugin serves."""

from __future__ import annotations

import functools
import os
from importlib import metadata
from typing import Any

from fitprint._core.paths import absolute
from fitprint.stores.contract import Store
from fitprint.stores.folder import FolderStore

GROUP = "fitprint.stores"


def open_store(location: str) -> Store:
    """The store at a location. Raises ValueError, with the mend, for a scheme that no plugin serves."""
    return _open(absolute(location, os.getcwd()))


@functools.lru_cache(maxsize=16)
def _open(location: str) -> Store:
    if "://" not in location:
        return FolderStore(os.path.abspath(location))
    scheme = location.partition("://")[0]
    served = {each.name: each for each in metadata.entry_points(group=GROUP)}
    if scheme not in served:
        known = ", ".join(sorted(served)) or "none"
        raise ValueError(f"no store plugin serves {scheme}:// (installed: {known}); give a folder, or install one")
    make: Any = served[scheme].load()
    store: Store = make(location)
    return store
