"""The objects of a repository, from files of their own or from pack files.

The format of pack files: https://git-scm.com/docs/pack-format
"""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fitprint._core.git.index import Unreadable
from fitprint._core.git.repository import Repository
from fitprint._core.plain_files import open_plain, read_plain
from fitprint._core.signal_handlers import own

LARGEST = 10_000_000
_HASH = 20
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFFSET_DELTA, _ID_DELTA = 6, 7
_IDS_AT = 8 + 256 * 4
_MOST_DELTAS = 100
_BLOCK = 1 << 14
_MOST_ALTERNATES, _MOST_BYTES_OF_ALTERNATES = 100, 100_000
_LONGEST_NUMBER = 10
"""How many bytes a number in a pack file has at most."""


class Objects:
    """Reads objects by their ids."""

    def __init__(self, repository: Repository) -> None:
        folder = repository.common / "objects"
        self._folders = [folder]
        alternates = folder / "info" / "alternates"
        if alternates.is_file():
            lines = read_plain(alternates, _MOST_BYTES_OF_ALTERNATES).decode("utf-8").splitlines()
            self._folders += [folder / line for line in lines[:_MOST_ALTERNATES] if line]
        self._indexes: list[tuple[Path, mmap.mmap]] | None = None

    def read(self, id: bytes, kind: str) -> bytes:
        """Return the content of an object.

        Raises:
            Unreadable: There is none of this id, or it is of another kind, too large or broken.
            OSError: A file cannot be read.
        """
        try:
            actual, content = self._read(id)
        except own(zlib.error, IndexError, KeyError, ValueError) as error:
            raise Unreadable(f"its object {id.hex()} is broken") from error
        if actual != kind:
            raise Unreadable(f"its object {id.hex()} is not a {kind}")
        return content

    def _read(self, id: bytes, most_deltas: int = _MOST_DELTAS) -> tuple[str, bytes]:
        name = id.hex()
        for folder in self._folders:
            path = folder / name[:2] / name[2:]
            if path.is_file():
                head, _, content = _limited(zlib.decompressobj(), read_plain(path, LARGEST)).partition(b"\0")
                return head.split()[0].decode("ascii"), content
        for pack, index in self._packs():
            offset = _offset(index, id)
            if offset is not None:
                with open(pack, "rb") as file:
                    return self._packed(file, offset, most_deltas)
        raise Unreadable(f"it has no object {name}")

    def _packs(self) -> list[tuple[Path, mmap.mmap]]:
        if self._indexes is None:
            paths = [path for folder in self._folders for path in sorted((folder / "pack").glob("*.idx"))]
            packs = [(path.with_suffix(".pack"), path) for path in paths]
            self._indexes = [(pack, _mapped(path)) for pack, path in packs if pack.is_file() and path.is_file()]
        return self._indexes

    def _packed(self, file: BinaryIO, offset: int, most_deltas: int) -> tuple[str, bytes]:
        deltas: list[bytes] = []
        while len(deltas) < most_deltas:
            file.seek(offset)
            kind = _kind(file)
            if kind == _OFFSET_DELTA:
                distance = _distance(file)
                deltas.append(_inflated(file))
                offset -= distance
            elif kind == _ID_DELTA:
                base_kind, base = self._read_base(file, most_deltas - len(deltas) - 1)
                break
            else:
                base_kind, base = _KINDS[kind], _inflated(file)
                break
        else:
            raise ValueError("too many deltas")
        for delta in reversed(deltas):
            base = _applied(delta, base)
        return base_kind, base

    def _read_base(self, file: BinaryIO, most_deltas: int) -> tuple[str, bytes]:
        id = file.read(_HASH)
        delta = _inflated(file)
        kind, base = self._read(id, most_deltas)
        return kind, _applied(delta, base)


def _mapped(path: Path) -> mmap.mmap:
    with open_plain(path) as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _limited(decompressor: zlib._Decompress, packed: bytes) -> bytes:
    content = decompressor.decompress(packed, LARGEST)
    if not decompressor.eof and len(content) >= LARGEST:
        raise Unreadable(f"an object has more than {LARGEST:,} bytes")
    return content


