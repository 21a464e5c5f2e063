"""Where a store is: a folder, given as an absolute path, or a URL."""

from __future__ import annotations

import os
from errno import ENOENT

from fitprint._core.signal_handlers import own


def absolute(location: str | os.PathLike[str], directory: str) -> str:
    """Make a location independent of later changes of the working directory.

    Args:
        location: A path, in which ``~`` is the home folder; a ``file:`` URL; or another URL.
        directory: What a relative path starts from; the working directory if empty.

    Returns:
        An absolute path. A ``file:`` URL is returned as its path, any other URL unchanged.

    Raises:
        FileNotFoundError: A relative path starts from a working directory that has been deleted.
    """
    location = os.fspath(location)
    if location.startswith("file:"):
        from urllib.parse import unquote, urlparse

        location = unquote(urlparse(location).path)
    if "://" in location or os.path.isabs(location := os.path.expanduser(location)):
        return location
    start = directory or working_directory()
    if not start:
        reason = "the working directory, which it starts from, has been deleted: give an absolute path"
        raise FileNotFoundError(ENOENT, f"{location!r} cannot be found, because {reason}")
    return os.path.join(start, location)


def working_directory() -> str:
    """Return the working directory; an empty text if somebody has deleted it, as may happen to that of a worker."""
    try:
        return os.getcwd()
    except own(FileNotFoundError):
        return ""
