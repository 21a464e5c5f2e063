"""What archives and compressed files hold, read as a loader would read it that ignores damage and checksums."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fitprint.models.streams.limits import BROKEN_ARCHIVES, BrokenStream, Budget

LARGEST_DIRECTORY = 2_000_000
"""Of a zip file: the list of its members, in bytes. In memory it takes about twenty times as much."""

ZIP, TAR, NUMPY = b"PK\3\4", b"ustar", b"\x93NUMPY"
HEAD = 512
_TAR_AT, _TAR_BLOCK = 257, 512
_TAR_PATH = re.compile(rb"\d+ path=([^\n]*)\n")
_LONGEST_NAME = 10_000
_BLOCK = 1 << 16
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_NUMPY_LENGTHS = {b"\1": 2, b"\2": 4, b"\3": 4}
_LONGEST_NUMPY_HEADER = 1_000_000


class Unpacked(io.RawIOBase):
    """What is unpacked from a file, within the budget of the package."""

    def __init__(self, read: Callable[[int], bytes], budget: Budget) -> None:
        self._read = read
        self._budget = budget
        self._error: Exception | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the whole buffer, so that a file cannot hide how it begins."""
        if self._error is not None:
            raise self._error
        filled = 0
        try:
            while filled < len(buffer) and (block := self._read(len(buffer) - filled)):
                buffer[filled : filled + len(block)] = block
                filled += len(block)
        except BROKEN_ARCHIVES as error:
            if not filled:
                raise
            self._error = error  # what comes before the damage is read first
        self._budget.unpack(filled)
        return filled


def buffered(read: Callable[[int], bytes], budget: Budget) -> io.BufferedReader:
    """Return what a function reads as a file, within the budget of the package."""
    return io.BufferedReader(Unpacked(read, budget), _BLOCK)


def _inflated(read: Callable[[int], bytes], window: int) -> Callable[[int], bytes]:
    """Return a function that reads what was compressed with zlib, as long as it makes sense."""
    inflating = zlib.decompressobj(window)

    def read_inflated(size: int) -> bytes:
        while not inflating.eof:
            packed = inflating.unconsumed_tail or read(_BLOCK)
            block = inflating.decompress(packed, size)
            if block or not packed:
                return block
        return b""

    return read_inflated


_Reader = Callable[[int], bytes]


def _gzip(file: Any) -> _Reader:
    return gzip.GzipFile(fileobj=file).read1


def _bzip2(file: Any) -> _Reader:
    return bz2.BZ2File(file).read1


def _lzma(file: Any) -> _Reader:
    return lzma.LZMAFile(file).read1  # it has nothing to close beside the file


def _zlib(file: Any) -> _Reader:
    return _inflated(file.read, zlib.MAX_WBITS)


_PACKINGS: Mapping[bytes, tuple[str, Callable[[Any], _Reader]]] = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"BZh": ("bzip2", _bzip2),
    b"\xfd7zXZ": ("lzma", _lzma),
    b"]\0": ("lzma", _lzma),
    **dict.fromkeys((b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"), ("zlib", _zlib)),
}


def packing(head: bytes) -> tuple[str, Callable[[Any], _Reader]] | None:
    """Return how a file is compressed, by its first bytes, and what reads it; None if it is not."""
    return next((reader for magic, reader in _PACKINGS.items() if head.startswith(magic)), None)


def is_tar(head: bytes) -> bool:
    """Return whether a file begins like a tar file."""
    return head[_TAR_AT : _TAR_AT + len(TAR)] == TAR


def tar_members(file: io.BufferedReader, budget: Budget) -> Iterator[tuple[str, io.BufferedReader]]:
    """Yield the name and the content of each regular file in a tar file; they have to be read in this order.

    The standard library would load a header of any length into memory.
    """
    name = b""
    while len(header := file.read(_TAR_BLOCK)) == _TAR_BLOCK:
        if not header.strip(b"\0"):
            continue
        budget.open_member()
        size, kind = _number(header[124:136]), header[156:157]
        following = _Following(file, max(0, size))
        if kind == tarfile.GNUTYPE_LONGNAME:
            name = following.read(_LONGEST_NAME).rstrip(b"\0")
        elif kind == tarfile.XHDTYPE:
            named = _TAR_PATH.search(following.read(_LONGEST_NAME))
            name = named[1] if named is not None else b""
        elif kind in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE):
            label = (name or header[:100].partition(b"\0")[0]).decode("utf-8", "backslashreplace")
            name = b""
            yield label, buffered(following.read, budget)
        following.pass_over(-size % _TAR_BLOCK)


def _number(field: bytes) -> int:
    """Return a number in the header of a tar file: octal digits, or binary if it is large."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)


class _Following:
    """The next bytes of a file that is read from its beginning to its end."""

    def __init__(self, file: io.BufferedReader, left: int) -> None:
        self._file, self._left = file, left

    def read(self, size: int) -> bytes:
        block = self._file.read(min(size, self._left))
        self._left = self._left - len(block) if block else 0
        return block

    def pass_over(self, padding: int) -> None:
        """Read what is left of it, and what fills its last block."""
        self._left += padding
        while self.read(_BLOCK):
            pass


class ZipFile:
    """A zip file whose members can be read although their checksums or flags are wrong."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._archive = zipfile.ZipFile(_Cautious(file))

    def members(self) -> list[zipfile.ZipInfo]:
        """Return the members that the file lists, in order, folders left out."""
        return [member for member in self._archive.infolist() if not member.is_dir()]

    def open(self, member: zipfile.ZipInfo, budget: Budget) -> io.BufferedReader:
        """Open a member.

        Raises:
            BrokenStream: There is no member at its place.
        """
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return buffered(self._archive.open(member).read, budget)
        self._file.seek(member.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(ZIP):
            raise BrokenStream("it is not where the list of the zip file says")
        _, name, extra = _LOCAL_HEADER.unpack(header)
        start = member.header_offset + _LOCAL_HEADER.size + name + extra
        stored = _part(self._file, start, member.compress_size)
        is_stored = member.compress_type == zipfile.ZIP_STORED
        return buffered(stored if is_stored else _inflated(stored, -zlib.MAX_WBITS), budget)


def _part(file: io.BufferedReader, start: int, size: int) -> Callable[[int], bytes]:
    """Return a function that reads a part of a file, while others may read elsewhere in it."""
    position, end = start, start + size

    def read(size: int) -> bytes:
        nonlocal position
        file.seek(position)
        block = file.read(max(0, min(size, end - position)))
        position += len(block)
        return block

    return read


class _Cautious:
    """A zip file whose list of members is read only if it is not too long."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size if 0 <= size <= LARGEST_DIRECTORY else LARGEST_DIRECTORY + 1)
        if len(content) > LARGEST_DIRECTORY:
            raise BrokenStream(f"the list of its files has more than {LARGEST_DIRECTORY:,} bytes")
        return content


def read_numpy_header(file: io.BufferedReader) -> bytes:
    """Read the header of an array, and leave the file at its content; return the text that describes the array.

    Raises:
        BrokenStream: The header is too long, or cut off.
    """
    width = _NUMPY_LENGTHS.get(file.read(len(NUMPY) + 2)[len(NUMPY) : -1])
    if width is not None:
        size = int.from_bytes(file.read(width), "little")
        if size <= _LONGEST_NUMPY_HEADER:
            return file.read(size)
    raise BrokenStream("the header of the array is too long, or of an unknown version")