def _inflated(file: BinaryIO) -> bytes:
    decompressor = zlib.decompressobj()
    parts, size = [], 0
    while not decompressor.eof and (block := file.read(_BLOCK)):
        parts.append(decompressor.decompress(block))
        size += len(parts[-1])
        if size > LARGEST:
            raise Unreadable(f"an object has more than {LARGEST:,} bytes")
    return b"".join(parts)


def _offset(index: mmap.mmap, id: bytes) -> int | None:
    """Return where an object is in a pack file, by the index of the pack file; None if it is not there."""
    if index[:8] != b"\xfftOc\0\0\0\2":
        raise Unreadable("a pack file has an index of an unknown version")
    low = _number(index, 8 + 4 * (id[0] - 1)) if id[0] else 0
    high = _number(index, 8 + 4 * id[0])
    total = _number(index, _IDS_AT - 4)
    while low < high:
        middle = (low + high) // 2
        its_id = index[_IDS_AT + middle * _HASH : _IDS_AT + (middle + 1) * _HASH]
        if its_id == id:
            offsets = _IDS_AT + total * (_HASH + 4)
            offset = _number(index, offsets + 4 * middle)
            if offset < 1 << 31:
                return offset
            large = offsets + 4 * total + 8 * (offset - (1 << 31))
            return int.from_bytes(index[large : large + 8], "big")
        low, high = (middle + 1, high) if its_id < id else (low, middle)
    return None


def _number(content: mmap.mmap, position: int) -> int:
    return int.from_bytes(content[position : position + 4], "big")


def _kind(file: BinaryIO) -> int:
    first = byte = file.read(1)[0]
    while byte & 128:
        byte = file.read(1)[0]  # the size, which the content tells too
    return first >> 4 & 7


def _distance(file: BinaryIO) -> int:
    byte = file.read(1)[0]
    distance = byte & 127
    for _ in range(_LONGEST_NUMBER):
        if not byte & 128:
            return distance
        byte = file.read(1)[0]
        distance = ((distance + 1) << 7) | (byte & 127)
    raise ValueError("a number is too long")


def _applied(delta: bytes, base: bytes) -> bytes:
    """Return what a delta makes of its base: parts that are copied from it, and parts that are new."""
    _, position = _size(delta, 0)
    size, position = _size(delta, position)
    if size > LARGEST:
        raise Unreadable(f"an object has more than {LARGEST:,} bytes")
    parts = []
    while position < len(delta):
        command = delta[position]
        position += 1
        if not command & 128:
            parts.append(delta[position : position + command])
            position += command
            continue
        numbers = [0, 0]
        for bit in range(7):
            if command & 1 << bit:
                numbers[bit > 3] |= delta[position] << 8 * (bit if bit < 4 else bit - 4)
                position += 1
        start, length = numbers
        parts.append(base[start : start + (length or 0x10000)])
        size -= len(parts[-1])
        if size < 0:
            raise ValueError("a difference in a pack file is longer than it says")
    return b"".join(parts)


def _size(delta: bytes, position: int) -> tuple[int, int]:
    size = 0
    for shift in range(0, 7 * _LONGEST_NUMBER, 7):
        byte = delta[position]
        position += 1
        size |= (byte & 127) << shift
        if not byte & 128:
            return size, position
    raise ValueError("a number is too long")


def files_of_tree(content: bytes) -> Iterator[tuple[str, bool, int, bytes]]:
    """Yield the name, whether it is a folder, the mode and the id of each entry of a tree."""
    position = 0
    while position < len(content):
        end = content.index(b"\0", position)
        mode, _, name = content[position:end].partition(b" ")
        yield os.fsdecode(name), mode == b"40000", int(mode, 8), content[end + 1 : end + 1 + _HASH]
        position = end + 1 + _HASH
