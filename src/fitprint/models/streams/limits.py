"""Limits for reading a package: a budget, because a small file can contain endless data, and broken files."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib

MOST_UNPACKED = 1_000_000_000
"""In bytes."""
MOST_OPCODES = 5_000_000
MOST_NAMES = 20_000
MOST_MEMBERS = 10_000
"""In all archives of the package together."""
MOST_DEPTH = 4
"""How many archives may be inside of each other."""


class BrokenStream(Exception):
    """A stream is not a pickle from here on, or too large to be read; the message is a part of a line."""


BROKEN_ARCHIVES = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""The exceptions of the standard library for broken archives."""


def problem_of(error: Exception) -> str:
    """Return what is wrong with a file, as a part of a line."""
    if isinstance(error, BrokenStream):
        return str(error)
    text = getattr(error, "strerror", None) or " ".join(str(error).split())[:200] or type(error).__name__
    return f"it cannot be read: {text}"


class Budget:
    """What may still be read of a package. All of its files use one budget."""

    def __init__(self) -> None:
        self._left = {
            "bytes are packed in it": MOST_UNPACKED,
            "opcodes are in its pickles": MOST_OPCODES,
            "classes and functions are named in it": MOST_NAMES,
            "files are in its archives": MOST_MEMBERS,
        }
        self._limits = dict(self._left)
        self.used_up = ""
        """What there is too much of, as a part of a line; empty as long as there is not."""

    def unpack(self, size: int) -> None:
        """Use up bytes that were unpacked."""
        self._take("bytes are packed in it", size)

    def read_opcodes(self, number: int) -> None:
        """Use up opcodes."""
        self._take("opcodes are in its pickles", number)

    def name(self, number: int = 1) -> None:
        """Use up names."""
        self._take("classes and functions are named in it", number)

    def open_member(self) -> None:
        """Use up one member of an archive."""
        self._take("files are in its archives", 1)

    def _take(self, what: str, number: int) -> None:
        self._left[what] -= number
        if self._left[what] < 0:
            self.used_up = f"more than {self._limits[what]:,} {what}"
            raise BrokenStream(f"the rest was not read: {self.used_up}")
