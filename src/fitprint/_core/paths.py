"""Where a store is: a folder, given as an absolute path, or a URL."""

from __future__ import annotations

import os


def absolute(location: str | os.PathLike[str], directory: str) -> str:
    """Make a location independent of later changes of the working directory.

    Args:
        location: A path, in which ``~`` is the home folder; a ``file:`` URL; or another URL.
        directory: What a relative path starts from; the working directory if empty.

    Returns:
        An absolute path. A ``file:`` URL is returned as its path, any other URL unchanged.
    """
    location = os.fspath(location)
    if location.startswith("file:"):
        from urllib.parse import unquote, urlparse

        location = unquote(urlparse(location).path)
    return location if "://" in location else os.path.join(directory or os.getcwd(), os.path.expanduser(location))
