"""The index of a repository: which files it tracks, and how they were when git last looked at them.

The format: https://git-scm.com/docs/index-format
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fitprint._core.plain_files import open_plain
from fitprint._core.signal_handlers import own

_HEADER = struct.Struct(">4sII")
_ENTRY = struct.Struct(">8x2I8xI8xI20sH")  # the time, the mode, the size, the id and the flags
_HASH = 20
_ASSUMED, _EXTENDED, _STAGE, _NAME = 0x8000, 0x4000, 0x3000, 0x0FFF
_SKIPPED = 0x4000
_MOST_LETTERS = 100_000_000
_LONGEST_NUMBER = 10
"""How many bytes a number of variable length has at most."""


class Unreadable(Exception):
    """A file of a repository cannot be read here; the message is a part of a line."""


class Entry(NamedTuple):
    """A tracked file."""

    path: str
    mode: int
    seconds: int
    nanoseconds: int
    size: int
    id: bytes
    is_settled: bool
    """Whether it has one version; not during a merge with conflicts."""
    is_watched: bool
    """Whether git compares it with the file in the working tree."""


@dataclass
class Index:
    """All tracked files, by their paths, and the ids of folders in which nothing was added to the index since."""

    entries: dict[str, Entry] = field(default_factory=dict)
    folders: dict[str, bytes] = field(default_factory=dict)
    written: int = 0
    """When the index was written, in nanoseconds."""
    letters: int = 0
    """The length of all paths together, which may be much longer than the file that says them."""

    def count(self, path: str) -> None:
        """Count the letters of one more path.

        Raises:
            ValueError: There are too many.
        """
        self.letters += len(path)
        if self.letters > _MOST_LETTERS:
            raise ValueError("its paths are too long")


def read(path: Path, folder: str = "") -> Index:
    """Read an index.

    Args:
        path: The file.
        folder: The start of the paths that are asked for. If none has it, as that of an environment inside of the
            working tree, the thousands of entries stay unread, and the index is given as empty.

    Raises:
        Unreadable: It is broken, or of a form that is not known here.
        OSError: There is none.
    """
    try:
        with open_plain(path) as file:
            content = file.read()
            index = Index(written=os.fstat(file.fileno()).st_mtime_ns)
        signature, version, number = _HEADER.unpack_from(content)
        if signature != b"DIRC" or not 2 <= version <= 4:
            raise Unreadable("its index has an unknown version")
        if version < 4 and os.fsencode(folder) not in content:  # 4 leaves out what a path shares with the one before
            return index
        position = _HEADER.size
        path_before = b""
        for _ in range(number):
            position, path_before = _read_entry(content, position, version, path_before, index)
        for name, part in _extensions(content, position):
            if name == b"link":
                raise Unreadable("its index is split into several files, which fitprint does not read")
            if name == b"TREE":
                _read_folders(part, index)
    except own(struct.error, IndexError, ValueError) as error:
        raise Unreadable("its index is broken") from error
    return index


def _read_entry(content: bytes, start: int, version: int, before: bytes, index: Index) -> tuple[int, bytes]:
    seconds, nanoseconds, mode, size, id, flags = _ENTRY.unpack_from(content, start)
    position = start + _ENTRY.size
    further = 0
    if flags & _EXTENDED:
        further = int.from_bytes(content[position : position + 2], "big")
        position += 2
    if version == 4:
        dropped, position = _read_number(content, position)
        end = content.index(b"\0", position)
        path = before[: len(before) - dropped] + content[position:end]
        position = end + 1
    else:
        end = content.index(b"\0", position + (flags & _NAME))
        path = content[position:end]
        position = start + (end - start) // 8 * 8 + 8
    name = os.fsdecode(path)
    if name.startswith("/") or (".." in name and ".." in name.split("/")):
        raise Unreadable("its index names a file outside of it")
    is_watched = not flags & _ASSUMED and not further & _SKIPPED
    index.count(name)
    index.entries[name] = Entry(name, mode, seconds, nanoseconds, size, id, not flags & _STAGE, is_watched)
    return position, path


def _read_number(content: bytes, position: int) -> tuple[int, int]:
    """Read a number of variable length, as offsets in pack files have it; return it, and what follows it."""
    byte = content[position]
    number = byte & 127
    for _ in range(_LONGEST_NUMBER):
        position += 1
        if not byte & 128:
            return number, position
        byte = content[position]
        number = ((number + 1) << 7) | (byte & 127)
    raise ValueError("a number is too long")


def _extensions(content: bytes, position: int) -> Iterator[tuple[bytes, bytes]]:
    while position + 8 <= len(content) - _HASH:
        size = int.from_bytes(content[position + 4 : position + 8], "big")
        yield content[position : position + 4], content[position + 8 : position + 8 + size]
        position += 8 + size


def _read_folders(part: bytes, index: Index) -> None:
    position = 0
    open_folders: list[tuple[str, int]] = []  # each with the number of its folders that are still to come
    while position < len(part):
        end = part.index(b"\0", position)
        line = part.index(b"\n", end)
        number, folders = map(int, part[end + 1 : line].split())
        path = os.fsdecode(part[position:end])
        if open_folders:
            outer, left = open_folders.pop()
            open_folders.append((outer, left - 1))
            path = outer + path + "/"
            index.count(path)
        position = line + 1
        if number >= 0:
            index.folders[path] = part[position : position + _HASH]
            position += _HASH
        open_folders.append((path, folders))
        while open_folders and open_folders[-1][1] == 0:
            open_folders.pop()
