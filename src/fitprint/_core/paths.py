"""Where a store lies: a folder, made absolute, or a URL."""

from __future__ import annotations

import os


def absolute(location: str | os.PathLike[str], directory: str) -> str:
    """A location that no change of the working directory touches; a ``file:`` URL as its path, any other as it is."""
    location = os.fspath(location)
    if location.startswith("file:"):
        from urllib.parse import unquote, urlparse

        location = unquote(urlparse(location).path)
    return location if "://" in location else os.path.join(directory or os.getcwd(), os.path.expanduser(location))
