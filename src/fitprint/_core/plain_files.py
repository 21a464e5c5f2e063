"""Reading files of unknown origin: never a pipe or a device, which may have no end, and never more than a bound."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from errno import EFBIG, EINVAL
from typing import BinaryIO

_BINARY_AND_NO_WAIT = getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""On Windows files are text unless told otherwise; elsewhere opening a pipe waits for its other end."""

_BUFFER = 65_536
"""The bytes that are read at once: lines of twenty thousand bytes come three times as fast as with Python's default."""


def open_plain(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading, at once.

    Args:
        path: The file. A link to one counts.

    Raises:
        OSError: It cannot be opened, or is not a regular file.
    """
    return open(path, "rb", buffering=0, opener=_open)


def read_plain(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file.
        most: The bytes that it may have.

    Raises:
        OSError: It cannot be read, is not a regular file, or has more bytes.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(EFBIG, f"it has {size:,} bytes, and at most {most:,} are read", os.fspath(path))
        return file.read(most)


def plain_lines(path: str | os.PathLike[str], longest: int) -> Iterator[bytes]:
    """Yield the lines of a regular file one by one, without their line feeds.

    Args:
        path: The file.
        longest: The bytes that a line may have.

    Raises:
        OSError: It cannot be read, is not a regular file, or has a longer line.
    """
    with open(path, "rb", buffering=_BUFFER, opener=_open) as file:
        while line := file.readline(longest + 1):
            if len(line) > longest:
                raise OSError(EFBIG, f"it has a line of more than {longest:,} bytes", os.fspath(path))
            yield line.removesuffix(b"\n")


def _open(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | _BINARY_AND_NO_WAIT)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(EINVAL, "it is not a regular file", path)
    return descriptor
