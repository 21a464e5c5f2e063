"""Paths inside a package: none leads outside of it, and none to anything but a regular file or a folder."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from fitprint._core.signal_handlers import own
from fitprint.models.errors import PackageError

_NO_NAMES = frozenset(("", ".", ".."))


def make_below(folder: str | os.PathLike[str], name: str) -> None:
    """Make a folder below another one, and those between.

    Raises:
        FileNotFoundError: The outer folder has gone; it is never made again.
    """
    place = os.fspath(folder)
    for part in name.split(os.sep):
        place = f"{place}/{part}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(place)


def member(folder: Path, name: Any) -> Path:
    """Return the path of a file that an MLmodel file names.

    Args:
        folder: The folder of the package.
        name: The name of the file.

    Returns:
        Its path.

    Raises:
        PackageError: The file is missing, or the name leads outside of the folder.
    """
    if not isinstance(name, str) or not name:
        raise PackageError(f"{folder}: its MLmodel file names no model file")
    path = folder / name
    try:
        is_inside = "\0" not in name and path.resolve().is_relative_to(folder.resolve())
        is_there = is_inside and path.exists()
    except own(OSError, RuntimeError, ValueError):  # too long for the system, or links that lead in a circle
        raise PackageError(f"{folder}: {name[:200]!r}, which its MLmodel file names, cannot be looked up") from None
    if not is_inside:
        raise PackageError(f"{folder}: {name!r} leads outside of the package")
    if not is_there:
        raise PackageError(f"{folder}: the file {name} that its MLmodel file names is missing")
    return path


def refuse_special_files(folder: Path) -> None:
    """Raise PackageError if a package has a pipe, a device or a socket, which a loader would wait for without end."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):  # a link to nothing, or without end, is refused by whoever opens it
                kind = os.stat(path).st_mode
                if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                    raise PackageError(f"{folder}: {os.path.relpath(path, folder)} is not a regular file")


def is_plain_name(name: str) -> bool:
    """Return whether a name is a relative path that consists of plain names and slashes."""
    return not ("\0" in name or "\\" in name) and _NO_NAMES.isdisjoint(name.split("/"))


def write_whole(path: str, content: bytes, mode: str = "wb") -> None:
    """Write a whole file at once, without the buffer that a file object has otherwise."""
    with open(path, mode, buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
